/**
 * Documents (section 1): from text to the flags that can be used, the overrides, and every error with its JSON pointer.
 *
 * An error inside a flag leaves out that flag, an error inside a segment breaks the flags that use it, a bad leaf of an override is
 * ignored alone, a broken prerequisite is unmet and leaves nothing out; an error of the document itself refuses it whole.
 */
import { drawer, HASHES, readKey } from './bucket.mjs';
import { canonical } from './canonical.mjs';
import { readCondition } from './conditions.mjs';
import { unitOf } from './context.mjs';
import { below, checkText, isBadText, JsonObject, nestingOf, placesOf, scan } from './json.mjs';
import { DOCUMENT, ERRORS_TOLD, FLAG } from './limits.mjs';
import { readOverrides } from './overrides.mjs';
import { readThreshold } from './percentage.mjs';
import { readTime } from './time.mjs';

const MEMBERS = ['schema', 'environment', 'bucketKey', 'segments', 'flags', 'overrides', 'private'];
const FLAG_MEMBERS = [
  'type',
  'aliases',
  'stage',
  'description',
  'owner',
  'lifetime',
  'expires',
  'locked',
  'tags',
  'metadata',
  'enabled',
  'variants',
  'on',
  'off',
  'default',
  'environments',
  'unit',
  'onMissingUnit',
  'salt',
  'hash',
  'prerequisites',
  'targets',
  'rules',
  'rollout',
];
const STATUSES = ['planned', 'active', 'paused', 'completed', 'rolled_back'];
const RUNNING = ['active', 'paused', 'completed'];
const TYPES = ['boolean', 'string', 'number', 'object'];
const LIFETIMES = ['release', 'experiment', 'operational', 'permission'];
const WHOLE = 100_000;
const isWholeFrom = least => number => Number.isInteger(number) && number >= least && number <= 2 ** 53;
const GUARD_NUMBERS = { errorRate: share => share >= 0 && share <= 1, timeWindow: isWholeFrom(1), minSamples: isWholeFrom(0) };
/** Names that no key, variant and metadata may have. */
const REFUSED_NAMES = ['__proto__', 'prototype', 'constructor'];
/** Names of metadata that Twinflag itself answers, never told from a flag's own. */
const RESERVED_METADATA = ['layer', 'version', 'stale', 'flagConfigEtag'];

/** The document is refused whole. */
class Refusal extends Error {
  constructor(pointer, message) {
    super(message);
    this.pointer = pointer;
  }
}

/** Whether a flag of this type may have this value. Lists count as objects. */
export function isOfType(type, value) {
  return value.type === type || (type === 'object' && value.type === 'list');
}

/**
 * Reads a document from its text.
 *
 * Answers `{refused: true, errors}`, or `{refused: false, errors, errorCount, environment, private, draw, segments, flags, names,
 * overrides}` where `flags` maps keys and `names` keys and aliases to usable flags. `errors` is a list of `{pointer, message}`, the first
 * 1,000 in the order of the document, and `errorCount` the number of all.
 */
export function readDocument(text) {
  try {
    return compile(text);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { refused: true, errors: [{ pointer: error.pointer, message: error.message }] };
  }
}

function compile(text) {
  if (Buffer.byteLength(text) > DOCUMENT.bytes) throw new Refusal('', 'too many bytes');
  let root;
  try {
    root = scan(text);
  } catch {
    throw new Refusal('', 'not JSON');
  }
  if (nestingOf(root) > DOCUMENT.nesting) throw new Refusal('', 'nested too deep');
  const head = readHead(root);
  const errors = new Map();
  const report = (pointer, message) => {
    if (!errors.has(pointer)) errors.set(pointer, message);
    return null;
  };

  const budget = { valueBytes: DOCUMENT.valueBytes, networks: DOCUMENT.networks };
  const segments = readSegments(root.get('segments'), budget, report);
  const candidates = readFlags(root.get('flags'), budget, report);
  useSegments(candidates, segments);
  const names = nameFlags(candidates, report);
  usePrerequisites(candidates, names, report);

  const flags = new Map(candidates.filter(({ isBad }) => !isBad).map(({ key, flag }) => [key, flag]));
  const overrides = readOverrides(root.get('overrides'), names, report);
  return {
    refused: false,
    errors: inOrder(errors, root).slice(0, ERRORS_TOLD),
    errorCount: errors.size,
    environment: head.environment,
    private: head.private,
    draw: drawer(head.key),
    segments,
    flags,
    names,
    overrides,
  };
}

