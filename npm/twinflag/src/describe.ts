/** Changes and states in words. */
import { isObject, isSame, memberDifferencesOf, shown } from './difference.js';
import { otherTargetsOf, usersOf } from './targets.js';
import type { Change, Feature, Flag } from './wire.js';

/** Returns what a record tells: the flag or the place, what was done, for whom, and the new value. */
export function describe(change: Change): string {
  const { action, flagPath, pointer, customerId, organizationId, oldJson, newJson, erased, reverts } = change;
  if (erased) return '(erased)';
  const subject = flagPath ?? pointer;
  const owner =
    customerId !== undefined ? ` for customer ${customerId}` : organizationId !== undefined ? ` for organization ${organizationId}` : '';
  switch (action) {
    case 'override.set':
      return `${subject} = ${String(newJson)}${owner}`;
    case 'override.remove':
      return `${subject}: override removed${owner}`;
    case 'override.import':
      return importedOf(newJson);
    case 'flag.kill':
      return `${subject}: switched off for everybody`;
    case 'flag.revive':
      return `${subject}: switched on`;
    case 'import.definition':
    case 'definition.set':
    case 'copy.definition':
      return oldJson === undefined && newJson !== undefined && !isObject(newJson)
        ? `${subject} = ${shown(newJson)}`
        : `${subject}: ${definitionChangeOf(oldJson, newJson)}`;
    case 'change.revert':
      return `${revertedOf(change)}${owner} (taken back)`;
    case 'import.refused':
      return newJson === undefined ? `${subject}: the refused definition is gone` : `${subject}: refused, the last good definition serves`;
    case 'import.adopt':
      return `${subject}: the document has the edit now, and nothing changed`;
    case 'import.state':
      return `${subject}: ${definitionChangeOf(briefState(oldJson), briefState(newJson))}`;
    case 'customer.assign':
      return `customer ${customerId}: belongs to ${organizationId === undefined ? 'no organization' : `organization ${organizationId}`}${reverts === undefined ? '' : ' (taken back)'}`;
    case 'schedule.add':
      return `${subject ?? 'a command'}: scheduled`;
    case 'schedule.cancel':
      return `${subject ?? 'a command'}: schedule cancelled`;
    case 'schedule.refuse':
      return `${subject ?? 'a command'}: the scheduled command was refused`;
    case 'schedule.idle':
      return `${subject ?? 'a command'}: the scheduled command changed nothing`;
    case 'break-glass.use':
      return 'the break-glass token was used';
    default:
      if (/^(key|token|webhook)\./.test(action)) return credentialChangeOf(action, newJson ?? oldJson);
      return action in ROLLOUT_STEPS
        ? `${subject}: rollout ${ROLLOUT_STEPS[action]}${percentageOf(newJson)}`
        : [action, subject].join(' ').trim() + owner;
  }
}

/** The steps of rollouts in words. */
const ROLLOUT_STEPS: Readonly<Record<string, string>> = {
  'rollout.create': 'planned',
  'rollout.start': 'started',
  'rollout.advance': 'advanced',
  'rollout.pause': 'paused',
  'rollout.resume': 'resumed',
  'rollout.complete': 'completed',
  'rollout.rollback': 'rolled back',
  'rollout.percentage': 'set',
  'rollout.lists': 'has other lists',
  'rollout.guard': 'has another guard',
};

/** Returns what a slice of an import of overrides changed, in words. */
function importedOf(slice: unknown): string {
  const { changed = 0, assigned = 0, from, to, ...rest } = (slice ?? {}) as { readonly [name: string]: unknown };
  const owners = [`overrides of ${owned(Number(changed))}`, ...(assigned === 0 ? [] : [`the organization of ${owned(Number(assigned))}`])];
  return `${owners.join(' and ')} imported (${String(rest.import)}, lines ${String(from)} to ${String(to)})`;
}

function owned(count: number): string {
  return count === 1 ? 'an owner' : `${count} owners`;
}

