/** Conditions (section 5): reading them from a document, and whether one holds. */
import { isInNetwork, readAddress, readNetwork } from './cidr.mjs';
import { lookUp } from './context.mjs';
import { below } from './json.mjs';
import { compilePattern, PatternError } from './pattern.mjs';
import { compareVersions, isInCaret, isInTilde, parseVersion } from './semver.mjs';
import { readTime } from './time.mjs';

const SCALARS = ['string', 'number', 'boolean'];
const FOLDING = new Set(['eq', 'neq', 'in', 'notIn', 'contains', 'startsWith', 'endsWith']);

/** Each scalar value lower-cased by itself, so that a Σ is σ wherever it stands. */
export function lower(text) {
  let out = '';
  for (const c of text) out += c.toLowerCase();
  return out;
}

/** What reads an operand: the JSON value to what `holds` compares with, or `null` with an error reported. */
const OPERANDS = {
  scalar: (value, at, report) => (SCALARS.includes(value.type) ? value : report(at, 'expected a string, number or boolean')),
  text: (value, at, report) => (value.type === 'string' ? value.value : report(at, 'expected a string')),
  number: (value, at, report) => (value.type === 'number' ? value.value : report(at, 'expected a number')),
  time: (value, at, report) => timeOf(value) ?? report(at, 'expected a time'),
  version: (value, at, report) => versionOf(value) ?? report(at, 'expected a semantic version'),
  scalars: (value, at, report) => list(value, at, report, OPERANDS.scalar),
  networks: (value, at, report) =>
    list(value, at, report, (item, below) => (item.type === 'string' ? readNetwork(item.value) : null) ?? report(below, 'expected a network')),
  pattern: (value, at, report) => {
    if (value.type !== 'string') return report(at, 'expected a pattern');
    try {
      return compilePattern(value.value);
    } catch (error) {
      if (error instanceof PatternError) return report(at, `pattern does not compile: ${error.message}`);
      throw error;
    }
  },
};

function list(value, at, report, read) {
  if (value.type !== 'list') return report(at, 'expected a list');
  const items = value.items.map((item, i) => read(item, below(at, i), report));
  return items.includes(null) ? null : items;
}

const timeOf = (value) => (value.type === 'number' || value.type === 'string' ? readTime(value.value) : null);
const versionOf = (value) => (value.type === 'string' ? parseVersion(value.value) : null);

const number = (compare) => ({ operand: 'number', holds: (a, b) => a.type === 'number' && compare(a.value, b) });
const read = (operand, parse, compare) => ({
  operand,
  holds: (a, b) => {
    const parsed = parse(a);
    return parsed !== null && compare(parsed, b);
  },
});
const version = (compare) => read('version', versionOf, compare);
const affix = (method) => ({
  operand: 'text',
  holds: (a, b, fold) => a.type === 'string' && (fold ? lower(a.value)[method](lower(b)) : a.value[method](b)),
});

/** Equality of a value with a scalar of the document; other kinds are never equal. */
export function isSame(a, b, fold) {
  if (a.type !== b.type || !SCALARS.includes(a.type)) return false;
  return fold && a.type === 'string' ? lower(a.value) === lower(b.value) : a.value === b.value;
}

/** Every operator but `exists`: how its operand is read, and whether it holds for a present value. */
export const OPERATORS = {
  eq: { operand: 'scalar', holds: isSame },
  neq: { operand: 'scalar', holds: (a, b, fold) => a.type === b.type && !isSame(a, b, fold) },
  in: { operand: 'scalars', holds: (a, entries, fold) => entries.some((entry) => isSame(a, entry, fold)) },
  notIn: {
    operand: 'scalars',
    holds: (a, entries, fold) => entries.some((entry) => entry.type === a.type) && !entries.some((entry) => isSame(a, entry, fold)),
  },
  contains: {
    operand: 'scalar',
    holds: (a, b, fold) => {
      if (a.type === 'list') return a.items.some((item) => isSame(item, b, fold));
      if (a.type !== 'string' || b.type !== 'string') return false;
      return fold ? lower(a.value).includes(lower(b.value)) : a.value.includes(b.value);
    },
  },
  startsWith: affix('startsWith'),
  endsWith: affix('endsWith'),
  lt: number((a, b) => a < b),
  lte: number((a, b) => a <= b),
  gt: number((a, b) => a > b),
  gte: number((a, b) => a >= b),
  before: read('time', timeOf, (a, b) => a < b),
  after: read('time', timeOf, (a, b) => a > b),
  semverEq: version((a, b) => compareVersions(a, b) === 0),
  semverGt: version((a, b) => compareVersions(a, b) > 0),
  semverGte: version((a, b) => compareVersions(a, b) >= 0),
  semverLt: version((a, b) => compareVersions(a, b) < 0),
  semverLte: version((a, b) => compareVersions(a, b) <= 0),
  semverCaret: version(isInCaret),
  semverTilde: version(isInTilde),
  matches: { operand: 'pattern', holds: (a, pattern) => a.type === 'string' && pattern.test(a.value) },
  cidr: read(
    'networks',
    (value) => (value.type === 'string' ? readAddress(value.value) : null),
    (address, networks) => networks.some((network) => isInNetwork(address, network)),
  ),
};

