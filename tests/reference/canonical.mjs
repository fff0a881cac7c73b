/**
 * RFC 8785 printing: members sorted by UTF-16 code units, numbers and strings as ECMAScript prints them, no spaces. Of a member named
 * twice the last is printed. A lone surrogate, which the RFC forbids, is printed as its escape.
 */

/** The canonical text of a scanned value. */
export function canonical(node) {
  switch (node.type) {
    case 'null':
      return 'null';
    case 'list':
      return `[${node.items.map(canonical).join(',')}]`;
    case 'object': {
      const members = node.entries();
      return `{${[...members.keys()].sort(byCodeUnit).map((name) => `${JSON.stringify(name)}:${canonical(members.get(name))}`).join(',')}}`;
    }
    default:
      return JSON.stringify(node.value); // -0 prints as 0
  }
}

function byCodeUnit(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}
