/** The state of a flag as people see it now, in the words of the list. */
import type { Feature, Schedule } from './api/model.js';
import { dayAndTime } from './parts/moment.js';
import { shareText } from './schedule-text.js';

/** The tone of a cell: `on` for everybody, `part` of them, `off`, or `stopped` by an operator or the guard. */
export type Tone = 'on' | 'part' | 'off' | 'stopped';

export interface State {
  readonly tone: Tone;
  readonly text: string;
  /** The rest of the sentence; empty if there is none. */
  readonly note: string;
}

/** The state of a flag; `next` is the earliest scheduled step that changes what everyone gets, if there is one. */
export function stateOf(feature: Feature, next?: Schedule): State {
  const state = stateNow(feature);
  const step = next && shareText(next);
  if (step === undefined || next?.at === undefined) return state;
  // A schedule says more than the gate of the next tier: it has a moment.
  const isGate = feature.enabled && feature.rollout?.status === 'active';
  const scheduled = `next ${step} on ${dayAndTime(next.at)}`;
  return { ...state, note: state.note === '' || isGate ? scheduled : `${state.note}, ${scheduled}` };
}

function stateNow(feature: Feature): State {
  if (!feature.enabled) return { tone: 'stopped', text: 'Off', note: 'turned off for everyone' };
  const { rollout } = feature;
  if (rollout) {
    const share = `${rollout.percentage} %`;
    switch (rollout.status) {
      case 'planned':
        return { tone: 'off', text: 'Off', note: 'rollout planned' };
      case 'rolled_back':
        return { tone: 'stopped', text: 'Off', note: 'rolled back' };
      case 'completed':
        return { tone: rollout.percentage < 100 ? 'part' : 'on', text: share, note: 'completed' };
      case 'paused':
        return { tone: 'part', text: share, note: 'paused' };
      case 'active':
        return { tone: toneOf(rollout.percentage), text: share, note: nextOf(feature) };
    }
  }
  const { value, variant } = feature.evaluation;
  if (value === true) return { tone: 'on', text: 'On', note: '' };
  if (value === false) return { tone: 'off', text: 'Off', note: '' };
  return { tone: 'on', text: variant ?? (feature.evaluation.errorCode ? 'Depends' : '—'), note: '' };
}

function toneOf(percentage: number): Tone {
  if (percentage >= 100) return 'on';
  return percentage > 0 ? 'part' : 'off';
}

/** When the rollout may go on, or what blocks it. */
function nextOf({ rollout }: Feature): string {
  const next = rollout?.next;
  if (!next) return '';
  if (next.allowed) return `next ${next.percentage} %, ready`;
  if (next.notBefore !== undefined && Date.parse(next.notBefore) > Date.now())
    return `next ${next.percentage} % from ${dayAndTime(next.notBefore)}`;
  return `next ${next.percentage} %, blocked`;
}

/** A stage and its heading. */
export interface Stage {
  readonly key: string;
  readonly title: string;
  readonly phase?: 1 | 2 | 3;
}

const STAGES: readonly Stage[] = [
  { key: 'stable', title: 'Phase 1 · Production ready', phase: 1 },
  { key: 'beta', title: 'Phase 2 · Beta', phase: 2 },
  { key: 'experimental', title: 'Phase 3 · Experimental', phase: 3 },
];

/** The stage of a flag; without one, flags stand together by their first tag. */
export function stageOf({ stage, tags }: Pick<Feature, 'stage' | 'tags'>): Stage {
  const known = STAGES.find(({ key }) => key === stage);
  if (known) return known;
  if (stage) return { key: stage, title: stage };
  return tags[0] ? { key: `tag:${tags[0]}`, title: tags[0] } : { key: '', title: 'Others' };
}

/** Groups of features: the three phases first, then others by name, flags without stage and tag last. */
export function grouped(features: readonly Feature[]): { stage: Stage; features: Feature[] }[] {
  const groups = new Map<string, { stage: Stage; features: Feature[] }>();
  for (const feature of features) {
    const stage = stageOf(feature);
    const group = groups.get(stage.key) ?? { stage, features: [] };
    group.features.push(feature);
    groups.set(stage.key, group);
  }
  const rank = ({ key, phase }: Stage) => (phase === undefined ? (key === '' ? 5 : 4) : phase);
  return [...groups.values()].sort((a, b) => rank(a.stage) - rank(b.stage) || a.stage.title.localeCompare(b.stage.title));
}

/** True if the flag matches every word of a search. */
export function matches({ featureName, flagPath, description, owner, tags, aliases }: Feature, words: readonly string[]): boolean {
  const text = [featureName, flagPath, description ?? '', owner ?? '', ...tags, ...aliases].join('\n').toLowerCase();
  return words.every(word => text.includes(word));
}
