import type { EvaluationContext, EvaluationDetails, FlagValue } from './types.js';

/** A compiled document. */
export interface CompiledRuleset {
  /** What was left out, and why. */
  readonly errors: readonly { readonly pointer: string; readonly message: string }[];
  flagKeys(): string[];
  /** Answers one question. @default now: the clock's */
  evaluate<T extends FlagValue | null | undefined>(flagKey: string, defaultValue: T, context: EvaluationContext, now?: number): EvaluationDetails<T>;
  /** The answer and how it came about, as JSON text. */
  explain(flagKey: string, defaultValue: unknown, context: EvaluationContext, now?: number): string;
  /** The program for what is known of a visitor. @throws where that context cannot be used */
  program(known: EvaluationContext): Uint8Array;
  /** Frees the ruleset's memory. */
  close(): void;
}
