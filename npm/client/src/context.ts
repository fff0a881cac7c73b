/**
 * Writes contexts for the engine, in the form that `sdk-core/src/context/value.rs` describes.
 *
 * Nothing is silently replaced: what a context may not hold (NaN, infinities, a BigInt, a lone surrogate, a function, a cycle,
 * more than the limits of `sdk-core/src/context/check.rs`) gives a length that is none, and the core answers INVALID_CONTEXT.
 * Objects are what `JSON.stringify` would make of them.
 */

const NULL = 0,
  FALSE = 1,
  TRUE = 2,
  NUMBER = 3,
  STRING = 4,
  LIST = 5,
  OBJECT = 6;
/** More than any room has. */
const REFUSED = -1;
/** How deep a context may nest; it is itself the first level. */
const MAX_DEPTH = 16;
/** How many members all its objects have together, how many items all its lists, how many bytes all its names and strings. */
const MAX_MEMBERS = 1e3,
  MAX_ITEMS = 1e4,
  MAX_TEXT = 65536;

/** Returns memory of at least this many bytes, which keeps what was written into the last. */
export type Room = (bytes: number) => Uint8Array;

const encoder = new TextEncoder();

let bytes: Uint8Array, view: DataView, at: number, room: Room;
/** How many members, items and bytes of text there may still be. */
let membersLeft: number, itemsLeft: number, textLeft: number;

/** Writes a context and tells how many bytes it takes, or {@link REFUSED}. */
export function writeContext(context: unknown, into: Room, start: Uint8Array): number {
  room = into;
  use(start);
  at = 0;
  membersLeft = MAX_MEMBERS;
  itemsLeft = MAX_ITEMS;
  textLeft = MAX_TEXT;
  return typeof context === 'object' && context && !Array.isArray(context) && members(context, MAX_DEPTH) >= 0 ? at : REFUSED;
}

function use(memory: Uint8Array): void {
  if (bytes === memory) return;
  bytes = memory;
  view = new DataView(memory.buffer, memory.byteOffset, memory.byteLength);
}

/** Sees to it that so many bytes more can be written. */
function reserve(more: number): void {
  if (at + more > bytes.length) use(room(2 * (at + more)));
}

/** Writes an object's members; tells how many there are, or -1 where one may not stand there. */
function members(object: object, depth: number): number {
  let count = 0;
  for (const name of Object.keys(object)) {
    const value = (object as Record<string, unknown>)[name];
    if (value === undefined) continue;
    if (--membersLeft < 0 || !text(name) || !any(value, depth - 1)) return -1;
    count++;
  }
  return count;
}

/** Writes a value that may nest `depth` levels; false where it may not stand there. */
function any(value: unknown, depth: number): boolean {
  if (typeof value === 'string') return text(value);
  if (value == null) return tag(NULL);
  if (typeof value === 'boolean') return tag(value ? TRUE : FALSE);
  if (typeof value === 'object') return anyObject(value, depth);
  if (typeof value !== 'number' || value - value !== 0) return false;
  tag(NUMBER);
  reserve(8);
  // Adding zero turns -0 into 0.
  view.setFloat64(at, value + 0, true);
  at += 8;
  return true;
}

function anyObject(object: { toJSON?: unknown }, depth: number): boolean {
  // As in JSON.stringify, what `toJSON` returns is not asked for its own.
  const plain: unknown = typeof object.toJSON === 'function' ? object.toJSON() : object;
  return typeof plain === 'object' && plain ? container(plain, depth) : any(plain, depth);
}

function container(value: object, depth: number): boolean {
  if (depth < 1) return false;
  const list = Array.isArray(value);
  tag(list ? LIST : OBJECT);
  reserve(4);
  const place = at;
  at += 4;
  const count = list ? value.length : members(value, depth);
  if (count < 0 || (list && (itemsLeft -= count) < 0)) return false;
  if (list) for (const item of value) if (!any(item, depth - 1)) return false;
  view.setUint32(place, count, true);
  return true;
}

function tag(byte: number): true {
  reserve(1);
  bytes[at++] = byte;
  return true;
}

function text(string: string): boolean {
  const length = string.length;
  // Each UTF-16 unit is a byte at least.
  if (length > textLeft) return false;
  reserve(3 * length + 6);
  bytes[at] = STRING;
  if (length < 128) {
    // Short and plain, as nearly all of it is: cheaper than asking the encoder.
    const into = bytes,
      start = at + 2; // of a module's variables V8 looks each up anew
    let index = 0;
    for (let code: number; index < length && (code = string.charCodeAt(index)) < 128 && code; index++) into[start + index] = code;
    if (index === length) {
      into[start - 1] = length;
      textLeft -= length;
      at = start + length;
      return true;
    }
  }
  // No text may hold U+0000, or a surrogate without the other half.
  if (/[\0\p{Cs}]/u.test(string)) return false;
  // Behind room for the tag and the longest length.
  const start = at + 5;
  let rest = encoder.encodeInto(string, bytes.subarray(start)).written;
  const end = start + rest;
  if ((textLeft -= rest) < 0) return false;
  for (at++; rest > 127; rest >>>= 7) bytes[at++] = rest | 128;
  bytes[at++] = rest;
  bytes.copyWithin(at, start, end);
  at += end - start;
  return true;
}
