/** The actions of the audit trail, as people say them. */
import type { Change } from './api/model.js';

const TEXTS: Record<string, string> = {
  'override.set': 'Set an override of',
  'override.remove': 'Removed an override of',
  'override.import': 'Imported overrides',
  'flag.kill': 'Turned off',
  'flag.revive': 'Turned on',
  'rollout.create': 'Planned a rollout of',
  'rollout.start': 'Started the rollout of',
  'rollout.advance': 'Advanced',
  'rollout.pause': 'Paused',
  'rollout.resume': 'Resumed',
  'rollout.complete': 'Completed',
  'rollout.rollback': 'Rolled back',
  'rollout.percentage': 'Set the percentage of',
  'rollout.lists': 'Changed the lists of',
  'rollout.guard': 'Changed the guard of',
  'rollout.held': 'The guard held',
  'import.definition': 'Imported',
  'import.state': 'Imported the state of',
  'import.adopt': 'Adopted an edit of',
  'import.refused': 'Kept the last good definition of',
  'definition.set': 'Edited',
  'customer.assign': 'Assigned a customer to an organization',
  'key.create': 'Created a key',
  'key.rotate': 'Rotated a key',
  'key.revoke': 'Revoked a key',
  'key.forget': 'Forgot a revoked key',
  'token.create': 'Created an API token',
  'token.revoke': 'Revoked an API token',
  'token.forget': 'Forgot a revoked API token',
  'break-glass.use': 'Used the break-glass token',
  'copy.definition': 'Copied',
  'environment.create': 'Created an environment',
  'environment.remove': 'Closed an environment',
  'epoch.renew': 'Renewed the epoch',
  'webhook.create': 'Created a webhook',
  'webhook.change': 'Changed a webhook',
  'webhook.remove': 'Removed a webhook',
  'webhook.disable': 'Gave up on a webhook',
  'schedule.add': 'Scheduled',
  'schedule.cancel': 'Cancelled the schedule',
  'schedule.refuse': 'The hub refused the schedule',
  'schedule.idle': 'Nothing was to do for the schedule',
  'trail.baseline': 'Wrote the state down',
  'trail.erase': 'Erased the content of a record',
  'change.revert': 'Reverted a change of',
};

/** An action in words; one that this page does not know stands as the server names it. */
export function actionText(action: Change['action'] | string): string {
  return TEXTS[action] ?? action;
}

/** Actions that no revert takes back. */
export function isRevertible(action: string): boolean {
  return (
    !/^(key|token|environment|epoch|trail|break-glass|webhook|schedule)\./.test(action) &&
    action !== 'override.import' &&
    action !== 'import.refused' &&
    action !== 'rollout.held'
  );
}
