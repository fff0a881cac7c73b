/**
 * A strict JSON (RFC 8259) scanner that hides nothing: members named twice, lone surrogates and numbers beyond a double all stay
 * visible, and every value knows where its text begins and ends. It keeps its own stack, so depth is bounded by memory alone.
 *
 * A value is one of `{type: "null"}`, `{type: "boolean" | "number" | "string", value}`, `{type: "list", items}` or a `JsonObject`.
 */

/** An object's members in the order written, doubles included. */
export class JsonObject {
  type = 'object';
  names = [];
  values = [];
  starts = [];
  ends = [];
  #index = null;

  /** The member's value, the last one where the name stands twice; `undefined` where there is none. */
  get(name) {
    const { names, values } = this;
    if (names.length < 12) {
      for (let i = names.length - 1; i >= 0; i -= 1) if (names[i] === name) return values[i];
      return undefined;
    }
    if (this.#index === null) this.#index = new Map(names.map((each, i) => [each, i]));
    const at = this.#index.get(name);
    return at === undefined ? undefined : values[at];
  }

  has(name) {
    return this.get(name) !== undefined;
  }

  /** Each name once with its last value, in the order of first appearance. */
  entries() {
    const last = new Map();
    for (const [i, name] of this.names.entries()) last.set(name, this.values[i]);
    return last;
  }

  /** Names that stand more than once. */
  repeated() {
    const seen = new Set();
    const twice = new Set();
    for (const name of this.names) (seen.has(name) ? twice : seen).add(name);
    return twice;
  }
}

const NULL = { type: 'null' };
const TRUE = { type: 'boolean', value: true };
const FALSE = { type: 'boolean', value: false };
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const ESCAPES = { '"': '"', '\\': '\\', '/': '/', b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

/** The value that `text` holds, or a SyntaxError. */
export function scan(text) {
  let at = 0;

  const fail = () => {
    throw new SyntaxError(`not JSON at ${at}`);
  };

  const skip = () => {
    for (;;) {
      const c = text.charCodeAt(at);
      if (c !== 0x20 && c !== 0x0a && c !== 0x0d && c !== 0x09) return;
      at += 1;
    }
  };

  const word = (expected, value) => {
    if (!text.startsWith(expected, at)) fail();
    at += expected.length;
    return value;
  };

  const string = () => {
    let out = '';
    let from = (at += 1);
    for (;;) {
      if (at >= text.length) fail();
      const c = text.charCodeAt(at);
      if (c < 0x20) fail();
      if (c === 0x22) {
        out += text.slice(from, at);
        at += 1;
        return out;
      }
      if (c !== 0x5c) {
        at += 1;
        continue;
      }
      out += text.slice(from, at);
      const letter = text[at + 1];
      if (letter === 'u') {
        const digits = text.slice(at + 2, at + 6);
        if (!/^[0-9a-fA-F]{4}$/.test(digits)) fail();
        out += String.fromCharCode(parseInt(digits, 16));
        at += 6;
      } else {
        if (letter === undefined || !Object.hasOwn(ESCAPES, letter)) fail();
        out += ESCAPES[letter];
        at += 2;
      }
      from = at;
    }
  };

  const number = () => {
    NUMBER.lastIndex = at;
    const found = NUMBER.exec(text);
    if (found === null) fail();
    at += found[0].length;
    return { type: 'number', value: Number(found[0]) };
  };

  /** Reads `"name" :` of the object on top and remembers where its value starts. */
  const name = object => {
    skip();
    if (text.charCodeAt(at) !== 0x22) fail();
    object.names.push(string());
    skip();
    if (text.charCodeAt(at) !== 0x3a) fail();
    at += 1;
    skip();
    object.starts.push(at);
  };

  const open = [];
  for (;;) {
    // Here a value is expected.
    skip();
    let value;
    switch (text[at]) {
      case '"':
        value = { type: 'string', value: string() };
        break;
      case '{': {
        at += 1;
        value = new JsonObject();
        skip();
        if (text[at] !== '}') {
          open.push(value);
          name(value);
          continue;
        }
        at += 1;
        break;
      }
      case '[': {
        at += 1;
        value = { type: 'list', items: [] };
        skip();
        if (text[at] !== ']') {
          open.push(value);
          continue;
        }
        at += 1;
        break;
      }
      case 't':
        value = word('true', TRUE);
        break;
      case 'f':
        value = word('false', FALSE);
        break;
      case 'n':
        value = word('null', NULL);
        break;
      default:
        value = number();
    }
    // Here a value is complete; it may complete those around it.
    for (;;) {
      if (open.length === 0) {
        skip();
        if (at !== text.length) fail();
        return value;
      }
      const outer = open[open.length - 1];
      if (outer.type === 'object') {
        outer.values.push(value);
        outer.ends.push(at);
      } else {
        outer.items.push(value);
      }
      skip();
      const c = text[at];
      if (c === ',') {
        at += 1;
        if (outer.type === 'object') name(outer);
        break;
      }
      if (c !== (outer.type === 'object' ? '}' : ']')) fail();
      at += 1;
      value = open.pop();
    }
  }
}

/** `pointer` extended by one member name or index (RFC 6901). */
export function below(pointer, name) {
  return `${pointer}/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** Whether a string holds U+0000 or half of a surrogate pair. */
export function isBadText(text) {
  return text.includes('\u0000') || !text.isWellFormed();
}

/**
 * Walks a value and calls `report(pointer, message)` for each member named twice, each text with U+0000 or a lone surrogate, and each
 * number beyond the doubles.
 */
export function checkText(value, pointer, report) {
  const queue = [[value, pointer]];
  while (queue.length > 0) {
    const [node, at] = queue.pop();
    if (node.type === 'string') {
      if (isBadText(node.value)) report(at, 'U+0000 or a lone surrogate');
    } else if (node.type === 'number') {
      if (!Number.isFinite(node.value)) report(at, 'number beyond the range of a double');
    } else if (node.type === 'list') {
      for (const [i, item] of node.items.entries()) queue.push([item, below(at, i)]);
    } else if (node.type === 'object') {
      for (const name of node.repeated()) report(below(at, name), 'member named twice');
      node.names.forEach((name, i) => {
        // A pointer is text: a name that is none cannot stand in it, so the object that holds it is named.
        if (isBadText(name)) report(name.isWellFormed() ? below(at, name) : at, 'U+0000 or a lone surrogate in a name');
        queue.push([node.values[i], below(at, name)]);
      });
    }
  }
}

/** How many objects and lists stand inside each other where a value is deepest, itself counted. */
export function nestingOf(root) {
  let greatest = 0;
  const open = [{ value: root, depth: 1 }];
  while (open.length > 0) {
    const { value, depth } = open.pop();
    if (value.type !== 'list' && value.type !== 'object') continue;
    greatest = Math.max(greatest, depth);
    for (const inner of value.type === 'list' ? value.items : value.values) open.push({ value: inner, depth: depth + 1 });
  }
  return greatest;
}

/** The pointers that `isWanted`, in the order of the text. A member named twice gives its pointer twice. */
export function placesOf(root, isWanted) {
  const found = [];
  const open = [[root, '']];
  while (open.length > 0) {
    const [value, at] = open.pop();
    if (isWanted(at)) found.push(at);
    const inner = [];
    if (value.type === 'list') for (const [i, item] of value.items.entries()) inner.push([item, below(at, i)]);
    if (value.type === 'object') for (const [i, name] of value.names.entries()) inner.push([value.values[i], below(at, name)]);
    while (inner.length > 0) open.push(inner.pop());
  }
  return found;
}
