/** What every entry offers beside its own `createClient`. */
export { ProgramRefused } from '../engine.js';
export type {
  Client,
  ClientChange,
  ClientOptions,
  ClientStatus,
  FlagClient,
  FlagDetails,
  Logger,
  Sides,
  Unsubscribe,
} from '../flag-client.js';
export { type ClientEvents, on } from '../on.js';
export { EdgeRefused } from '../program-request.js';
export type { RefreshOptions } from '../refresh-options.js';
export { type ClientReport, type ReportedFlag, report } from '../report.js';
export type { TypedFlagClient } from '../typed.js';
export type { AttributeValue, ErrorCode, EvaluationContext, FlagMetadata, FlagValue, Layer, Reason } from '../types.js';
