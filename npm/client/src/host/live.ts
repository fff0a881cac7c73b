/** The code of an open page that its first answers do not need; loaded behind them. */
export { watchPage } from './page.js';
export { createPush } from './push.js';