/** `{pointer, message}` of every error, in the order of the document. */
function inOrder(errors, root) {
  if (errors.size === 0) return [];
  const told = new Set(placesOf(root, pointer => errors.has(pointer)));
  return [...told].map(pointer => ({ pointer, message: errors.get(pointer) }));
}

/** The top level: an error here refuses the document. */
function readHead(root) {
  const refuse = (pointer, message) => {
    throw new Refusal(pointer, message);
  };
  if (root.type !== 'object') refuse('', 'expected an object');
  for (const name of root.repeated()) refuse(below('', name), 'member named twice');
  for (const name of root.names) if (!MEMBERS.includes(name)) refuse(below('', name), 'unknown member');
  for (const name of ['schema', 'environment', 'bucketKey', 'private'])
    if (root.has(name)) checkText(root.get(name), below('', name), refuse);
  const [schema, environment, bucketKey, hidden] = ['schema', 'environment', 'bucketKey', 'private'].map(name => root.get(name));
  if (schema === undefined) refuse('', 'missing schema');
  if (schema.value !== 'twinflag/1') refuse('/schema', 'expected twinflag/1');
  if (environment !== undefined && environment.type !== 'string') refuse('/environment', 'expected a string');
  if (bucketKey === undefined) refuse('', 'missing bucketKey');
  const key = bucketKey.type === 'string' ? readKey(bucketKey.value) : null;
  if (key === null) refuse('/bucketKey', 'expected 32 hexadecimal digits');
  for (const name of ['segments', 'flags', 'overrides']) {
    if (root.has(name) && root.get(name).type !== 'object') refuse(below('', name), 'expected an object');
  }
  if (hidden !== undefined) {
    if (hidden.type !== 'list') refuse('/private', 'expected a list');
    if (hidden.items.length > FLAG.list) refuse('/private', 'too many entries');
    for (const [i, item] of hidden.items.entries()) {
      if (item.type !== 'string') refuse(below('/private', i), 'expected a name');
    }
  }
  return { key, environment: environment?.value, private: hidden?.items.map(item => item.value) ?? [] };
}

/** Name → `{condition, isBad, height, …}` for every segment, with references between segments settled. */
function readSegments(node, budget, report) {
  const segments = new Map();
  if (node === undefined) return segments;
  if (node.names.length > DOCUMENT.segments) throw new Refusal('/segments', 'too many segments');
  const repeated = node.repeated();
  for (const [name, value] of node.entries()) {
    const at = below('/segments', name);
    const watch = { isSegment: true, height: 0, references: [], networks: 0 };
    const segment = { at, watch, isBad: false, condition: null, height: 0 };
    segment.wrong = (pointer, message) => {
      segment.isBad = true;
      return report(pointer, message);
    };
    if (repeated.has(name)) segment.wrong(at, 'member named twice');
    if (isBadText(name)) segment.wrong(at, 'U+0000 or a lone surrogate in a name');
    checkText(value, at, segment.wrong);
    checkLists(value, at, segment.wrong);
    segment.condition = readCondition(value, at, segment.wrong, watch);
    segments.set(name, segment);
    charge(budget, segment);
  }
  settleSegments(segments);
  return segments;
}

/** Takes off the budget what a segment or flag holds, if nothing in its own text is wrong. */
function charge(budget, { at, isBad, watch, valueBytes = 0 }) {
  if (isBad) return;
  budget.valueBytes -= valueBytes;
  budget.networks -= watch.networks;
  if (budget.valueBytes < 0) throw new Refusal(at, 'the values take too many bytes');
  if (budget.networks < 0) throw new Refusal(at, 'too many networks');
}

function settleSegments(segments) {
  const targets = segment => segment.watch.references.map(({ name }) => segments.get(name)).filter(each => each !== undefined);
  const group = components([...segments.values()], targets);
  for (const segment of group.keys()) settleReferences(segment, segments, target => group.get(target) === group.get(segment));
}

/**
 * Reports the references of a segment or flag to segments that are missing, in a cycle, broken, or too deep where they stand, and settles
 * its height. The segments that it names are settled before it.
 */
