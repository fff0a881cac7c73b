/** Contexts (section 2): what is refused, how a name is looked up, what a unit is. */
import { isBadText, JsonObject } from './json.mjs';
import { CONTEXT } from './limits.mjs';

/** The context of a question that gives none. */
export const EMPTY = new JsonObject();

/**
 * Whether a value may be a context: an object without U+0000, lone surrogates and overflow, within the limits of `CONTEXT`. The context
 * itself is depth 1; lists count like objects. Of a member named twice only the last is checked and counted.
 */
export function isContext(value) {
  return value.type === 'object' && isSound(value, 1, { ...CONTEXT });
}

/** `room` is what the limits still leave; it shrinks as the value is read. */
function isSound(value, depth, room) {
  if (value.type === 'string') return isSoundText(value.value, room);
  if (value.type === 'number') return Number.isFinite(value.value);
  if (value.type !== 'list' && value.type !== 'object') return true;
  if (depth > room.nesting) return false;
  if (value.type === 'list') {
    room.items -= value.items.length;
    return room.items >= 0 && value.items.every(item => isSound(item, depth + 1, room));
  }
  const members = value.entries();
  room.members -= members.size;
  if (room.members < 0) return false;
  return [...members].every(([name, member]) => isSoundText(name, room) && isSound(member, depth + 1, room));
}

function isSoundText(text, room) {
  room.bytes -= Buffer.byteLength(text);
  return room.bytes >= 0 && !isBadText(text);
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
  if (value.type === 'number' && Number.isSafeInteger(value.value)) return { text: BigInt(value.value).toString() };
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
