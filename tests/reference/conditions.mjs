/** Conditions (section 5): reading them from a document, and whether one holds. */
import { isInNetwork, readAddress, readNetwork } from './cidr.mjs';
import { lookUp, unitOf } from './context.mjs';
import { readDecimal } from './decimal.mjs';
import { below } from './json.mjs';
import { FLAG } from './limits.mjs';
import { compilePattern, PatternError } from './pattern.mjs';
import { readThreshold } from './percentage.mjs';
import { compareVersions, isInCaret, isInTilde, parseLooseVersion, parseVersion } from './semver.mjs';
import { readTime } from './time.mjs';

const SCALARS = ['string', 'number', 'boolean'];
const FORMS = ['attribute', 'all', 'any', 'not', 'segment', 'percentage'];
/** Each option of a test: the operators that take it, and its values. */
const OPTIONS = {
  ignoreCase: { operators: ['eq', 'neq', 'in', 'notIn', 'contains', 'hasAny', 'hasAll', 'startsWith', 'endsWith'], values: [true, false] },
  loose: { operators: ['semverEq', 'semverGt', 'semverGte', 'semverLt', 'semverLte', 'semverCaret', 'semverTilde'], values: [true, false] },
  as: { operators: ['eq', 'neq', 'in', 'notIn', 'lt', 'lte', 'gt', 'gte'], values: ['number'] },
};

/** Each scalar value lower-cased by itself, so that a Σ is σ wherever it stands. */
export function lower(text) {
  let out = '';
  for (const c of text) out += c.toLowerCase();
  return out;
}

/** What reads an operand: the JSON value to what `holds` compares with, or `null` with an error reported. `options` are the test's own. */
const OPERANDS = {
  scalar: (value, at, report, { as }) => {
    if (as !== undefined) return value.type === as ? value : report(at, `expected a ${as}`);
    return SCALARS.includes(value.type) ? value : report(at, 'expected a string, number or boolean');
  },
  text: (value, at, report) => (value.type === 'string' ? value.value : report(at, 'expected a string')),
  number: (value, at, report) => (value.type === 'number' ? value.value : report(at, 'expected a number')),
  time: (value, at, report) => timeOf(value) ?? report(at, 'expected a time'),
  version: (value, at, report, { loose }) => versionOf(value, loose) ?? report(at, 'expected a semantic version'),
  scalars: (value, at, report, options) => list(value, at, report, (item, place) => OPERANDS.scalar(item, place, report, options)),
  networks: (value, at, report) => list(value, at, report, (item, place) => networkOf(item) ?? report(place, 'expected a network')),
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
  if (value.items.length > FLAG.list) return report(at, 'too many entries');
  const items = value.items.map((item, i) => read(item, below(at, i)));
  return items.includes(null) ? null : items;
}

const timeOf = value => (value.type === 'number' || value.type === 'string' ? readTime(value.value) : null);
const networkOf = value => (value.type === 'string' ? readNetwork(value.value) : null);
const versionOf = (value, loose) => (value.type === 'string' ? (loose ? parseLooseVersion : parseVersion)(value.value) : null);

/** A value as the option `as: "number"` takes it; `undefined` where it is of the wrong kind. */
function asNumber(value) {
  if (value.type === 'number') return value;
  const number = value.type === 'string' ? readDecimal(value.value) : null;
  return number === null ? undefined : { type: 'number', value: number };
}

const number = compare => ({ operand: 'number', holds: (a, b) => a.type === 'number' && compare(a.value, b) });
const read = (operand, parse, compare) => ({
  operand,
  holds: (a, b, { loose }) => {
    const parsed = parse(a, loose);
    return parsed !== null && compare(parsed, b);
  },
});
const version = compare => read('version', versionOf, compare);
const affix = method => ({
  operand: 'text',
  holds: (a, b, { ignoreCase }) => a.type === 'string' && (ignoreCase ? lower(a.value)[method](lower(b)) : a.value[method](b)),
});

/** Equality of a value with a scalar of the document; other kinds are never equal. */
export function isSame(a, b, ignoreCase) {
  if (a.type !== b.type || !SCALARS.includes(a.type)) return false;
  return ignoreCase && a.type === 'string' ? lower(a.value) === lower(b.value) : a.value === b.value;
}

function isMember(scalar, list, ignoreCase) {
  return list.items.some(item => isSame(item, scalar, ignoreCase));
}

const members = method => ({
  operand: 'scalars',
  holds: (a, entries, { ignoreCase }) => a.type === 'list' && entries[method](entry => isMember(entry, a, ignoreCase)),
});

/** Every operator but `exists`: how its operand is read, and whether it holds for a present value under the test's options. */
export const OPERATORS = {
  eq: { operand: 'scalar', holds: (a, b, { ignoreCase }) => isSame(a, b, ignoreCase) },
  neq: { operand: 'scalar', holds: (a, b, { ignoreCase }) => a.type === b.type && !isSame(a, b, ignoreCase) },
  in: { operand: 'scalars', holds: (a, entries, { ignoreCase }) => entries.some(entry => isSame(a, entry, ignoreCase)) },
  notIn: {
    operand: 'scalars',
    holds: (a, entries, { ignoreCase }) =>
      SCALARS.includes(a.type) &&
      (entries.length === 0 || entries.some(entry => entry.type === a.type)) &&
      !entries.some(entry => isSame(a, entry, ignoreCase)),
  },
  contains: {
    operand: 'scalar',
    holds: (a, b, { ignoreCase }) => {
      if (a.type === 'list') return isMember(b, a, ignoreCase);
      if (a.type !== 'string' || b.type !== 'string') return false;
      return ignoreCase ? lower(a.value).includes(lower(b.value)) : a.value.includes(b.value);
    },
  },
  hasAny: members('some'),
  hasAll: members('every'),
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
    value => (value.type === 'string' ? readAddress(value.value) : null),
    (address, networks) => networks.some(network => isInNetwork(address, network)),
  ),
};

