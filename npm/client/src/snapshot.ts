/** Copies of contexts: a context is read again whenever time passes or a program comes, and its owner may write to it meanwhile. */
import { MAX_DEPTH } from './context.js';
import type { EvaluationContext } from './types.js';

/**
 * A copy of a context, read once and as `JSON.stringify` would read it: own enumerable members, through getters and `toJSON`; boxed texts,
 * numbers and booleans are what they hold. The client asks the edge and answers from this copy. Null, which is no context, if a getter or a
 * `toJSON` throws or it nests too deep.
 */
export function snapshot(context: EvaluationContext): EvaluationContext {
  try {
    return read(context, MAX_DEPTH) as EvaluationContext;
  } catch {
    return null as unknown as EvaluationContext;
  }
}

/** @param depth the levels that the value may nest */
function read(value: unknown, depth: number): unknown {
  const { toJSON } = ((typeof value === 'object' && value) || {}) as { toJSON?: unknown };
  const plain: unknown = typeof toJSON === 'function' ? toJSON.call(value) : value;
  if (typeof plain !== 'object' || !plain) return plain;
  if ([String, Number, Boolean].some(boxed => plain instanceof boxed)) return plain.valueOf();
  if (depth < 1) throw new RangeError();
  return Array.isArray(plain)
    ? plain.map(item => read(item, depth - 1))
    : Object.fromEntries(Object.entries(plain).map(([name, member]) => [name, read(member, depth - 1)]));
}