function settleReferences(thing, segments, isInCycle) {
  thing.height = thing.watch.height;
  for (const { name, at, depth } of thing.watch.references) {
    const target = segments.get(name);
    if (target === undefined) thing.wrong(at, 'unknown segment');
    else if (isInCycle(target)) thing.wrong(at, 'segments in a cycle');
    else if (target.isBad) thing.wrong(at, 'broken segment');
    else if (depth + target.height > FLAG.conditionDepth) thing.wrong(at, 'condition too deep');
    else thing.height = Math.max(thing.height, depth + target.height);
  }
}

/**
 * Thing → the number of its strongly connected component (Tarjan), so that an edge lies on a cycle exactly where it stays inside one.
 * A thing comes after those it leads to outside its own component.
 */
function components(things, targets) {
  const order = new Map();
  const low = new Map();
  const group = new Map();
  const stack = [];
  const open = []; // instead of recursion: chains may be as long as a document
  const enter = thing => {
    order.set(thing, order.size);
    low.set(thing, order.get(thing));
    stack.push(thing);
    open.push({ thing, rest: targets(thing)[Symbol.iterator]() });
  };
  const lower = (thing, to) => low.set(thing, Math.min(low.get(thing), to));
  const leave = thing => {
    if (low.get(thing) !== order.get(thing)) return;
    for (;;) {
      const member = stack.pop();
      group.set(member, order.get(thing));
      if (member === thing) return;
    }
  };
  const visit = first => {
    enter(first);
    while (open.length > 0) {
      const { thing, rest } = open[open.length - 1];
      const { done, value: next } = rest.next();
      if (done) {
        open.pop();
        leave(thing);
        if (open.length > 0) lower(open[open.length - 1].thing, low.get(thing));
      } else if (!order.has(next)) {
        enter(next);
      } else if (!group.has(next)) {
        lower(thing, order.get(next));
      }
    }
  };
  for (const thing of things) if (!order.has(thing)) visit(thing);
  return group;
}

/** Whether a text is a flag key or an alias. */
export function isKey(text) {
  if (text.length > 128 || !/^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/.test(text)) return false;
  return !text.split('.').some(segment => REFUSED_NAMES.includes(segment));
}

/** Reports each list with too many entries, wherever it stands. */
function checkLists(value, at, wrong) {
  const queue = [[value, at]];
  while (queue.length > 0) {
    const [node, here] = queue.pop();
    if (node.type === 'list') {
      if (node.items.length > FLAG.list) wrong(here, 'too many entries');
      for (const [i, item] of node.items.entries()) queue.push([item, below(here, i)]);
    } else if (node.type === 'object') {
      for (const [i, name] of node.names.entries()) queue.push([node.values[i], below(here, name)]);
    }
  }
}

/** Every member of `flags` as a candidate `{key, at, isBad, flag, …}`, bad where its own text is wrong. */
function readFlags(node, budget, report) {
  if (node === undefined) return [];
  if (node.names.length > DOCUMENT.flags) throw new Refusal('/flags', 'too many flags');
  const repeated = node.repeated();
  return [...node.entries()].map(([key, value]) => {
    const watch = { isSegment: false, height: 0, references: [], networks: 0 };
    const candidate = { key, at: below('/flags', key), isBad: false, watch, valueBytes: 0, prerequisites: [], aliases: [] };
    candidate.wrong = (pointer, message) => {
      candidate.isBad = true;
      return report(pointer, message);
    };
    if (repeated.has(key)) candidate.wrong(candidate.at, 'member named twice');
    if (!isKey(key)) candidate.wrong(candidate.at, 'malformed key');
    checkText(value, candidate.at, candidate.wrong);
    checkLists(value, candidate.at, candidate.wrong);
    if (value.type === 'object') candidate.flag = readFlag(candidate, value);
    else candidate.wrong(candidate.at, 'expected an object');
    charge(budget, candidate);
    return candidate;
  });
}

