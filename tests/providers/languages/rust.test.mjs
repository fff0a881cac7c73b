// OpenFeature's provider for Rust, version 0.1.2: it passes on values and variants; of an error it passes on that there is one.
import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';

import { ownServer } from '../../own-server.mjs';
import { asksForDefault, CASES, DOCUMENT, titleOf } from '../flags.mjs';
import { pick } from '../providers.mjs';
import { askAll, askTooMuch, buildRust } from './asked.mjs';

/** The code of an error, by the status and the value alone: the provider reads no error code. */
const CODES = {
  FLAG_NOT_FOUND: 'FLAG_NOT_FOUND',
  INVALID_CONTEXT: 'INVALID_CONTEXT',
  TARGETING_KEY_MISSING: 'INVALID_CONTEXT',
  TYPE_MISMATCH: 'PARSE_ERROR',
};
/** The provider sends a structure in a context as a text of its own, by which the worker draws. */
const hasStructure = ({ context = {} }) => Object.values(context).some(value => typeof value === 'object' && value !== null);

/** Null in an object becomes empty text. */
const withoutNull = value => JSON.parse(JSON.stringify(value), (_, member) => member ?? '');

/** The answer of the client: a value with its variant, or an error without the caller's default, which the client never sees. */
function answerOf(each) {
  const { value, variant, errorCode } = each.expected;
  if (hasStructure(each)) return { errorCode: undefined, reason: 'STATIC' };
  if (asksForDefault(each)) return { errorCode: 'PARSE_ERROR', value: undefined };
  if (errorCode) return { errorCode: CODES[errorCode], value: undefined };
  return { value: withoutNull(value), variant, reason: 'STATIC', metadata: {}, errorCode: undefined };
}

const server = ownServer({ document: DOCUMENT });
const limited = ownServer({ document: DOCUMENT, rateLimits: 'client=3' });
describe('open-feature-ofrep', () => {
  let program, answers;
  before(async () => {
    program = await buildRust();
    answers = await askAll(program, server, CASES);
  });

  for (const [index, each] of CASES.entries()) {
    test(`${titleOf(each)}${hasStructure(each) ? ', with the structure as text' : ''}`, () => {
      const expected = answerOf(each);
      assert.deepEqual(pick(answers[index], expected), expected);
    });
  }

  test('no request is sent before the moment that Retry-After names', async () => {
    assert.deepEqual(await askTooMuch(program, limited), {
      answers: [...Array(3).fill([true, undefined]), ...Array(2).fill([undefined, 'GENERAL'])],
      statuses: [200, 200, 200, 429],
    });
  });

  test('without the worker each evaluation is an error', async () => {
    const nowhere = { url: 'http://127.0.0.1:9', clientKey: server.clientKey };
    const [{ value, errorCode }] = await askAll(program, nowhere, [{ flag: 'on', fallback: false }]);
    assert.deepEqual([value, errorCode], [undefined, 'GENERAL']);
  });
});
