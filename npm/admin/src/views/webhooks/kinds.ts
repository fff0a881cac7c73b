/** The kinds of changes that a target may be told of, in words. */
import type { Webhook } from '../../api/model.js';

export type Kind = Webhook['kinds'][number];

export const KINDS: readonly { readonly kind: Kind; readonly text: string }[] = [
  { kind: 'rollback', text: 'rollbacks, by the guard or an operator' },
  { kind: 'held', text: 'rollouts that the guard held' },
  { kind: 'break-glass', text: 'uses of the break-glass token' },
  { kind: 'key', text: 'keys and API tokens' },
  { kind: 'schedule', text: 'schedules' },
  { kind: 'change', text: 'all other changes' },
];

/** The kinds of a webhook in a sentence. */
export function kindsText(kinds: readonly Kind[]): string {
  if (KINDS.every(({ kind }) => kinds.includes(kind))) return 'everything';
  return KINDS.flatMap(({ kind, text }) => (kinds.includes(kind) ? [text] : [])).join('; ');
}
