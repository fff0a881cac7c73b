/** Requests to the worker, for the other packages of this project; nothing here is promised to stay as it is. */
export { type Breaker, type BreakerOptions, createBreaker } from './breaker.js';
export { complain } from './connection.js';
export { asTwinflagError, TwinflagError } from './error.js';
export { type Asked, addressOf, type Exchange, exchangeWith, parsed, type Reply } from './exchange.js';
export { LONGEST_ANSWER } from './limits.js';
export { isOff } from './off-switch.js';
export type { ConnectionOptions, Credential } from './options.js';
export { setting } from './setting.js';