/** Returns what the revert of a change put back, in words. */
function revertedOf({ flagPath, pointer, customerId, organizationId, oldJson, newJson }: Change): string {
  const subject = flagPath ?? pointer ?? '';
  const isOverride = customerId !== undefined || organizationId !== undefined;
  return isOverride
    ? `${subject} ${shown(oldJson)} → ${shown(newJson)}`
    : `${subject}: ${definitionChangeOf(briefState(oldJson), briefState(newJson))}`;
}

/** Returns what was done to a key, to an API token or to a webhook, which is named by its label or its name. */
function credentialChangeOf(action: string, credential: unknown): string {
  const { name, label, role } = (credential ?? {}) as { readonly name?: string; readonly label?: string; readonly role?: string };
  const [kind, step = ''] = action.split('.');
  return `${kind} ${name ?? label ?? ''}: ${CREDENTIAL_STEPS[step] ?? step}${role === undefined ? '' : `, role ${role}`}`;
}

const CREDENTIAL_STEPS: Readonly<Record<string, string>> = {
  create: 'made',
  rotate: 'rotated',
  revoke: 'revoked',
  forget: 'forgotten',
  change: 'changed',
  remove: 'removed',
  disable: 'given up, its target took nothing',
};

/** Returns a flag's state, or a definition, with a rollout in a few words. */
function briefState(state: unknown): unknown {
  if (!isObject(state) || !isObject(state.rollout)) return state;
  const { status, percentage } = state.rollout;
  return { ...state, rollout: `${String(status)} at ${String(percentage)} %` };
}

/** Returns the difference of two definitions in words. */
function definitionChangeOf(before: unknown, after: unknown): string {
  if (before === undefined && after === undefined) return 'changed';
  if (before === undefined) return 'created';
  if (after === undefined) return 'removed';
  if (!isObject(before) || !isObject(after)) return `${shown(before)} → ${shown(after)}`;
  // The trail keeps the hash of a long definition.
  if ('sha256' in before || 'sha256' in after) return 'changed';
  const members = memberDifferencesOf(before, after, name => name === 'targets');
  return [...userChangesOf(before, after), ...targetChangesOf(before, after), ...members].join('; ') || 'changed';
}

/** Returns the users whose own variant differs, by the variant that they have after. */
function userChangesOf(before: Flag, after: Flag): readonly string[] {
  const [had, has] = [new Map(usersOf(before)), new Map(usersOf(after))];
  const changed = [...new Set([...had.keys(), ...has.keys()])].filter(user => had.get(user) !== has.get(user));
  return [...new Set(changed.map(user => has.get(user)))].map(variant =>
    variantFor(
      variant,
      changed.filter(user => has.get(user) === variant),
    ),
  );
}

function targetChangesOf(before: Flag, after: Flag): readonly string[] {
  return isSame(otherTargetsOf(before), otherTargetsOf(after)) ? [] : ['other targets changed'];
}

/** Returns the variant that users have, in words; `undefined` if they have none of their own. */
export function variantFor(variant: string | undefined, users: readonly string[]): string {
  return `${variant ?? 'as for others'} for ${users.length === 1 ? 'user' : 'users'} ${users.join(', ')}`;
}

function percentageOf(newJson: unknown): string {
  const { rollout } = (newJson ?? {}) as { rollout?: { percentage?: number } | null };
  return rollout?.percentage === undefined ? '' : `, ${rollout.percentage} %`;
}

/** Returns a flag's state in one line. */
export function stateOf({ flagPath, enabled, rollout }: Feature): string {
  return `${flagPath}: ${enabled ? 'switched on' : 'switched off for everybody'}${rollout ? `, rollout ${rolloutOf(rollout)}` : ''}`;
}

/** Returns a rollout's state in a few words. */
export function rolloutOf({ status, percentage, currentTier }: NonNullable<Feature['rollout']>): string {
  return `${status} at ${percentage} %${currentTier === null ? '' : ` (${currentTier})`}`;
}
