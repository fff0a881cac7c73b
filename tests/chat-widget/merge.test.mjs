// Copies of a conversation that tabs and stores hold: merging them gives one conversation, in whatever order they meet.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Conversation, merge } from '../../npm/chat-widget/dist/entry/index.js';

/** Numbers from a seed, by the published constants of a linear congruential generator. */
let state = 42n;
const next = below => {
  state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffff_ffff_ffff_ffffn;
  return Number((state >> 33n) % BigInt(below));
};

/** A copy with some of ten messages, each at some stage of its way. */
const copy = () =>
  Array.from({ length: 10 }, (_, index) => index)
    .filter(() => next(2) === 0)
    .map(index => ({
      id: `m-${index}`,
      from: 'visitor',
      text: `message ${index}`,
      order: Math.floor(index / 2),
      at: 0,
      delivery: ['waiting', 'failed', 'delivered'][next(3)],
      attempts: next(3),
    }));

test('merging is commutative, associative and idempotent, and keeps every message once in its place', () => {
  for (let round = 0; round < 2000; round++) {
    const [a, b, c] = [copy(), copy(), copy()];
    const all = merge(merge(a, b), c);
    assert.deepEqual(all, merge(a, merge(b, c)));
    assert.deepEqual(all, merge(merge(c, a), b));
    assert.deepEqual(all, merge(all, all));
    const ids = all.map(({ id }) => id);
    assert.deepEqual(ids, [...new Set([...a, ...b, ...c].map(({ id }) => id))].sort());
    // A message that any copy knows to be delivered is.
    for (const { id, delivery } of all)
      assert.equal(
        delivery === 'delivered',
        [...a, ...b, ...c].some(other => other.id === id && other.delivery === 'delivered'),
      );
  }
});

test('a conversation takes its newest 2,000 messages, and no text that is empty or too long', () => {
  const conversation = new Conversation('c');
  assert.equal(conversation.say('  \n'), undefined);
  assert.equal(conversation.say('x'.repeat(4001)), undefined);
  for (let index = 0; index < 2001; index++) conversation.hear(`r-${index}`, 'x');
  conversation.hear('r-2000', 'again');
  assert.equal(conversation.messages.length, 2000);
  assert.deepEqual([conversation.messages[0].id, conversation.messages.at(-1).text], ['r-1', 'x']);
});
