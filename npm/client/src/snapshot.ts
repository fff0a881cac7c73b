/** Copies of contexts: a context is read again whenever time passes or a program comes, and its owner may write to it meanwhile. */
import type { EvaluationContext } from './types.js';

/**
 * A copy of a context, read once and by `JSON.stringify`: own enumerable members, through getters and `toJSON`; boxed texts, numbers and
 * booleans are what they hold. The client asks the edge and answers from this copy. Null, which is no context, if a getter or a `toJSON`
 * throws, or it holds what JSON would drop or replace: NaN, infinities, functions, symbols, a BigInt, a cycle.
 */
export function snapshot(context: EvaluationContext): EvaluationContext {
  try {
    return JSON.parse(JSON.stringify(context, asItIs)) as EvaluationContext;
  } catch {
    return null as unknown as EvaluationContext;
  }
}

function asItIs(_: string, value: unknown): unknown {
  if (/func|sym/.test(typeof value) || (typeof value === 'number' && !Number.isFinite(value))) throw new TypeError();
  return value;
}