function readFlag(candidate, node) {
  const { key, at, wrong, watch } = candidate;
  const unknownMembers = (object, pointer, known) => {
    for (const name of object.entries().keys()) if (!known.includes(name)) wrong(below(pointer, name), 'unknown member');
  };
  const member = (object, pointer, name, type, otherwise) => {
    const value = object.get(name);
    if (value === undefined) return otherwise;
    if (value.type === type) return type === 'list' || type === 'object' ? value : value.value;
    wrong(below(pointer, name), `expected ${type}`);
    return otherwise;
  };
  /** The items of a list member, each read by `read(item, pointer)`; nothing where the member is absent, no list or too long. */
  const items = (object, pointer, name, read, limit = FLAG.list) => {
    const list = member(object, pointer, name, 'list');
    if (list === undefined) return [];
    if (list.items.length > limit) {
      wrong(below(pointer, name), 'too many entries');
      return [];
    }
    return list.items.map((item, i) => read(item, below(below(pointer, name), i)));
  };
  const oneOf = (object, pointer, name, allowed, otherwise) => {
    const value = member(object, pointer, name, 'string', otherwise);
    return allowed.includes(value) ? value : wrong(below(pointer, name), `expected one of ${allowed.join(', ')}`);
  };
  const required = (object, pointer, names) => {
    for (const name of names) if (!object.has(name)) wrong(pointer, `missing ${name}`);
  };
  const object = (value, pointer, known) => {
    if (value.type !== 'object') return wrong(pointer, 'expected an object');
    unknownMembers(value, pointer, known);
    return value;
  };

  unknownMembers(node, at, FLAG_MEMBERS);
  for (const name of ['stage', 'description', 'owner']) member(node, at, name, 'string');
  if (node.has('lifetime')) oneOf(node, at, 'lifetime', LIFETIMES, null);
  if (node.has('expires') && readTime(node.get('expires').value) === null) wrong(below(at, 'expires'), 'expected a time');
  member(node, at, 'locked', 'boolean');
  const metadata = readMetadata(member(node, at, 'metadata', 'object'), below(at, 'metadata'), wrong);
  items(node, at, 'tags', (tag, pointer) => tag.type === 'string' || wrong(pointer, 'expected a string'));
  candidate.aliases = items(node, at, 'aliases', (alias, pointer) => ({ name: alias.type === 'string' ? alias.value : null, at: pointer }));

  const type = oneOf(node, at, 'type', TYPES, 'boolean');
  const variants = readVariants(node, at, type, candidate);
  const namesVariant = (value, pointer) => {
    if (value.type === 'string' && (variants === null || variants.has(value.value))) return value.value;
    return wrong(pointer, 'expected the name of a variant');
  };
  const variantMember = (name, otherwise, mayBeNull) => {
    const value = node.get(name);
    if (value !== undefined) return mayBeNull && value.type === 'null' ? null : namesVariant(value, below(at, name));
    return variants === null || variants.has(otherwise) ? otherwise : wrong(at, `no variant ${otherwise}, and ${name} is absent`);
  };
  const on = variantMember('on', 'on', false);
  const off = variantMember('off', 'off', true);
  const fallback = node.has('default') ? variantMember('default', null, true) : off;

  const environments = new Map();
  const named = member(node, at, 'environments', 'object')?.entries() ?? new Map();
  if (named.size > FLAG.environments) wrong(below(at, 'environments'), 'too many environments');
  else
    for (const [name, value] of named) {
      environments.set(name, value.type === 'null' ? null : namesVariant(value, below(below(at, 'environments'), name)));
    }

  candidate.prerequisites = items(node, at, 'prerequisites', (value, pointer) => {
    if (object(value, pointer, ['flag', 'variants']) === null) return null;
    required(value, pointer, ['flag', 'variants']);
    const flag = member(value, pointer, 'flag', 'string');
    const wanted = items(value, pointer, 'variants', (name, place) =>
      name.type === 'string' ? name.value : wrong(place, 'expected a string'),
    );
    return flag === undefined ? null : { name: flag, at: below(pointer, 'flag'), variants: new Set(wanted), target: null };
  }).filter(each => each !== null);

  const targets = items(
    node,
    at,
    'targets',
    (value, pointer) => {
      if (object(value, pointer, ['attribute', 'values', 'variant']) === null) return null;
      required(value, pointer, ['attribute', 'values', 'variant']);
      return {
        attribute: member(value, pointer, 'attribute', 'string'),
        values: items(value, pointer, 'values', (entry, place) =>
          ['string', 'number', 'boolean'].includes(entry.type) ? entry : wrong(place, 'expected a string, number or boolean'),
        ),
        variant: value.has('variant') ? namesVariant(value.get('variant'), below(pointer, 'variant')) : null,
      };
    },
    FLAG.targets,
  );

  const salt = member(node, at, 'salt', 'string', key);
  const unit = member(node, at, 'unit', 'string', 'targetingKey');

  const readSplit = (value, pointer) => {
    unknownMembers(value, pointer, ['split', 'unit', 'salt']);
    required(value, pointer, ['split']);
    const parts = items(value, pointer, 'split', (part, place) => {
      if (object(part, place, ['variant', 'weight']) === null) return null;
      required(part, place, ['variant', 'weight']);
      const weight = member(part, place, 'weight', 'number');
      const isWhole = weight === undefined || (Number.isInteger(weight) && weight >= 0);
      if (!isWhole) wrong(below(place, 'weight'), 'expected a whole number');
      const variant = part.has('variant') ? namesVariant(part.get('variant'), below(place, 'variant')) : null;
      return weight === undefined || !isWhole ? null : { variant, weight };
    });
    const sum = parts.reduce((total, part) => total + (part?.weight ?? NaN), 0);
    if (value.get('split')?.type === 'list' && !Number.isNaN(sum) && sum !== WHOLE)
      wrong(below(pointer, 'split'), 'weights do not sum to 100000');
    return { parts, unit: member(value, pointer, 'unit', 'string', unit), salt: member(value, pointer, 'salt', 'string', null) };
  };
  const rules = items(
    node,
    at,
    'rules',
    (value, pointer) => {
      if (object(value, pointer, ['name', 'if', 'serve']) === null) return null;
      required(value, pointer, ['serve']);
      const rule = { at: pointer, name: member(value, pointer, 'name', 'string', null), condition: null, variant: null, split: null };
      rule.isNamed = value.has('name');
      if (value.has('if')) rule.condition = readCondition(value.get('if'), below(pointer, 'if'), wrong, watch);
      const serve = value.get('serve');
      if (serve?.type === 'object') rule.split = readSplit(serve, below(pointer, 'serve'));
      else if (serve !== undefined) rule.variant = namesVariant(serve, below(pointer, 'serve'));
      return rule;
    },
    FLAG.rules,
  );
  for (const rule of rules) {
    if (!rule?.split || rule.split.salt !== null) continue;
    if (!rule.isNamed) wrong(rule.at, 'a rule that splits has a name, or its split a salt');
    else if (rules.some(other => other && other !== rule && other.name !== null && other.name === rule.name))
      wrong(below(rule.at, 'name'), 'name not unique');
    rule.split.salt = `${salt}/${rule.name}`;
  }

  const rollout = node.has('rollout')
    ? readRollout(node.get('rollout'), below(at, 'rollout'), { wrong, object, member, items, oneOf })
    : null;

  return {
    key,
    type,
    enabled: member(node, at, 'enabled', 'boolean', true),
    variants,
    on,
    off,
    default: fallback,
    environments,
    unit,
    skipsMissingUnit: oneOf(node, at, 'onMissingUnit', ['error', 'continue'], 'error') === 'continue',
    salt,
    hash: oneOf(node, at, 'hash', HASHES, 'sip-1'),
    prerequisites: candidate.prerequisites,
    targets,
    rules,
    rollout,
    metadata,
  };
}

