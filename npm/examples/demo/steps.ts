/** An explanation, put into words: the steps in their order, what each looked at, and how close it was. */
import { make } from './dom.js';

/** As `sdk-core/src/evaluate/explain/write.rs` writes it. */
export interface Explanation {
  readonly evaluation: {
    readonly value?: unknown;
    readonly variant?: string;
    readonly reason: string;
    readonly errorCode?: string;
    readonly layer?: string;
  };
  readonly steps: readonly Step[];
}

interface Step {
  readonly step: string;
  readonly pointer: string;
  readonly answered: boolean;
  readonly conditions?: readonly Check[];
  readonly unit?: { readonly attribute: string; readonly value?: unknown };
  readonly bucket?: number;
  readonly bounds?: readonly number[];
  readonly variant?: string;
}

interface Check {
  readonly pointer: string;
  readonly op: string;
  readonly held: boolean;
  readonly attribute?: string;
  readonly operand?: unknown;
  readonly as?: 'number';
  readonly ignoreCase?: true;
  readonly loose?: true;
  readonly actual?: unknown;
}

const BUCKETS = 100_000;
const NAMES: Readonly<Record<string, string>> = {
  kill: 'Kill switch',
  prerequisite: 'Prerequisite',
  overrides: 'Overrides of customer and organization',
  deny: 'Deny list',
  allow: 'Allow list',
  target: 'Individual target',
  rule: 'Rule',
  percentage: 'Rollout percentage',
  environment: 'Default of the environment',
  default: 'Default of the flag',
};
const whole = new Intl.NumberFormat('en');

export function showExplanation({ evaluation, steps }: Explanation): Node {
  if (steps.length === 0) return make('p', {}, `No step was taken: ${evaluation.errorCode ?? evaluation.reason}.`);
  return make('ol', { class: 'steps' }, ...steps.map(step => showStep(step, evaluation.errorCode)));
}

function showStep(step: Step, errorCode: string | undefined): HTMLElement {
  const nearMiss = !step.answered && (step.conditions ?? []).some(({ attribute, held }) => attribute !== undefined && held);
  const outcome = step.answered ? (errorCode ? `stopped here: ${errorCode}` : 'answered') : nearMiss ? 'near miss' : 'passed';
  const item = make('li', { class: step.answered ? 'step answered' : nearMiss ? 'step near' : 'step' });
  item.append(
    make('p', { class: 'step-head' }, make('strong', {}, NAMES[step.step] ?? step.step), ' ', make('span', { class: 'outcome' }, outcome)),
  );
  if (step.variant !== undefined) item.append(make('p', {}, 'The other flag is ', code(step.variant), '.'));
  // Outermost first, as one would read them.
  const checks = (step.conditions ?? []).toSorted((a, b) => a.pointer.length - b.pointer.length || (a.pointer < b.pointer ? -1 : 1));
  if (checks.length > 0) item.append(make('ul', { class: 'checks' }, ...checks.map(showCheck)));
  const { unit, bucket, bounds } = step;
  if (bucket !== undefined && bounds?.[0] !== undefined) item.append(...showDraw(bucket, bounds, unit));
  else if (unit)
    item.append(
      make(
        'p',
        {},
        'Asked for ',
        code(unit.attribute),
        unit.value === undefined ? ', which is absent.' : ': ',
        ...(unit.value === undefined ? [] : [code(JSON.stringify(unit.value)), '.']),
      ),
    );
  item.append(make('p', { class: 'pointer' }, step.pointer));
  return item;
}

function showCheck({ op, attribute, operand, actual, held, ...options }: Check): HTMLElement {
  const mark = make('span', { class: held ? 'held' : 'failed' }, held ? '✓ holds' : '✗ fails');
  if (attribute === undefined) return make('li', {}, mark, ' ', code(op), ' of the conditions inside');
  const found = actual === undefined ? 'the visitor has none' : 'the visitor has ';
  const test = operand === undefined ? `${attribute} ${op}` : `${attribute} ${op} ${JSON.stringify(operand)}`;
  return make(
    'li',
    {},
    mark,
    ' ',
    code([test, ...showOptions(options)].join(', ')),
    ': ',
    found,
    ...(actual === undefined ? [] : [code(JSON.stringify(actual))]),
  );
}

/** The options of a test as the document has them. */
function showOptions({ ignoreCase, loose, as }: Pick<Check, 'ignoreCase' | 'loose' | 'as'>): string[] {
  return [ignoreCase ? 'ignoreCase' : '', loose ? 'loose' : '', as === undefined ? '' : `as ${as}`].filter(option => option !== '');
}

/** The bucket against what it was compared with, in words and on a scale. */
function showDraw(bucket: number, bounds: readonly number[], unit: Step['unit']): HTMLElement[] {
  const bound = bounds[0] ?? 0;
  const words = make('p', {});
  if (unit) words.append(code(`${unit.attribute} ${JSON.stringify(unit.value)}`), ' falls into ');
  words.append(`bucket ${whole.format(bucket)} of ${whole.format(BUCKETS)}`);
  words.append(bounds.length > 1 ? '.' : bucket < bound ? `, below ${whole.format(bound)}.` : `, not below ${whole.format(bound)}.`);
  const scale = make('div', { class: 'scale', 'aria-hidden': 'true' });
  const share = make('span', { class: 'share' });
  share.style.inlineSize = `${(100 * bound) / BUCKETS}%`;
  const at = make('span', { class: 'at' });
  at.style.insetInlineStart = `${(100 * bucket) / BUCKETS}%`;
  scale.append(share, at);
  return [words, scale];
}

function code(text: string): HTMLElement {
  return make('code', {}, text);
}
