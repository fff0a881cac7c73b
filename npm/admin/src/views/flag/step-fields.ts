/** The fields of a target or a simple rule, and the JSON that they stand for. */
export type StepKind = 'targets' | 'rules';

/** A step of a definition; without an index one that is to be added at the end. */
export interface StepPlace {
  readonly kind: StepKind;
  readonly index?: number;
}

export interface Fields {
  readonly attribute: string;
  /** The operator; of a target, `in`. */
  readonly op: string;
  /** The values as people type them: one a line where there may be several. */
  readonly values: string;
  readonly variant: string;
  /** The variants of the flag. */
  readonly variants: readonly string[];
}

type Json = Record<string, unknown>;

/** The step at a place; `undefined` for one that is to be added. */
export function valueAt(definition: unknown, { kind, index }: StepPlace): unknown {
  const list = isObject(definition) ? definition[kind] : undefined;
  return index === undefined || !Array.isArray(list) ? undefined : list[index];
}

/** The fields of a step; `undefined` if it says more than they can. */
export function fieldsOf(kind: StepKind, step: unknown, definition: unknown): Fields | undefined {
  const flag: Json = isObject(definition) ? definition : {};
  const variants = isObject(flag.variants) ? Object.keys(flag.variants) : ['on', 'off'];
  const first = { variants, variant: variants[0] ?? 'on' };
  const unit = typeof flag.unit === 'string' ? flag.unit : 'targetingKey';
  if (step === undefined) return { ...first, attribute: kind === 'targets' ? unit : '', op: kind === 'targets' ? 'in' : 'eq', values: '' };
  if (!isObject(step)) return undefined;
  if (kind === 'targets') {
    const { attribute = 'targetingKey', values, variant } = step;
    if (typeof attribute !== 'string' || !isTexts(values) || typeof variant !== 'string') return undefined;
    return { ...first, attribute, op: 'in', values: values.join('\n'), variant };
  }
  const { if: condition, serve } = step;
  if (!isObject(condition) || typeof serve !== 'string') return undefined;
  const { attribute = 'targetingKey', op, value, ...more } = condition;
  if (typeof attribute !== 'string' || typeof op !== 'string' || Object.keys(more).length > 0) return undefined;
  if (Array.isArray(value) !== (op === 'in' || op === 'notIn') || (op === 'exists' && value === false)) return undefined;
  const values = Array.isArray(value) ? value.map(spelled).join('\n') : value === undefined ? '' : spelled(value);
  return { ...first, attribute, op, values, variant: serve };
}

/** The JSON of fields; members of the step before that no field has are kept. */
export function stepOf(kind: StepKind, { attribute, op, values, variant }: Fields, before: unknown): Json {
  const kept: Json = isObject(before) ? before : {};
  const lines = [
    ...new Set(
      values
        .split(/\r?\n/)
        .map(line => line.trim())
        .filter(Boolean),
    ),
  ];
  if (kind === 'targets') return { ...kept, attribute, values: lines, variant };
  const value = op === 'exists' ? true : op === 'in' || op === 'notIn' ? lines.map(read) : read(values.trim());
  return { ...kept, if: { attribute, op, value }, serve: variant };
}

/** A scalar as people type it: a number, `true` or `false`, a text in quotes, or any other text as it stands. */
function read(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' ? text : value;
  } catch {
    return text;
  }
}

/** The spelling that {@link read} takes back. */
function spelled(value: unknown): string {
  return typeof value === 'string' && read(value) === value ? value : JSON.stringify(value);
}

function isTexts(values: unknown): values is readonly string[] {
  return Array.isArray(values) && values.every(value => typeof value === 'string');
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
