/** The individual targets of a flag by which single users have a variant of their own. */
import type { Flag, Target } from './wire.js';

/** The attribute of a user's id; the server takes `targetingKey` for it where a context has no `userId`. */
const USER = 'userId';

/** Returns a flag's targets after these users got a variant, or lost their own one if it is `undefined`. */
export function withUsers(flag: Flag, users: readonly string[], variant: string | undefined): readonly Target[] {
  const { targets = [] } = flag;
  const variants = new Map(usersOf(flag));
  const moved = users.filter(user => variants.get(user) !== variant);
  if (moved.length === 0) return targets;
  const others = targets
    .map(target => (isOfUsers(target) ? { ...target, values: target.values.filter(value => !moved.includes(String(value))) } : target))
    .filter(({ values }) => values.length > 0);
  if (variant === undefined) return others;
  const at = others.findIndex(target => isOfUsers(target) && target.variant === variant);
  const target = others[at];
  if (target === undefined) return [...others, { attribute: USER, values: moved, variant }];
  return others.with(at, { ...target, values: [...target.values, ...moved] });
}

/** Returns the users with a target of their own, each with the variant of the first one. */
export function usersOf({ targets = [] }: Flag): readonly (readonly [user: string, variant: string])[] {
  const variants = new Map<string, string>();
  for (const { values, variant } of targets.filter(isOfUsers)) {
    for (const value of values) if (!variants.has(String(value))) variants.set(String(value), variant);
  }
  return [...variants];
}

/** Returns the targets that are not by users. */
export function otherTargetsOf({ targets = [] }: Flag): readonly Target[] {
  return targets.filter(target => !isOfUsers(target));
}

function isOfUsers({ attribute }: Target): boolean {
  return attribute === USER;
}
