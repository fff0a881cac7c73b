/** Under which heading a flag stands: the first whose prefix its key has. */
const GROUPS: readonly { readonly prefix: string; readonly title: string; readonly note: string }[] = [
  { prefix: 'sessionPersistence.phase1.', title: 'Chat widget, phase 1', note: 'stable, by customer' },
  { prefix: 'sessionPersistence.phase2.', title: 'Chat widget, phase 2', note: 'beta, by customer' },
  { prefix: 'sessionPersistence.phase3.', title: 'Chat widget, phase 3', note: 'experimental, by customer' },
  { prefix: 'ai_', title: 'AI features', note: 'by user' },
  { prefix: 'profile_', title: 'Profile page', note: 'canary, by user' },
  { prefix: '', title: 'Other flags', note: '' },
];
/** Flags of one kind that do not share a prefix. */
const BESIDES: readonly [RegExp, number][] = [[/_agent_enabled$/, 3]];

export interface Group {
  readonly title: string;
  readonly note: string;
  readonly keys: readonly string[];
}

/** Keys under their headings, in the order they come; headings without keys are left out. */
export function grouped(keys: readonly string[]): Group[] {
  const placeOf = (key: string) =>
    BESIDES.find(([pattern]) => pattern.test(key))?.[1] ?? GROUPS.findIndex(({ prefix }) => key.startsWith(prefix));
  return GROUPS.map(({ title, note }, place) => ({ title, note, keys: keys.filter(key => placeOf(key) === place) })).filter(
    group => group.keys.length > 0,
  );
}