/** What is told of a flag's metadata as scanned JSON; `undefined` where there is nothing to tell. */
function readMetadata(node, at, wrong) {
  if (node === undefined) return undefined;
  const members = node.entries();
  if (members.size > FLAG.metadataNames) wrong(at, 'too many names');
  if (Buffer.byteLength(canonical(node)) > FLAG.metadataBytes) wrong(at, 'too many bytes');
  const told = new JsonObject();
  for (const [name, value] of members) {
    if (REFUSED_NAMES.includes(name)) wrong(below(at, name), 'refused name');
    if (!['string', 'number', 'boolean'].includes(value.type)) wrong(below(at, name), 'expected a string, number or boolean');
    if (RESERVED_METADATA.includes(name)) continue;
    told.names.push(name);
    told.values.push(value);
  }
  return told.names.length === 0 ? undefined : told;
}

/** Variant name → value, in the order written; `null` where nothing can be said about names. */
function readVariants(node, at, type, candidate) {
  const { wrong } = candidate;
  const value = node.get('variants');
  const pointer = below(at, 'variants');
  if (value === undefined) {
    if (type === null) return null;
    if (type !== 'boolean') return wrong(at, 'missing variants');
    return new Map([
      ['on', { type: 'boolean', value: true }],
      ['off', { type: 'boolean', value: false }],
    ]);
  }
  if (value.type !== 'object') return wrong(pointer, 'expected an object');
  const variants = value.entries();
  if (variants.size === 0) return wrong(pointer, 'expected at least one variant');
  if (variants.size > FLAG.variants) return wrong(pointer, 'too many variants');
  for (const [name, variant] of variants) {
    const bytes = Buffer.byteLength(name);
    if (bytes === 0 || bytes > FLAG.variantName || REFUSED_NAMES.includes(name)) wrong(below(pointer, name), 'refused name');
    if (type !== null && !isOfType(type, variant)) wrong(below(pointer, name), `expected ${type}`);
    else if (type === 'object') candidate.valueBytes += Buffer.byteLength(canonical(variant));
  }
  return variants;
}

