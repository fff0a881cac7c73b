// OpenFeature's provider for Rust, version 0.1.2: it passes on values and variants; of an error it passes on that there is one.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { ownServer } from '../../own-server.mjs';
import { asksForDefault, CASES, DOCUMENT, titleOf } from '../flags.mjs';
import { pick } from '../providers.mjs';
import { askAll, buildRust } from './asked.mjs';

/** The code of an error, by the status and the value alone: the provider reads no error code. */
const CODES = {
  FLAG_NOT_FOUND: 'FLAG_NOT_FOUND',
  INVALID_CONTEXT: 'INVALID_CONTEXT',
  TARGETING_KEY_MISSING: 'INVALID_CONTEXT',
  TYPE_MISMATCH: 'PARSE_ERROR',
};
/** The client's contexts have no structures that the provider passes on: without it, the unit is missing. */
const hasStructure = ({ context = {} }) => Object.values(context).some(value => typeof value === 'object' && value !== null);

/** Null in an object becomes empty text. */
const withoutNull = value => JSON.parse(JSON.stringify(value), (_, member) => member ?? '');

/** The answer of the client: a value with its variant, or an error without the caller's default, which the client never sees. */
function answerOf(each) {
  const { value, variant, errorCode } = each.expected;
  if (asksForDefault(each)) return { errorCode: 'PARSE_ERROR', value: undefined };
  if (errorCode) return { errorCode: CODES[errorCode], value: undefined };
  return { value: withoutNull(value), variant, reason: 'STATIC', metadata: {}, errorCode: undefined };
}

const server = ownServer({ document: DOCUMENT });
let answers;
before(async () => {
  answers = await askAll(await buildRust(), server, CASES);
});

for (const [index, each] of CASES.entries()) {
  test(`${titleOf(each)}${hasStructure(each) ? ', without the structure' : ''}`, () => {
    const expected = answerOf(each);
    assert.deepEqual(pick(answers[index], expected), expected);
  });
}
