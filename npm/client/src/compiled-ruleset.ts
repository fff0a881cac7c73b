import type { EvaluationContext, EvaluationDetails, FlagValue } from './types.js';

/** One thing that is wrong with a document; `pointer` is a JSON pointer (RFC 6901). */
export interface DocumentFault {
  readonly pointer: string;
  readonly message: string;
}

/** The answer to one question. */
export interface RulesetDetails<T> extends EvaluationDetails<T> {
  /** The flag is off because its rollout was rolled back, rather than because it is disabled. */
  readonly rolledBack?: true;
}

/** A compiled document. */
export interface CompiledRuleset {
  /** The errors of parts that were left out; of more than 1,000 errors the first in the order of the document. */
  readonly errors: readonly DocumentFault[];
  /** How many errors there are, those past the first 1,000 too. */
  readonly errorCount: number;
  /** Warnings: parts that count, but perhaps not as their author meant. */
  readonly warnings: readonly DocumentFault[];
  flagKeys(): string[];
  /** The moments at which a condition on `now` may change its answer, ascending, in milliseconds since 1970. */
  moments(): number[];
  /** Answers one question, and tells the step. @default now: the clock's */
  evaluate<T extends FlagValue | null | undefined>(
    flagKey: string,
    defaultValue: T,
    context: EvaluationContext,
    now?: number,
  ): RulesetDetails<T>;
  /** The answer and how it came about, as JSON text. */
  explain(flagKey: string, defaultValue: unknown, context: EvaluationContext, now?: number): string;
  /** The program for what is known of a visitor. @throws where that context cannot be used */
  program(known: EvaluationContext): Uint8Array;
  /**
   * Gives a customer or an organization the tree of overrides with this JSON text, in place of the one that it had; without a text it has
   * none. Leaves that cannot be used are left out, as in a document.
   */
  setOwner(kind: 'customer' | 'organization', id: string, tree: string | undefined): void;
  /** Frees the ruleset's memory. */
  close(): void;
}