function readRollout(node, at, { wrong, object, member, items, oneOf }) {
  if (object(node, at, ['status', 'tier', 'percentage', 'allow', 'deny', 'guard']) === null) return null;
  const status = oneOf(node, at, 'status', STATUSES, 'planned');
  const tier = member(node, at, 'tier', 'number', null);
  if (tier !== null && ![0, 1, 2, 3, 4].includes(tier)) wrong(below(at, 'tier'), 'expected 0, 1, 2, 3 or 4');
  const threshold = node.has('percentage') ? readThreshold(node.get('percentage'), below(at, 'percentage'), wrong) : 0;
  /** `{count, texts}` of a list: an empty string is an entry and no text. */
  const entries = name => {
    const texts = items(node, at, name, (entry, pointer) => {
      const isEntry = entry.type === 'string' || (entry.type === 'number' && unitOf(entry).text !== undefined);
      return isEntry ? unitOf(entry).text : wrong(pointer, 'expected a string or a whole number');
    });
    return { count: texts.length, texts: new Set(texts) };
  };
  const guard = node.has('guard')
    ? object(node.get('guard'), below(at, 'guard'), ['method', 'errorRate', 'timeWindow', 'minSamples'])
    : null;
  if (guard !== null) {
    if (guard.has('method')) oneOf(guard, below(at, 'guard'), 'method', ['sequential', 'threshold'], null);
    for (const [name, isFit] of Object.entries(GUARD_NUMBERS)) {
      const number = member(guard, below(at, 'guard'), name, 'number');
      if (number !== undefined && !isFit(number)) wrong(below(below(at, 'guard'), name), 'out of range');
    }
  }
  const isRunning = RUNNING.includes(status) && tier !== 0;
  return { isRolledBack: status === 'rolled_back', isRunning, tier, threshold, allow: entries('allow'), deny: entries('deny') };
}

/**
 * Every key and kept alias of the flags that are not left out → the flag.
 *
 * An alias that is malformed, equals a key (of a flag that is left out, too) or equals an alias that is kept is dropped.
 */
function nameFlags(candidates, report) {
  const keys = new Set(candidates.map(({ key }) => key));
  const names = new Map(candidates.filter(({ isBad }) => !isBad).map(({ key, flag }) => [key, flag]));
  for (const { aliases, isBad, flag } of candidates) {
    for (const { name, at } of aliases) {
      if (name === null || !isKey(name)) report(at, 'malformed alias');
      else if (keys.has(name) || names.has(name)) report(at, 'the alias equals a key or another alias');
      else if (!isBad) names.set(name, flag);
    }
  }
  return names;
}

function useSegments(candidates, segments) {
  for (const candidate of candidates) settleReferences(candidate, segments, () => false);
}

/**
 * Finds the flag of every prerequisite; `target` stays `null` where it is unknown, left out, or in a cycle with the flag that names it.
 * Cycles are those of the flags that are not left out.
 */
function usePrerequisites(candidates, names, report) {
  const usable = candidates.filter(({ isBad }) => !isBad).map(({ flag }) => flag);
  const targets = flag => flag.prerequisites.map(({ name }) => names.get(name)).filter(each => each !== undefined);
  const group = components(usable, targets);
  for (const { prerequisites, isBad, flag } of candidates) {
    for (const prerequisite of prerequisites) {
      const found = names.get(prerequisite.name);
      if (found === undefined) report(prerequisite.at, 'unknown flag, or one that is left out');
      else if (!isBad && group.get(found) === group.get(flag)) report(prerequisite.at, 'prerequisites in a cycle');
      else prerequisite.target = found;
    }
  }
}
