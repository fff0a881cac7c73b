// The widget's configuration without a flag server: what is checked, read and merged.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import * as ofTheWidget from '../../npm/chat-widget/dist/entry/config.js';
import * as ofTheEdge from '../../npm/edge/dist/entry/widget-config.js';
import {
  areAllEnabled,
  configForEnvironment,
  DEFAULT_CHAT_WIDGET_CONFIG,
  enabledFeatures,
  isFeatureOn,
  mergeConfig,
  validateConfig,
  WIDGET_FEATURES,
} from '../../npm/edge/dist/entry/widget-config.js';

// As the source documents write them.
const PHASES = {
  phase1: ['parentStorage', 'crossDomainMessaging', 'autoRestore'],
  phase2: ['enhancedStorage', 'connectionMonitoring', 'retryLogic'],
  phase3: ['tabSync', 'performanceMode', 'analytics'],
};
const pathsOf = (...phases) => phases.flatMap(phase => PHASES[phase].map(name => `sessionPersistence.${phase}.${name}`)).sort();
const enabled = config => enabledFeatures(config).sort();
const copy = () => structuredClone(DEFAULT_CHAT_WIDGET_CONFIG);

test('the widget’s package and the edge’s have the same', () => {
  const shape = module =>
    JSON.stringify(Object.entries(module).map(([name, value]) => [name, typeof value === 'function' ? typeof value : value]));
  assert.equal(shape(ofTheWidget), shape(ofTheEdge));
  assert.ok(Object.keys(ofTheWidget).length > 5);
});

test('the first phase is on by default, and the two others are off', () => {
  assert.deepEqual([...WIDGET_FEATURES].sort(), pathsOf('phase1', 'phase2', 'phase3'));
  assert.deepEqual(enabled(DEFAULT_CHAT_WIDGET_CONFIG), pathsOf('phase1'));
  assert.deepEqual(
    ['phase1', 'phase2', 'phase3'].map(phase => areAllEnabled(DEFAULT_CHAT_WIDGET_CONFIG, phase)),
    [true, false, false],
  );
});

test('production has the first phase, staging two and development all, and one may change some of it', () => {
  assert.deepEqual(enabled(configForEnvironment('production')), pathsOf('phase1'));
  assert.deepEqual(enabled(configForEnvironment('staging')), pathsOf('phase1', 'phase2'));
  assert.deepEqual(enabled(configForEnvironment('development')), pathsOf('phase1', 'phase2', 'phase3'));
  for (const other of ['test', '', 'toString', '__proto__']) assert.deepEqual(configForEnvironment(other), DEFAULT_CHAT_WIDGET_CONFIG);
  const mine = configForEnvironment('staging', { sessionPersistence: { phase2: { retryLogic: false }, phase3: { tabSync: true } } });
  assert.deepEqual(
    enabled(mine),
    [...pathsOf('phase1', 'phase2'), 'sessionPersistence.phase3.tabSync'].filter(path => !path.endsWith('retryLogic')),
  );
});

test('a merge changes what it names and nothing else, and leaves both sides as they were', () => {
  const before = copy();
  const changes = { sessionPersistence: { phase1: { autoRestore: false }, phase2: undefined } };
  const merged = mergeConfig(DEFAULT_CHAT_WIDGET_CONFIG, changes);
  assert.equal(isFeatureOn(merged, 'sessionPersistence.phase1.autoRestore'), false);
  assert.deepEqual(
    enabled(merged),
    pathsOf('phase1').filter(path => !path.endsWith('autoRestore')),
  );
  assert.deepEqual(DEFAULT_CHAT_WIDGET_CONFIG, before);
  assert.ok(Object.isFrozen(merged.sessionPersistence.phase1));
  assert.throws(() => mergeConfig(before, { sessionPersistence: { phase2: { tabSync: true } } }), {
    name: 'TypeError',
    message: '/sessionPersistence/phase2/tabSync is no feature of the chat widget',
  });
  assert.throws(() => mergeConfig(before, null), /the configuration is null; it must be an object/);
});

test('a whole configuration is taken, and anything else told with its place', () => {
  const { config, errors } = validateConfig(copy());
  assert.deepEqual([config, errors], [DEFAULT_CHAT_WIDGET_CONFIG, []]);
  const spoilt = copy();
  spoilt.sessionPersistence.phase1.autoRestore = 'yes';
  delete spoilt.sessionPersistence.phase3.tabSync;
  spoilt.sessionPersistence.phase2['a/b'] = true;
  spoilt['sessionPersistence.phase1'] = { autoRestore: true };
  spoilt.more = { deep: {} };
  const no = 'is no feature of the chat widget';
  assert.deepEqual(validateConfig(spoilt).errors, [
    { pointer: '/sessionPersistence/phase1/autoRestore', message: 'is a value of type string; it must be true or false' },
    { pointer: '/sessionPersistence/phase2/a~1b', message: no },
    { pointer: '/sessionPersistence.phase1', message: no },
    { pointer: '/more', message: no },
    { pointer: '/sessionPersistence/phase3/tabSync', message: 'is missing; it must be true or false' },
  ]);
  assert.deepEqual(validateConfig({ sessionPersistence: [] }).errors, [
    { pointer: '/sessionPersistence', message: 'is a list; it must be an object' },
  ]);
  assert.deepEqual(validateConfig(JSON.parse('{"__proto__":{"sessionPersistence":true}}')).errors[0], {
    pointer: '/__proto__',
    message: no,
  });
  for (const value of [undefined, null, 7, 'text', []]) assert.equal(validateConfig(value).errors[0].pointer, '');
});

test('a hundred errors are told at most, and of a value of any depth', () => {
  assert.equal(validateConfig(Object.fromEntries(Array.from({ length: 5000 }, (_, n) => [`f${n}`, true]))).errors.length, 100);
  const ring = copy();
  ring.sessionPersistence.phase1.autoRestore = ring;
  assert.deepEqual(
    validateConfig(ring).errors.map(({ pointer }) => pointer),
    ['/sessionPersistence/phase1/autoRestore'],
  );
});

test('a path that is no feature is refused', () => {
  for (const path of ['', 'sessionPersistence', 'sessionPersistence.phase1.tabSync', 'toString'])
    assert.throws(() => isFeatureOn(DEFAULT_CHAT_WIDGET_CONFIG, path), RangeError);
});

test('the defaults are those of the flag server', async () => {
  const written = JSON.parse(await readFile(new URL('../../edge-worker/widget-defaults.json', import.meta.url), 'utf8'));
  assert.deepEqual(validateConfig(written), { config: DEFAULT_CHAT_WIDGET_CONFIG, errors: [] });
});
