// The check of an edge function: an answer in time, or the default and why.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { beforeEach, test } from 'node:test';

import { checkFeatureFlag } from '../../npm/edge/dist/entry/index.js';
import { ownServer } from '../own-server.mjs';

const rule = (attribute, value) => ({ rules: [{ name: 'r', if: { attribute, op: 'eq', value }, serve: 'on' }] });
const DOCUMENT = {
  schema: 'twinflag/1',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: {
    mine: rule('userId', 'u-1'),
    paid: rule('plan', 'pro'),
    everybody: { rollout: { status: 'active', percentage: 100 } },
    killed: { enabled: false, default: 'on' },
    text: { type: 'string', variants: { a: 'A' }, on: 'a', off: 'a' },
  },
};

const server = ownServer({ document: DOCUMENT });

let errors;
beforeEach(() => {
  errors = [];
});
const check = (userId, flag, more) =>
  checkFeatureFlag(userId, flag, { url: server.url, key: server.serverKey, onError: ({ code }) => errors.push(code), ...more });

test('a user has it or has it not', async () => {
  assert.deepEqual([await check('u-1', 'mine'), await check('u-2', 'mine')], [true, false]);
  assert.deepEqual([await check('u-1', 'paid'), await check('u-1', 'paid', { context: { plan: 'pro' } })], [false, true]);
  assert.equal(await check('u-1', 'everybody'), true);
  assert.equal(await check('u-1', 'mine', { key: server.clientKey }), true);
  assert.deepEqual(errors, []);
});

test('a flag that is switched off is off, whatever the default', async () => {
  assert.deepEqual([await check('u-1', 'killed'), await check('u-1', 'killed', { default: true })], [false, false]);
  assert.deepEqual(errors, []);
});

test('what goes wrong is the default, and told', async () => {
  const wrong = [
    ['absent', {}, 'FLAG_NOT_FOUND'],
    ['../flags/everybody', {}, 'FLAG_NOT_FOUND'],
    ['text', {}, 'TYPE_MISMATCH'],
    ['mine', { key: 'tf_server_wrong' }, 'GENERAL'],
    ['mine', { url: 'http://127.0.0.1:1' }, 'UNREACHABLE'],
    ['mine', { url: undefined }, 'NOT_CONFIGURED'],
  ];
  for (const [flag, options, code] of wrong) {
    assert.equal(await check('u-1', flag, options), false, code);
    assert.equal(await check('u-1', flag, { ...options, default: true }), true, code);
    assert.deepEqual(errors.splice(0), [code, code]);
  }
});

test('who waits, waits no longer than it says', async () => {
  const silent = createServer(() => undefined);
  await new Promise(resolve => silent.listen(0, '127.0.0.1', resolve));
  try {
    assert.equal(await check('u-1', 'mine', { url: `http://127.0.0.1:${silent.address().port}`, timeoutMs: 50 }), false);
    assert.deepEqual(errors, ['TIMEOUT']);
  } finally {
    silent.closeAllConnections();
    await new Promise(resolve => silent.close(resolve));
  }
});

test('after five failures in a row checks leave the worker alone, and ask it again when it has answered', async () => {
  let asked = 0;
  let isAway = true;
  const url = 'http://127.0.0.1:2';
  const fetching = async (to, init) => {
    asked++;
    if (isAway) throw new TypeError('fetch failed');
    return fetch(to.replace(url, server.url), init);
  };
  const now = Date.now;
  try {
    for (let times = 0; times < 8; times++) assert.equal(await check('u-1', 'mine', { url, fetch: fetching }), false);
    assert.equal(asked, 5);
    assert.deepEqual(errors.slice(4), ['UNREACHABLE', 'CIRCUIT_OPEN', 'CIRCUIT_OPEN', 'CIRCUIT_OPEN']);
    // The longest pause is a minute.
    Date.now = () => now() + 61_000;
    isAway = false;
    assert.deepEqual(
      [await check('u-1', 'mine', { url, fetch: fetching }), await check('u-1', 'mine', { url, fetch: fetching })],
      [true, true],
    );
    assert.equal(asked, 7);
  } finally {
    Date.now = now;
  }
});

test('the environment switches checks off by `false` in any case', async () => {
  try {
    for (const [said, expected] of [
      ['false', false],
      ['False', false],
      ['FALSE', false],
      ['true', true],
    ]) {
      process.env.FEATURE_FLAGS_ENABLED = said;
      assert.equal(await check('u-1', 'mine'), expected, said);
    }
  } finally {
    delete process.env.FEATURE_FLAGS_ENABLED;
  }
});
