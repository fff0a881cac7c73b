/** The part of a client that reports outcomes, as `outcomes()` of `@twinflag/client/outcomes` makes it; a page without it loads none of it. */
import type { FlagDetails } from './flag-client.js';
import type { EvaluationContext } from './types.js';

/** The surroundings that a client gives its reporter. */
export interface ReporterSurroundings {
  /** Without a slash at its end. */
  readonly url: string;
  readonly clientKey: string;
  readonly fetch: typeof globalThis.fetch;
  /** The answer in force; reading it here is no exposure. */
  readonly details: (flagKey: string) => FlagDetails;
  /** Tells the client's listeners of an exposure. */
  readonly notify: (exposure: object) => void;
}

/** Reports the outcomes of one client. */
export interface OutcomeReporter {
  /** The visitor's finest identity: `sessionId`, else `userId`, else `targetingKey`. Absent if it is no text of 1 to 256 bytes. */
  unitOf(context: EvaluationContext): string | undefined;
  /** Takes the receipt of an answer that was asked for with this unit; servers of earlier versions send none. */
  prove(unit: string | undefined, receipt: string | null): void;
  /** From now on, answers are those of this context. */
  identify(context: EvaluationContext): void;
  /** An answer was read. Its first reading by a unit is an exposure. */
  expose(flagKey: string, details: FlagDetails): void;
  fail(flagKey: string, reason: unknown): void;
  track(event: string, metadata?: Readonly<Record<string, unknown>>, flagKey?: string): void;
  /** Sends what is left, even if the page goes away meanwhile. */
  close(): void;
}

/** The option `outcomes` of a client. */
export type MakeReporter = (surroundings: ReporterSurroundings) => OutcomeReporter;
