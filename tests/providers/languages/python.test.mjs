// OpenFeature's provider for Python, version 0.3.0: it passes on values, variants, reasons, metadata and error codes, but for what this file names.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { ownServer } from '../../own-server.mjs';
import { asksForDefault, CASES, DOCUMENT, titleOf } from '../flags.mjs';
import { lostDefault, pick } from '../providers.mjs';
import { askAll, askTooMuch, installPython } from './asked.mjs';

/** The cases that the provider answers otherwise, with the reason in its code, and its answers. */
const LOSSES = [
  { why: 'it wants a variant in each answer', hits: asksForDefault, answer: ({ fallback }) => lostDefault(fallback) },
  {
    why: 'it knows the reasons of OpenFeature alone, and takes another one for an error',
    hits: ({ expected }) => expected.reason === 'PREREQUISITE_FAILED',
    answer: ({ fallback }) => lostDefault(fallback),
  },
  {
    why: 'a float with a whole value is an int to it',
    hits: ({ kind, expected }) => kind === 'float' && Number.isInteger(expected.value),
    answer: ({ fallback }) => ({ value: fallback, reason: 'ERROR', errorCode: 'TYPE_MISMATCH' }),
  },
  {
    why: 'a boolean is an int to it',
    hits: ({ flag, fallback }) => flag === 'on' && typeof fallback === 'number',
    answer: () => ({ value: true, reason: 'STATIC', errorCode: undefined }),
  },
];

const server = ownServer({ document: DOCUMENT });
const limited = ownServer({ document: DOCUMENT, rateLimits: 'client=3' });
describe('openfeature-provider-ofrep', () => {
  let program, answers;
  before(async () => {
    program = await installPython();
    answers = await askAll(program, server, CASES);
  });

  for (const [index, each] of CASES.entries()) {
    const loss = LOSSES.find(({ hits }) => hits(each));
    test(`${titleOf(each)}${loss ? `: lost, because ${loss.why}` : ''}`, () => {
      const expected = loss ? loss.answer(each) : each.expected;
      const answer = answers[index];
      assert.deepEqual({ flagKey: answer.flagKey, ...pick(answer, expected) }, { flagKey: each.flag, ...expected });
    });
  }

  test('each loss is one of some case, and most cases lose nothing', () => {
    for (const { why, hits } of LOSSES) assert.ok(CASES.some(hits), why);
    assert.equal(CASES.filter(each => LOSSES.some(({ hits }) => hits(each))).length, 5);
  });

  test('no request is sent before the moment that Retry-After names', async () => {
    assert.deepEqual(await askTooMuch(program, limited), {
      answers: [...Array(3).fill([true, undefined]), ...Array(2).fill([false, 'GENERAL'])],
      statuses: [200, 200, 200, 429],
    });
  });

  test('without the worker each evaluation is an error', async () => {
    const nowhere = { url: 'http://127.0.0.1:9', clientKey: server.clientKey };
    const [{ value, errorCode }] = await askAll(program, nowhere, [{ flag: 'on', fallback: false }]);
    assert.deepEqual([value, errorCode], [false, 'GENERAL']);
  });
});
