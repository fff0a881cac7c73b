/** Copies of contexts: a context is read again whenever time passes or a program comes, and its owner may write to it meanwhile. */
import { MAX_DEPTH } from './context.js';
import type { EvaluationContext } from './types.js';

/** A copy of a context; null, which is no context, if a getter or a `toJSON` throws or it nests too deep. */
export function snapshot(context: EvaluationContext): EvaluationContext {
  try {
    return copy(context, MAX_DEPTH) as EvaluationContext;
  } catch {
    return null as unknown as EvaluationContext;
  }
}

function copy(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || !value) return value;
  if (depth < 1) throw new RangeError();
  const inside = (member: unknown) => {
    const { toJSON } = (member ?? {}) as { toJSON?: unknown };
    return copy(typeof member === 'object' && typeof toJSON === 'function' ? toJSON.call(member) : member, depth - 1);
  };
  return Array.isArray(value)
    ? value.map(inside)
    : Object.fromEntries(Object.entries(value).map(([name, member]) => [name, inside(member)]));
}
