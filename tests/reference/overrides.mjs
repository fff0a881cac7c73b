/** The overrides of a document, each with its variant. A bad leaf is reported, and ignored alone. */
import { below, isBadText } from './json.mjs';

/** `{customers, organizations}`: owner → flag key → variant name. */
export function readOverrides(node, names, report) {
  const overrides = { customers: new Map(), organizations: new Map() };
  if (node === undefined) return overrides;
  const repeated = node.repeated();
  for (const [kind, owners] of node.entries()) {
    const at = below('/overrides', kind);
    if (repeated.has(kind)) report(at, 'member named twice');
    else if (!Object.hasOwn(overrides, kind)) report(at, 'unknown member');
    else if (owners.type !== 'object') report(at, 'expected an object');
    else {
      const twice = owners.repeated();
      for (const [owner, tree] of owners.entries()) {
        if (twice.has(owner)) report(below(at, owner), 'member named twice');
        else if (isBadText(owner)) report(below(at, owner), 'U+0000 or a lone surrogate in a name');
        else if (tree.type !== 'object') report(below(at, owner), 'expected an object');
        else overrides[kind].set(owner, readTree(tree, below(at, owner), names, report));
      }
    }
  }
  return overrides;
}

/** Flag key → variant name of one owner's tree. Bad leaves are reported and removed before a flag counts as named twice. */
function readTree(tree, at, names, report) {
  const byFlag = new Map();
  for (const leaf of leavesOf(tree, at, report)) {
    const flag = names.get(leaf.path.join('.'));
    const variant = flag === undefined ? null : variantOfLeaf(flag, leaf.value);
    if (flag === undefined) report(leaf.at, 'unknown flag');
    else if (variant === null) report(leaf.at, 'no such variant');
    else byFlag.set(flag, [...(byFlag.get(flag) ?? []), { ...leaf, variant }]);
  }
  const chosen = new Map();
  for (const [flag, leaves] of byFlag) {
    const winner = leaves.find(({ path }) => path.length === 1 && path[0] === flag.key) ?? leaves[0];
    for (const leaf of leaves) if (leaf !== winner) report(leaf.at, 'flag named twice');
    chosen.set(flag.key, winner.variant);
  }
  return chosen;
}

function variantOfLeaf(flag, value) {
  if (value.type === 'string') return flag.variants.has(value.value) ? value.value : null;
  if (value.type !== 'boolean' || flag.type !== 'boolean') return null;
  const found = [...flag.variants].find(([, variant]) => variant.value === value.value);
  return found === undefined ? null : found[0];
}

/** The leaves of a tree in the order written. A member named twice is reported and skipped. */
function leavesOf(tree, at, report) {
  const leaves = [];
  const queue = [{ value: tree, path: [], at }];
  while (queue.length > 0) {
    const place = queue.pop();
    if (place.value.type !== 'object') {
      leaves.push(place);
      continue;
    }
    const twice = place.value.repeated();
    const inner = [];
    for (const [name, value] of place.value.entries()) {
      const pointer = below(place.at, name);
      if (twice.has(name)) report(pointer, 'member named twice');
      else if (isBadText(name)) report(pointer, 'U+0000 or a lone surrogate in a name');
      else inner.push({ value, path: [...place.path, name], at: pointer });
    }
    queue.push(...inner.reverse());
  }
  return leaves;
}
