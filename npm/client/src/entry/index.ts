/** What every entry offers beside its own `createClient`. */
export { ProgramRefused } from '../engine.js';
export type { ClientChange, ClientOptions, ClientStatus, FlagClient, FlagDetails, Sides, Unsubscribe } from '../flag-client.js';
export { EdgeRefused } from '../program-request.js';
export type { RefreshOptions } from '../refresh-options.js';
export type { AttributeValue, ErrorCode, EvaluationContext, FlagMetadata, FlagValue, Layer, Reason } from '../types.js';
