// Buckets that @twinflag/edge draws itself equal those of the flag server.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { getFeatureFlagHash, isEnabled, userInBucket } from '../../npm/edge/dist/entry/index.js';
import { ownServer } from '../own-server.mjs';

const server = ownServer({
  document: {
    schema: 'twinflag/1',
    bucketKey: '000102030405060708090a0b0c0d0e0f',
    flags: {
      canary: { unit: 'userId', hash: 'murmurhash-js', rollout: { status: 'active', percentage: 25 } },
      // Every bucket is below it, so that the answer has the bucket of every user.
      drawn: { unit: 'userId', hash: 'murmurhash-js', rollout: { status: 'active', percentage: 99.999 } },
    },
  },
});

test('hashes are those of MurmurHash3', () => {
  // Published with the algorithm's implementations: x86, 32 bits, seed 0.
  assert.deepEqual(['', 'abc', 'test'].map(getFeatureFlagHash), [0, 0xb3dd93fa, 0xba6bd213]);
});

test('buckets of users equal those of the flag server', async () => {
  const users = Array.from({ length: 500 }, (_, index) => `${'x'.repeat(index % 9)}user-${index * 7919}${index % 5 ? '' : 'é漢'}`);
  const ask = flag => server.evaluate(...users.map(userId => ({ flag, context: { userId }, default: false, bucket: true })));
  const [drawn, canary] = [await ask('drawn'), await ask('canary')];
  for (const [place, userId] of users.entries()) {
    assert.equal(1000 * (getFeatureFlagHash(userId) % 100), drawn[place].bucket, userId);
    assert.equal(isEnabled({ enabled: true, rolloutPercentage: 25 }, userId), canary[place].value, userId);
  }
});

test('a flag that is off is off for all, a percentage outside 0 to 100 is refused, and 0 and 100 are nobody and everybody', () => {
  assert.equal(isEnabled({ enabled: false }, 'ada'), false);
  assert.deepEqual([userInBucket('ada', 0), userInBucket('ada', 100), isEnabled({ enabled: true }, 'ada')], [false, true, true]);
  for (const percentage of [-1, 100.5, Number.NaN, '50%'])
    assert.throws(() => userInBucket('ada', percentage), /percentage: expected 0 to 100/);
});
