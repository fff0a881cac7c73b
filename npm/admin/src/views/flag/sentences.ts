/** The steps of a definition as plain sentences, in the order in which the core takes them (`docs/flags.md`). */
import type { Feature } from '../../api/model.js';
import type { StepPlace } from './step-fields.js';

export interface Sentence {
  readonly name: string;
  readonly text: string;
  /** True if nobody gets past this step. */
  readonly isSettling: boolean;
  /** The target or the rule that the sentence is about; absent for every other step. */
  readonly place?: StepPlace;
}

type Json = Record<string, unknown>;

const MOST_VALUES = 5;

export function sentences(definition: unknown, feature: Feature, environment: string | undefined): Sentence[] {
  const flag: Json = isObject(definition) ? definition : {};
  const steps: Sentence[] = [];
  const say = (name: string, text: string, isSettling = false, place?: StepPlace) =>
    steps.push({ name, text, isSettling, ...(place && { place }) });
  const off = String(flag.off ?? 'off');
  if (!feature.enabled) say('Turned off', `Everyone gets ${off}; nothing below applies.`, true);
  if (feature.rollout?.status === 'rolled_back') say('Rolled back', `Everyone gets ${off} until the rollout is created anew.`, true);
  for (const each of list(flag.prerequisites)) say('Needs', `${String(each.flag)} to be ${or(values(each.variants))}; others get ${off}.`);
  say('Overrides', 'Customers and then organizations with an override of this flag get what it names.');
  const { rollout } = feature;
  const isLive = rollout !== null && ['active', 'paused', 'completed'].includes(rollout.status);
  if (rollout && isLive) {
    const { whitelistedCustomers: allow = [], blacklistedCustomers: deny = [] } = rollout;
    if (deny.length > 0) say('Deny list', `${some(deny)} do not get it.`);
    if (allow.length > 0) say('Allow list', `${some(allow)} get it.`);
  }
  list(flag.targets).forEach((each, index) => {
    const place = { kind: 'targets', index } as const;
    say('Target', `${String(each.attribute ?? 'targetingKey')} ${or(values(each.values))} gets ${String(each.variant)}.`, false, place);
  });
  list(flag.rules).forEach((each, index) => {
    const place = { kind: 'rules', index } as const;
    say(String(each.name ?? `Rule ${index + 1}`), `If ${condition(each.if)}: ${served(each.serve)}.`, false, place);
  });
  const unit = String(flag.unit ?? 'targetingKey');
  if (rollout && isLive) {
    if (rollout.tier === 1 && (rollout.whitelistedCustomers?.length ?? 0) > 0)
      say('Rollout', 'Tier 1 with an allow list: the list is the whole audience.');
    else if (rollout.percentage >= 100) say('Rollout', `Every ${unit} gets it.`, true);
    else say('Rollout', `${rollout.percentage} % of all, drawn by ${unit}; a larger percentage takes it from nobody.`);
  } else if (rollout?.status === 'planned') say('Rollout', 'Planned, not started: it gives the flag to nobody.');
  const environments = isObject(flag.environments) ? flag.environments : {};
  const named = environment === undefined ? undefined : environments[environment];
  if (typeof named === 'string') say('Environment', `Everyone else in ${environment} gets ${named}.`, true);
  else if (environment === undefined && Object.keys(environments).length > 0)
    say(
      'Environment',
      `Everyone else gets what the environment has: ${Object.entries(environments)
        .map(([name, variant]) => `${name} ${String(variant)}`)
        .join(', ')}.`,
    );
  say('Otherwise', `${String(flag.default ?? off)}.`, true);
  return steps;
}

/** A condition in words. */
export function condition(value: unknown): string {
  if (!isObject(value) || Object.keys(value).length === 0) return 'anybody asks';
  if (Array.isArray(value.all)) return joined(value.all, ' and ', 'anybody asks');
  if (Array.isArray(value.any)) return joined(value.any, ' or ', 'nobody asks');
  if ('not' in value) return `not (${condition(value.not)})`;
  if (typeof value.segment === 'string') return `they are in the segment ${value.segment}`;
  if (isObject(value.percentage)) {
    const { from = 0, to = 100 } = value.percentage;
    return `they are drawn between ${String(from)} and ${String(to)} %`;
  }
  const operand = 'value' in value ? or(values(value.value)) : '';
  return `${String(value.attribute ?? 'targetingKey')} ${OPERATORS[String(value.op)] ?? String(value.op)} ${operand}`.trim();
}

/** The operators in words. */
export const OPERATORS: Readonly<Record<string, string>> = {
  eq: 'is',
  neq: 'is not',
  in: 'is one of',
  notIn: 'is none of',
  contains: 'contains',
  startsWith: 'starts with',
  endsWith: 'ends with',
  matches: 'matches',
  lt: 'is below',
  lte: 'is at most',
  gt: 'is above',
  gte: 'is at least',
  exists: 'is known',
  hasAny: 'has any of',
  hasAll: 'has all of',
  cidr: 'is an address in',
  semverEq: 'is version',
  semverGt: 'is a version above',
  semverGte: 'is a version from',
  semverLt: 'is a version below',
  semverLte: 'is a version up to',
  semverCaret: 'is compatible with version',
  semverTilde: 'is a patch of version',
  before: 'is before',
  after: 'is after',
};

function joined(parts: readonly unknown[], by: string, none: string): string {
  return parts.length === 0
    ? none
    : parts.map(part => (parts.length > 1 && isNested(part) ? `(${condition(part)})` : condition(part))).join(by);
}

function isNested(value: unknown): boolean {
  return isObject(value) && ('all' in value || 'any' in value);
}

/** The answer that a rule serves: a variant, or a split by weights of 100,000. */
function served(serve: unknown): string {
  if (!isObject(serve) || !Array.isArray(serve.split)) return short(serve);
  return `a split: ${list(serve.split)
    .map(({ variant, weight }) => `${String(variant)} ${Number(weight) / 1000} %`)
    .join(', ')}`;
}

function some(units: readonly string[]): string {
  return units.length <= MOST_VALUES
    ? units.join(', ')
    : `${units.slice(0, MOST_VALUES).join(', ')} and ${units.length - MOST_VALUES} more`;
}

function or(texts: readonly string[]): string {
  return texts.length <= MOST_VALUES
    ? texts.join(' or ')
    : `${texts.slice(0, MOST_VALUES).join(', ')} or ${texts.length - MOST_VALUES} more`;
}

function values(value: unknown): string[] {
  return Array.isArray(value) ? value.map(short) : value === undefined ? [] : [short(value)];
}

function short(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text !== undefined && text.length > 80 ? `${text.slice(0, 80)}…` : String(text);
}

function list(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
