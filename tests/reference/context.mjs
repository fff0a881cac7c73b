/** Contexts (section 2): what is refused, how a name is looked up, what a unit is. */
import { JsonObject, isBadText } from './json.mjs';

export const CONTEXT_DEPTH = 16;
const EXACT = 2 ** 53;

/** The context of a question that gives none. */
export const EMPTY = new JsonObject();

/**
 * Whether a value may be a context: an object without U+0000, lone surrogates and overflow, at most 16 deep. The context itself is
 * depth 1; lists count like objects. Of a member named twice only the last is looked at, as if the others had not been written.
 */
export function isContext(value) {
  return value.type === 'object' && isSound(value, 1);
}

function isSound(value, depth) {
  if (value.type === 'string') return !isBadText(value.value);
  if (value.type === 'number') return Number.isFinite(value.value);
  if (value.type !== 'list' && value.type !== 'object') return true;
  if (depth > CONTEXT_DEPTH) return false;
  if (value.type === 'list') return value.items.every((item) => isSound(item, depth + 1));
  for (const [name, member] of value.entries()) if (isBadText(name) || !isSound(member, depth + 1)) return false;
  return true;
}

/** The value of an attribute, or `undefined` where it is absent or null. */
export function lookUp(context, name, now) {
  if (name === 'now') return { type: 'number', value: now };
  const found = find(context, name);
  if (found === undefined && name === 'userId') return find(context, 'targetingKey');
  return found;
}

function find(context, name) {
  const own = context.get(name);
  if (own !== undefined) return own.type === 'null' ? undefined : own;
  if (!name.includes('.')) return undefined;
  const [head, ...rest] = name.split('.');
  let value = head === 'now' ? undefined : context.get(head); // a context's own `now` is not there
  for (const step of rest) value = value?.type === 'object' ? value.get(step) : undefined;
  return value?.type === 'null' ? undefined : value;
}

/** `{text}` for a unit, `{missing: true}` or `{unfit: true}`. */
export function unitOf(value) {
  if (value === undefined || value.type === 'null') return { missing: true };
  if (value.type === 'string') return value.value === '' ? { missing: true } : { text: value.value };
  if (value.type === 'number' && Number.isInteger(value.value) && Math.abs(value.value) <= EXACT) return { text: BigInt(value.value).toString() };
  return { unfit: true };
}

/** Deep equality of scanned values: numbers as doubles, members in any order, the last of a member named twice. */
export function isEqual(a, b) {
  if (a.type !== b.type) return false;
  if (a.type === 'null') return true;
  if (a.type === 'list') return a.items.length === b.items.length && a.items.every((item, i) => isEqual(item, b.items[i]));
  if (a.type === 'object') {
    const [left, right] = [a.entries(), b.entries()];
    return left.size === right.size && [...left].every(([name, value]) => right.has(name) && isEqual(value, right.get(name)));
  }
  return a.value === b.value;
}

/**
 * Whether `context` extends `known` (section 6): both agree on customer and organization, null being absence, and the context has
 * every other member of `known` with an equal value. `now` is never known.
 */
export function extendsKnown(context, known) {
  for (const name of ['customerId', 'organizationId']) {
    const [a, b] = [find(context, name), find(known, name)];
    if (a === undefined || b === undefined ? a !== b : !isEqual(a, b)) return false;
  }
  for (const [name, value] of known.entries()) {
    if (name === 'customerId' || name === 'organizationId' || name === 'now') continue;
    const own = context.get(name);
    if (own === undefined || !isEqual(own, value)) return false;
  }
  return true;
}
