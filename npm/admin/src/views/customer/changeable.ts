/** The ways to give a customer another answer, as far as the recorded steps tell. */
import type { Evaluation, Explained, Step } from '../../api/model.js';

/** Buckets of one percent, and of the whole. */
const BUCKETS_A_PERCENT = 1_000;
const MOST_VALUES = 3;

export interface Changeable {
  /** The rule or draw that missed by the least; absent if none was tried. */
  readonly nearest?: string;
  /** Each sentence names one thing that would change the answer. */
  readonly ways: readonly string[];
  /** The attributes that conditions asked for and the edge does not know, by name. */
  readonly unknown: readonly string[];
}

export function changeable({ evaluation, steps }: Pick<Explained, 'evaluation' | 'steps'>): Changeable {
  const missed = steps.filter(({ answered }) => !answered);
  const unknown = [
    ...new Set(
      steps.flatMap(({ conditions = [], unit, bucket }) => [
        ...conditions.flatMap(({ attribute, actual, held }) =>
          attribute !== undefined && actual === undefined && !held ? [attribute] : [],
        ),
        ...(unit !== undefined && unit.value === undefined && bucket === undefined ? [unit.attribute] : []),
      ]),
    ),
  ];
  const ways: string[] = [];
  if (evaluation.layer === 'kill') {
    ways.push(killText(evaluation));
    return { ways, unknown: [] };
  }
  for (const step of missed) {
    const text = wayOf(step);
    if (text !== undefined && ways.length < 5) ways.push(text);
  }
  if (evaluation.layer !== 'customer') ways.push('An override of this customer decides before every step but a kill.');
  else ways.push('Removing the override lets the steps below it decide.');
  const nearest = nearestOf(missed);
  return { ways, unknown, ...(nearest !== undefined && { nearest }) };
}

function killText({ reason }: Evaluation): string {
  return reason === 'PREREQUISITE_FAILED'
    ? 'The flag that it needs would have to give the answer it needs.'
    : 'Turning the flag back on, or beginning a new rollout if it was rolled back. No override does it.';
}

/** The condition that a step that did not apply still wants; `undefined` for steps that nobody can be closer to. */
function wayOf({ step, bucket, bounds, conditions = [], pointer }: Step): string | undefined {
  if (step === 'percentage' && bucket !== undefined && bounds?.length)
    return `A rollout of at least ${atLeast(bucket)} %: their bucket is ${bucket.toLocaleString('en')}.`;
  const wanted = conditions.filter(({ held }) => !held);
  if (step !== 'rule' || wanted.length === 0) return undefined;
  return `${nameOf(pointer)} if ${wanted.slice(0, MOST_VALUES).map(conditionText).join(' and ')}.`;
}

/** The smallest percentage, in thousandths, that draws a bucket. */
function atLeast(bucket: number): number {
  return (bucket + 1) / BUCKETS_A_PERCENT;
}

/** The step that missed by the fewest conditions; among draws the one whose bound is nearest. */
function nearestOf(missed: readonly Step[]): string | undefined {
  const rules = missed
    .map(({ step, conditions = [], pointer }) => ({ step, pointer, wanted: conditions.filter(({ held }) => !held) }))
    .filter(({ step, wanted }) => step === 'rule' && wanted.length > 0)
    .sort((a, b) => a.wanted.length - b.wanted.length);
  const [rule] = rules;
  const draw = missed.find(({ step, bucket, bounds }) => step === 'percentage' && bucket !== undefined && bounds?.length);
  if (rule && rule.wanted.length === 1 && rule.wanted[0])
    return `${nameOf(rule.pointer)}: only “${conditionText(rule.wanted[0])}” does not hold.`;
  if (draw?.bucket !== undefined && draw.bounds) {
    const below = Math.max(...draw.bounds);
    return `The rollout: bucket ${draw.bucket.toLocaleString('en')} is ${(draw.bucket - below + 1).toLocaleString('en')} too high.`;
  }
  return rule && `${nameOf(rule.pointer)}: ${rule.wanted.length} conditions do not hold.`;
}

/** `/flags/a/rules/2` is the third rule. */
function nameOf(pointer: string): string {
  const index = /\/rules\/(\d+)/.exec(pointer)?.[1];
  return index === undefined ? 'A rule' : `Rule ${Number(index) + 1}`;
}

function conditionText({ attribute = 'it', op, operand, actual }: NonNullable<Step['conditions']>[number]): string {
  const is = actual === undefined ? 'not known' : brief(actual);
  return `${attribute} ${op} ${brief(operand)} (now ${is})`;
}

function brief(value: unknown): string {
  if (Array.isArray(value) && value.length > MOST_VALUES)
    return `${value.slice(0, MOST_VALUES).map(brief).join(', ')} or ${value.length - MOST_VALUES} more`;
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
