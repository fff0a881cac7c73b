// Public OFREP providers answer what the edge answers: every type, every reason, every error code of one flag.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { ownServer } from '../own-server.mjs';
import { asksForDefault, CASES, DOCUMENT, titleOf } from './flags.mjs';
import { closeAll, lostDefault, PROVIDERS, pick } from './providers.mjs';

const server = ownServer({ document: DOCUMENT });
after(closeAll);

for (const { name, open, losesDefaults } of PROVIDERS) {
  describe(name, () => {
    let provider;
    before(async () => {
      provider = await open(server);
    });
    for (const each of CASES) {
      const isLost = losesDefaults && asksForDefault(each);
      test(`${titleOf(each)}${isLost ? ', which the provider takes for an error' : ''}`, async () => {
        const answer = await provider.ask(each);
        const expected = isLost ? lostDefault(each.fallback) : each.expected;
        assert.deepEqual({ flagKey: answer.flagKey, ...pick(answer, expected) }, { flagKey: each.flag, ...expected });
      });
    }
  });
}

test('the edge answers without a value, and with a reason, where the caller decides', async () => {
  const cases = CASES.filter(asksForDefault);
  assert.ok(cases.length >= 2);
  for (const { flag, context = {}, expected } of cases) {
    const answer = await server.asClient(`/ofrep/v1/evaluate/flags/${flag}`, { body: { context } });
    const { errorCode, reason, ...rest } = answer.json();
    assert.deepEqual(
      [answer.status, errorCode, reason, 'value' in rest, 'variant' in rest],
      [200, undefined, expected.reason, false, false],
    );
  }
});

test('the cases reach every reason and every error code that one flag can have', () => {
  const reached = member => [...new Set(CASES.map(({ expected }) => expected[member]).filter(Boolean))].sort();
  assert.deepEqual(reached('reason'), ['DEFAULT', 'DISABLED', 'ERROR', 'PREREQUISITE_FAILED', 'SPLIT', 'STATIC', 'TARGETING_MATCH']);
  assert.deepEqual(reached('errorCode'), ['FLAG_NOT_FOUND', 'INVALID_CONTEXT', 'TARGETING_KEY_MISSING', 'TYPE_MISMATCH']);
});
