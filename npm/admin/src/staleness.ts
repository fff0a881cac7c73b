/** Flags that may be removed. */
import type { Definition, Feature, Flag } from './api/model.js';

/** The time after which a flag that is meant to end, and that nobody changes, is called stale, in milliseconds: 30 days. */
const QUIET_MS = 30 * 86_400_000;

export interface Staleness {
  readonly text: 'expired' | 'stale';
  readonly why: string;
}

/** Why a flag may be removed; `undefined` if it stays. A permanent flag (`operational`, `permission`) is never stale. */
export function staleness(
  { definition, lastChange }: Definition,
  { rollout }: Pick<Feature, 'rollout'>,
  now: number,
): Staleness | undefined {
  const { lifetime, expires } = (definition ?? {}) as Pick<Flag, never> & { lifetime?: unknown; expires?: unknown };
  if (lifetime === 'operational' || lifetime === 'permission') return undefined;
  if (typeof expires === 'string' && Date.parse(expires) < now)
    return { text: 'expired', why: `Its owner expected it to be gone by ${expires.slice(0, 10)}.` };
  const isSettled = rollout?.status === 'completed' || rollout?.status === 'rolled_back';
  if ((lifetime === 'release' || lifetime === 'experiment') && isSettled && lastChange && now - Date.parse(lastChange.changedAt) > QUIET_MS)
    return { text: 'stale', why: 'Its rollout has ended, and nobody has changed it for 30 days.' };
  return undefined;
}
