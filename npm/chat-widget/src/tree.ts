/** Values at paths with dots, as a tree. */

/** A tree with boolean, text, number or object values. */
export interface Tree {
  readonly [name: string]: unknown;
}

/** Every path that leads to one of these; none of these, unless it leads to another. */
export function pathsTo(leaves: readonly string[]): Set<string> {
  return new Set(leaves.flatMap(leaf => Array.from(leaf.matchAll(/\./g), ({ index }) => leaf.slice(0, index))));
}

/** A copy of a tree with other values at these paths; frozen. */
export function withLeaves(tree: Tree, leaves: Iterable<readonly [path: string, value: unknown]>): Tree {
  const copy = structuredClone(tree) as Record<string, unknown>;
  for (const [path, value] of leaves) {
    const steps = path.split('.'),
      last = steps.pop()!;
    put(steps.reduce(branch, copy), last, value);
  }
  return frozen(copy);
}

function branch(node: Record<string, unknown>, step: string): Record<string, unknown> {
  const below = Object.hasOwn(node, step) ? node[step] : undefined;
  if (typeof below === 'object' && below !== null) return below as Record<string, unknown>;
  return put(node, step, {});
}

/** Whatever a member is called, `__proto__` too, it is one. */
function put<T>(node: object, name: string, value: T): T {
  Object.defineProperty(node, name, { value, configurable: true, enumerable: true, writable: true });
  return value;
}

function frozen<T extends object>(tree: T): T {
  for (const value of Object.values(tree)) if (typeof value === 'object' && value !== null) frozen(value);
  return Object.freeze(tree);
}
