// Values of many flags of any type, by one request of @twinflag/edge.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { getFeatureFlags } from '../../npm/edge/dist/entry/index.js';
import { ownServer } from '../own-server.mjs';

const server = ownServer({
  document: {
    schema: 'twinflag/1',
    bucketKey: '000102030405060708090a0b0c0d0e0f',
    flags: {
      mine: { rules: [{ name: 'r', if: { attribute: 'userId', op: 'eq', value: 'u-1' }, serve: 'on' }] },
      model: { type: 'string', variants: { old: 'bm25', new: 'embedding-2' }, on: 'new', off: 'old', default: 'new' },
      limit: { type: 'number', variants: { low: 1, high: 2.5 }, on: 'high', off: 'low', default: 'high' },
      button: { type: 'object', variants: { a: { label: 'Pay' }, b: {} }, on: 'a', off: 'b', default: 'a' },
    },
  },
});
const DEFAULTS = { mine: false, model: 'none', limit: 0, button: { label: '' } };

test('values of each type come by one request', async () => {
  let asked = 0;
  const errors = [];
  const counting = (...request) => {
    asked++;
    return fetch(...request);
  };
  const values = await getFeatureFlags('u-1', DEFAULTS, {
    url: server.url,
    serverKey: server.serverKey,
    fetch: counting,
    onError: ({ code }) => errors.push(code),
  });
  assert.deepEqual(values, { mine: true, model: 'embedding-2', limit: 2.5, button: { label: 'Pay' } });
  assert.deepEqual([asked, errors], [1, []]);
});

test('an absent flag, one of another type, a refusal and an absent worker answer the defaults, and are told', async () => {
  const ask = async (defaults, more) => {
    const errors = [];
    const options = {
      url: server.url,
      serverKey: server.serverKey,
      onError: ({ code, status }) => errors.push(status === 200 ? code : status),
      ...more,
    };
    return [await getFeatureFlags('u-1', defaults, options), errors];
  };
  assert.deepEqual(await ask({ absent: 'x', limit: 'x', mine: false }), [
    { absent: 'x', limit: 'x', mine: true },
    ['FLAG_NOT_FOUND', 'TYPE_MISMATCH'],
  ]);
  assert.deepEqual(await ask(DEFAULTS, { serverKey: server.clientKey }), [DEFAULTS, [403]]);
  assert.deepEqual(await ask(DEFAULTS, { url: 'http://127.0.0.1:1' }), [DEFAULTS, [0]]);
  assert.deepEqual(await ask(DEFAULTS, { enabled: false }), [DEFAULTS, []]);
  const tooMany = Object.fromEntries(Array.from({ length: 1001 }, (_, index) => [`f-${index}`, false]));
  assert.deepEqual(await ask(tooMany), [tooMany, [400]]);
});
