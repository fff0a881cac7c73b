/** What every entry offers beside its own `createServerClient`. */
export type { AttributeValue, ErrorCode, EvaluationContext, FlagMetadata, FlagValue, Layer, Reason } from '@twinflag/client';
export { TwinflagError } from '@twinflag/edge';
export type { OutcomeOptions, ServerOptions } from '../options.js';
export type { OutcomeEvent } from '../outcomes.js';
export type { Question, ServerClient, ServerDetails, ServerStatus, Sides } from '../server-client.js';
export { type KeyValueStore, kvSnapshot, type SnapshotStore } from '../snapshot.js';
