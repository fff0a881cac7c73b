/** Flags that a document renames without saying so: each would lose its state and its overrides, and draw other units. */
import { at, isObject, isSame } from './difference.js';
import type { Document, Imported } from './wire.js';

/** The members that a renamed flag keeps, or gets by its new name. */
const OF_NAMES = ['aliases', 'salt', 'enabled', 'rollout'];

/** Returns a hint for each flag that goes while one with the same definition comes, but for those that are renamed. */
export function renameHintsOf(
  changes: Imported['changes'],
  renamed: NonNullable<Imported['renamed']>,
  ours: Document,
  theirs: Document,
): readonly string[] {
  const keysOf = (kind: string): readonly string[] =>
    changes.flatMap(each => (each.kind === kind ? (/^\/flags\/([^/]*)$/.exec(each.pointer)?.[1] ?? []) : []));
  const added = keysOf('added');
  return keysOf('removed').flatMap(from => {
    const before = at(ours, `/flags/${from}`);
    const to = added.find(key => isSame(nameless(before), nameless(at(theirs, `/flags/${key}`))));
    if (to === undefined || !isObject(before) || renamed.some(each => each.to === to)) return [];
    const members = { aliases: [...((before.aliases as readonly string[] | undefined) ?? []), from], salt: before.salt ?? from };
    return [
      `if ${to} is ${from} under another name, give it ${JSON.stringify(members).slice(1, -1)}: it keeps its state, overrides and units`,
    ];
  });
}

function nameless(flag: unknown): unknown {
  return isObject(flag) ? Object.fromEntries(Object.entries(flag).filter(([name]) => !OF_NAMES.includes(name))) : flag;
}
