/** Finds the place of a JSON pointer in a text, for errors that the server names by pointer. */

/** The offset of the value that a pointer names, or of the nearest value around it that is there. The text must be JSON. */
export function placeOf(text: string, pointer: string): number {
  const names = pointer
    .split('/')
    .slice(1)
    .map(name => name.replaceAll('~1', '/').replaceAll('~0', '~'));
  let at = space(text, 0);
  for (const name of names) {
    const inner = memberOf(text, at, name);
    if (inner === undefined) break;
    at = inner;
  }
  return at;
}

/** The number of the line at an offset; the first is 1. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** The offset of a member or an item of the value at `at`. */
function memberOf(text: string, at: number, name: string): number | undefined {
  const isArray = text[at] === '[';
  if (!isArray && text[at] !== '{') return undefined;
  let cursor = space(text, at + 1);
  for (let index = 0; cursor < text.length && text[cursor] !== ']' && text[cursor] !== '}'; index++) {
    let key = String(index);
    if (!isArray) {
      const end = stringEnd(text, cursor);
      key = JSON.parse(text.slice(cursor, end)) as string;
      // Behind the colon.
      cursor = space(text, space(text, end) + 1);
    }
    if (key === name) return cursor;
    cursor = space(text, valueEnd(text, cursor));
    if (text[cursor] === ',') cursor = space(text, cursor + 1);
  }
  return undefined;
}

/** The offset behind the value at `at`. */
function valueEnd(text: string, at: number): number {
  let depth = 0;
  let cursor = at;
  while (cursor < text.length) {
    const char = text[cursor];
    if (char === '"') cursor = stringEnd(text, cursor);
    else if (depth === 0 && cursor > at && (char === ',' || char === ']' || char === '}')) return cursor;
    else {
      if (char === '{' || char === '[') depth += 1;
      else if (char === '}' || char === ']') depth -= 1;
      cursor += 1;
      if (depth === 0 && (char === '}' || char === ']')) return cursor;
    }
    if (depth === 0 && text[cursor - 1] === '"') return cursor;
  }
  return cursor;
}

function stringEnd(text: string, at: number): number {
  let cursor = at + 1;
  while (cursor < text.length && text[cursor] !== '"') cursor += text[cursor] === '\\' ? 2 : 1;
  return cursor + 1;
}

function space(text: string, at: number): number {
  let cursor = at;
  while (' \t\n\r'.includes(text[cursor] ?? 'x')) cursor += 1;
  return cursor;
}
