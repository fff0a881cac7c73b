/**
 * RFC 8785 printing: members sorted by UTF-16 code units, numbers and strings as ECMAScript prints them, no spaces. Of a member named
 * twice the last is printed. A lone surrogate, which the RFC forbids, is printed as its escape.
 */

/** The canonical text of a scanned value, of any depth. */
export function canonical(root) {
  const out = [];
  const open = [root]; // values still to print, and text between them, the next one last
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next === 'string') out.push(next);
    else if (next.type === 'list')
      pushBackwards(
        open,
        between(
          '[',
          next.items.map(item => [item]),
          ']',
        ),
      );
    else if (next.type === 'object') pushBackwards(open, between('{', members(next), '}'));
    else out.push(next.type === 'null' ? 'null' : JSON.stringify(next.value)); // -0 prints as 0
  }
  return out.join('');
}

function members(object) {
  const entries = object.entries();
  return [...entries.keys()].sort(byCodeUnit).map(name => [`${JSON.stringify(name)}:`, entries.get(name)]);
}

function between(first, groups, last) {
  return [first, ...groups.flatMap((group, i) => (i === 0 ? group : [',', ...group])), last];
}

function pushBackwards(open, parts) {
  for (let i = parts.length - 1; i >= 0; i -= 1) open.push(parts[i]);
}

function byCodeUnit(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}