/**
 * Whether a condition that was read without an error holds in `scope`: `{context, now, segments, draw, hash, unit}`, the last two being the
 * flag's.
 */
export function holds(condition, scope) {
  const { context, now, segments } = scope;
  switch (condition.kind) {
    case 'all':
      return condition.of.every(each => holds(each, scope));
    case 'any':
      return condition.of.some(each => holds(each, scope));
    case 'not':
      return !holds(condition.of, scope);
    case 'segment':
      return holds(segments.get(condition.name).condition, { ...scope, hash: 'sip-1' });
    case 'percentage': {
      const { text } = unitOf(lookUp(context, condition.unit ?? scope.unit, now));
      if (text === undefined) return false;
      const bucket = scope.draw(scope.hash, condition.salt, text);
      return condition.from <= bucket && bucket < condition.to;
    }
    default: {
      const found = lookUp(context, condition.attribute, now);
      if (condition.op === 'exists') return found !== undefined;
      const value = condition.options.as === 'number' && found !== undefined ? asNumber(found) : found;
      return value !== undefined && OPERATORS[condition.op].holds(value, condition.operand, condition.options);
    }
  }
}

/**
 * Reads one condition of a document; `null` where it is wrong, with every error given to `report`, which returns `null`.
 *
 * `watch` is `{isSegment, height, references, networks}`: whether the condition is a segment's, its greatest depth, `{name, at, depth}` of
 * every segment that it names, and how many networks it lists.
 */
export function readCondition(node, at, report, watch, depth = 1) {
  if (depth > FLAG.conditionDepth) return report(at, 'condition too deep');
  watch.height = Math.max(watch.height, depth);
  if (node.type !== 'object') return report(at, 'expected a condition');
  const forms = FORMS.filter(form => node.has(form));
  if (forms.length !== 1) return report(at, `a condition has exactly one of ${FORMS.join(', ')}`);
  const [form] = forms;
  const members = form === 'attribute' ? ['attribute', 'op', 'value', ...Object.keys(OPTIONS)] : [form];
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
  if (form === 'percentage') return readPercentage(value, here, report, watch);
  if (form === 'segment') {
    if (value.type !== 'string') return report(here, 'expected the name of a segment');
    watch.references.push({ name: value.value, at: here, depth });
    return { kind: 'segment', name: value.value };
  }
  if (form === 'not') {
    const of = readCondition(value, here, report, watch, depth + 1);
    return of && { kind: 'not', of };
  }
  const of = list(value, here, report, (item, place) => readCondition(item, place, report, watch, depth + 1));
  return of && { kind: form, of };
}

/** The part of a draw that a condition asks for: buckets from `from` up to and without `to`. */
function readPercentage(node, at, report, watch) {
  if (node.type !== 'object') return report(at, 'expected an object');
  let isGood = true;
  const wrong = (pointer, message) => {
    isGood = false;
    return report(pointer, message);
  };
  for (const name of node.entries().keys()) if (!['from', 'to', 'salt', 'unit'].includes(name)) wrong(below(at, name), 'unknown member');
  for (const name of watch.isSegment ? ['to', 'salt', 'unit'] : ['to', 'salt']) if (!node.has(name)) wrong(at, `missing ${name}`);
  const [from, to] = ['from', 'to'].map(name => (node.has(name) ? readThreshold(node.get(name), below(at, name), wrong) : 0));
  for (const name of ['salt', 'unit']) if (node.has(name) && node.get(name).type !== 'string') wrong(below(at, name), 'expected a string');
  if (isGood && from > to) wrong(at, 'from is more than to');
  return isGood ? { kind: 'percentage', from, to, salt: node.get('salt').value, unit: node.get('unit')?.value } : null;
}

function readTest(node, at, report, watch) {
  const [attribute, op, value] = ['attribute', 'op', 'value'].map(name => node.get(name));
  let isGood = true;
  const wrong = (pointer, message) => {
    isGood = false;
    return report(pointer, message);
  };
  if (attribute.type !== 'string') wrong(below(at, 'attribute'), 'expected a name');
  if (op === undefined) return wrong(at, 'missing op');
  const isKnown = op.type === 'string' && (op.value === 'exists' || Object.hasOwn(OPERATORS, op.value));
  if (!isKnown) return wrong(below(at, 'op'), 'unknown operator');
  const options = {};
  for (const [name, { operators, values }] of Object.entries(OPTIONS)) {
    if (!node.has(name)) continue;
    const { value: option } = node.get(name);
    if (!operators.includes(op.value)) wrong(below(at, name), `${op.value} takes no ${name}`);
    else if (!values.includes(option)) wrong(below(at, name), `expected ${values.join(' or ')}`);
    else options[name] = option;
  }
  let operand;
  if (op.value === 'exists') {
    if (value !== undefined) wrong(below(at, 'value'), 'exists takes no value');
  } else if (value === undefined) {
    wrong(at, 'missing value');
  } else {
    operand = OPERANDS[OPERATORS[op.value].operand](value, below(at, 'value'), wrong, options);
    if (op.value === 'cidr' && operand !== null) watch.networks += operand.length;
  }
  return isGood ? { kind: 'test', attribute: attribute.value, op: op.value, operand, options } : null;
}