/** Whether a condition that was read without an error holds. */
export function holds(condition, { context, now, segments }) {
  const scope = { context, now, segments };
  switch (condition.kind) {
    case 'all':
      return condition.of.every((each) => holds(each, scope));
    case 'any':
      return condition.of.some((each) => holds(each, scope));
    case 'not':
      return !holds(condition.of, scope);
    case 'segment':
      return holds(segments.get(condition.name).condition, scope);
    default: {
      const value = lookUp(context, condition.attribute, now);
      if (condition.op === 'exists') return value !== undefined;
      return value !== undefined && OPERATORS[condition.op].holds(value, condition.operand, condition.fold);
    }
  }
}

/**
 * Reads one condition of a document; `null` where it is wrong, with every error given to `report`, which returns `null`.
 *
 * `watch` is told what is met on the way: `depth(depth, at)`, `list(value, at)` and `segment(name, at, depth)`.
 */
export function readCondition(node, at, report, watch, depth = 1) {
  watch.depth(depth, at);
  if (node.type !== 'object') return report(at, 'expected a condition');
  const forms = ['attribute', 'all', 'any', 'not', 'segment'].filter((form) => node.has(form));
  if (forms.length !== 1) return report(at, 'a condition has exactly one of attribute, all, any, not, segment');
  const [form] = forms;
  const members = form === 'attribute' ? ['attribute', 'op', 'value', 'ignoreCase'] : [form];
  let isGood = true;
  for (const name of node.entries().keys()) {
    if (members.includes(name)) continue;
    report(below(at, name), 'unknown member');
    isGood = false;
  }
  const condition = readForm(form, node, at, report, watch, depth);
  return isGood ? condition : null;
}

function readForm(form, node, at, report, watch, depth) {
  const value = node.get(form);
  const here = below(at, form);
  if (form === 'attribute') return readTest(node, at, report, watch);
  if (form === 'segment') {
    if (value.type !== 'string') return report(here, 'expected the name of a segment');
    watch.segment(value.value, here, depth);
    return { kind: 'segment', name: value.value };
  }
  if (form === 'not') {
    const of = readCondition(value, here, report, watch, depth + 1);
    return of && { kind: 'not', of };
  }
  if (value.type !== 'list') return report(here, 'expected a list of conditions');
  watch.list(value, here);
  const of = value.items.map((item, i) => readCondition(item, below(here, i), report, watch, depth + 1));
  return of.includes(null) ? null : { kind: form, of };
}

function readTest(node, at, report, watch) {
  const [attribute, op, value, ignoreCase] = ['attribute', 'op', 'value', 'ignoreCase'].map((name) => node.get(name));
  let isGood = true;
  const wrong = (pointer, message) => {
    isGood = false;
    return report(pointer, message);
  };
  if (attribute.type !== 'string') wrong(below(at, 'attribute'), 'expected a name');
  if (op === undefined) return wrong(at, 'missing op');
  if (op.type !== 'string' || (op.value !== 'exists' && !Object.hasOwn(OPERATORS, op.value))) return wrong(below(at, 'op'), 'unknown operator');
  if (ignoreCase !== undefined) {
    if (!FOLDING.has(op.value)) wrong(below(at, 'ignoreCase'), `${op.value} takes no ignoreCase`);
    else if (ignoreCase.type !== 'boolean') wrong(below(at, 'ignoreCase'), 'expected a boolean');
  }
  let operand;
  if (op.value === 'exists') {
    if (value !== undefined) wrong(below(at, 'value'), 'exists takes no value');
  } else if (value === undefined) {
    wrong(at, 'missing value');
  } else {
    if (value.type === 'list') watch.list(value, below(at, 'value'));
    operand = OPERANDS[OPERATORS[op.value].operand](value, below(at, 'value'), wrong);
  }
  return isGood ? { kind: 'test', attribute: attribute.value, op: op.value, operand, fold: ignoreCase?.value === true } : null;
}
