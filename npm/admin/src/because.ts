/** One sentence on why an answer is what it is. */
import type { Evaluation, Feature, Rollout } from './api/model.js';

/** Buckets of one percent. */
const BUCKETS_A_PERCENT = 1000;

export function because({ evaluation, rollout, overrides }: Pick<Feature, 'evaluation' | 'rollout' | 'overrides'>): string {
  const { layer, reason, errorCode } = evaluation;
  if (errorCode === 'TARGETING_KEY_MISSING') return 'The draw needs an attribute that is not known here.';
  if (errorCode !== undefined) return `An error: ${errorCode}.`;
  switch (layer) {
    case 'kill':
      return reason === 'PREREQUISITE_FAILED'
        ? 'A flag that it needs does not have the answer it needs.'
        : rollout?.status === 'rolled_back'
          ? 'The rollout was rolled back.'
          : 'An operator turned the flag off for everyone.';
    case 'customer':
      return `The customer's own override says ${overrides.customer ?? evaluation.variant ?? 'so'}.`;
    case 'organization':
      return `The organization's override says ${overrides.organization ?? evaluation.variant ?? 'so'}.`;
    case 'rollout':
      return reason === 'SPLIT'
        ? drawn(evaluation, rollout)
        : `They are on the rollout's ${evaluation.value === true ? 'allow' : 'deny'} list.`;
    case 'target':
      return 'The definition names them as a target.';
    case 'rule':
      return 'A rule of the definition applies to them.';
    case 'environment':
      return missed(evaluation, rollout, 'the default of the environment answers');
    default:
      return missed(evaluation, rollout, 'the default of the flag answers');
  }
}

/** The bucket against the threshold, where the draw decided. */
function drawn({ bucket }: Evaluation, rollout: Rollout | null): string {
  if (bucket === undefined || !rollout) return 'The rollout drew them.';
  return `The rollout drew them: bucket ${grouped(bucket)} is below ${grouped(thresholdOf(rollout))} (${rollout.percentage} %).`;
}

/** The draw that was missed, and what answers then. */
function missed({ bucket }: Evaluation, rollout: Rollout | null, then: string): string {
  if (rollout?.status === 'planned') return `The rollout has not started; ${then}.`;
  if (bucket !== undefined && rollout && bucket >= thresholdOf(rollout))
    return `Not drawn: bucket ${grouped(bucket)} is not below ${grouped(thresholdOf(rollout))} (${rollout.percentage} %); ${then}.`;
  return `Nothing above applies; ${then}.`;
}

function thresholdOf({ percentage }: Rollout): number {
  return Math.round(percentage * BUCKETS_A_PERCENT);
}

function grouped(number: number): string {
  return number.toLocaleString('en');
}

/** An answer in a word. */
export function valueText({ value, variant, errorCode }: Evaluation): string {
  if (errorCode !== undefined) return 'error';
  if (value === true) return 'on';
  if (value === false) return 'off';
  return variant ?? JSON.stringify(value) ?? '—';
}
