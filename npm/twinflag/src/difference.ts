/** Differences between two documents, or two flags, member by member, for people. */
import type { Document } from './wire.js';

/** The longest value that is shown. */
const LONGEST = 100;

/**
 * Returns a line for each member that differs below a place in two documents.
 *
 * @param pointer a JSON pointer to a flag, a segment or a member of the document
 * @param kept the places that stay as they are in `ours`, which are left out
 */
export function differencesOf(
  ours: Document,
  theirs: Document,
  pointer: string,
  kept: readonly { readonly pointer: string }[],
): readonly string[] {
  const [before, after] = [at(ours, pointer), at(theirs, pointer)];
  if (!isObject(before) || !isObject(after)) return [`${shown(before)} → ${shown(after)}`];
  return memberDifferencesOf(before, after, name => kept.some(place => place.pointer === `${pointer}/${escaped(name)}`));
}

/** Returns a line for each member that differs in two objects, but for those that are left out. */
export function memberDifferencesOf(
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
  isLeftOut: (name: string) => boolean,
): readonly string[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .filter(name => !isLeftOut(name) && !isSame(before[name], after[name]))
    .map(name => `${name}: ${shown(before[name])} → ${shown(after[name])}`);
}

/** Returns the value at a JSON pointer; `undefined` if there is none. */
export function at(document: unknown, pointer: string): unknown {
  const steps = pointer
    .split('/')
    .slice(1)
    .map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  return steps.reduce<unknown>((value, step) => (isObject(value) ? value[step] : undefined), document);
}

/** Returns true if two values are the same JSON, whatever the order of members. */
export function isSame(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Returns a value as text that is not too long. */
export function shown(value: unknown): string {
  return value === undefined ? 'absent' : brief(JSON.stringify(value));
}

/** Returns a text that is not too long. */
export function brief(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`;
}

function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}

/** JSON in which the order of members does not count. */
function canonical(value: unknown): string {
  return (
    JSON.stringify(value, (_, each: unknown) =>
      isObject(each) ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1))) : each,
    ) ?? ''
  );
}
