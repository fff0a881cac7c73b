// An edge, or whatever stands before it, that sends what no program is: the answers stay, say so, and give way to the next good one.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';

import { createClient } from '../../npm/client/dist/entry/node.js';
import { dataFolder, startServer } from '../server.mjs';
import { badProgram, EPOCH } from './bad-programs/mutate.mjs';

const SEED = 1;
const ROUNDS = 20,
  EACH = 50;
const CONTEXT = { customerId: 'c-1', userId: 'u-1', plan: 'pro' };

const document = word => ({
  schema: 'twinflag/1',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: {
    word: {
      type: 'string',
      variants: { all: word, pro: `${word} pro` },
      on: 'all',
      off: 'all',
      rules: [{ name: 'pro', if: { attribute: 'plan', op: 'eq', value: 'pro' }, serve: 'pro' }],
    },
    own: { default: word === 'one' ? 'on' : 'off' },
    drawn: { unit: 'userId', salt: word, rollout: { status: 'active', percentage: word === 'one' ? 100 : 0 } },
    size: { type: 'number', variants: { small: word.length, large: 10 * word.length }, on: 'large', off: 'small' },
  },
  overrides: { customers: { 'c-1': { size: 'large' } } },
});
/** What the two documents answer to the context. */
const VALUES = {
  one: { word: 'one pro', own: true, drawn: true, size: 30 },
  other: { word: 'other pro', own: false, drawn: false, size: 50 },
};

/** The programs of both documents. */
const programs = {};
before(async () => {
  const folder = await dataFolder();
  const server = await startServer({ data: folder.path, document: document('one') });
  const fetched = async customerId => {
    const { bytes, headers } = await server.asClient('/v1/program', { body: { context: { customerId } } });
    return { bytes: new Uint8Array(bytes), headers: Object.fromEntries(headers) };
  };
  for (const word of ['one', 'other']) {
    await server.asAdmin('/api/admin/document?state=replace', { method: 'PUT', body: document(word) });
    programs[word] = { ...(await fetched('c-1')), others: (await fetched('c-2')).bytes };
  }
  await server.stop();
  await folder.remove();
});

/** The program of a document as if it came at a version. */
const at = (word, version, epoch = EPOCH) => ({
  ...programs[word],
  version,
  headers: { ...programs[word].headers, 'twinflag-version': `${epoch}.${version}` },
});

test(`${ROUNDS * EACH} bad programs change nothing, and the next good one does`, { timeout: 120_000 }, async t => {
  const seen = new Map(),
    messages = new Map();
  let answer,
    asked = 0,
    number = 0;
  const send =
    ({ bytes, headers }) =>
    () =>
      Promise.resolve(new Response(bytes, { headers }));
  const door = () => {
    asked++;
    return answer();
  };
  answer = send(at('one', 1));
  const client = createClient({
    url: 'http://edge.example',
    clientKey: 'tf_client_x',
    context: CONTEXT,
    fetch: door,
    retryMs: 600_000,
    maxRetryMs: 600_000,
  });
  const values = () =>
    Object.fromEntries(
      Object.entries(VALUES.one).map(([key, value]) => [
        key,
        client.getValue(key, typeof value === 'boolean' ? !value : typeof value === 'number' ? 0 : ''),
      ]),
    );
  const details = () => Object.keys(VALUES.one).map(key => client.get(key, undefined));
  await client.ready();
  let heard = 0,
    news = 0;
  client.subscribe(() => heard++);
  client.subscribe('word', () => news++);

  for (let round = 0; round < ROUNDS; round++) {
    const [held, next] = round % 2 ? ['other', 'one'] : ['one', 'other'];
    const version = round + 2;
    assert.deepEqual([client.status, client.error, values()], ['ready', undefined, VALUES[held]], `round ${round}`);
    const before = details();
    for (let index = 0; index < EACH; index++, number++) {
      const { what, answer: bad } = badProgram(SEED, number, at(next, version));
      seen.set(what, (seen.get(what) ?? 0) + 1);
      answer = bad;
      const [failure, listened] = [client.error, heard];
      await client.refresh();
      const said = () => `program ${number}, ${what}: ${client.error}`;
      assert.deepEqual(details(), before, said());
      assert.deepEqual(values(), VALUES[held], said());
      assert.equal(client.status, 'ready', said());
      assert.ok(client.error instanceof Error && client.error !== failure, said());
      assert.equal(heard, listened + 1, said());
      messages.set(client.error.message, (messages.get(client.error.message) ?? 0) + 1);
    }
    // Another attribute is still answered, by what is held.
    await client.setContext({ ...CONTEXT, plan: 'free' });
    assert.equal(client.getValue('word', ''), held);
    await client.setContext(CONTEXT);
    answer = send(at(next, version));
    await client.refresh();
  }
  assert.deepEqual([client.status, client.error, values()], ['ready', undefined, VALUES.one]);
  assert.equal(asked, number + ROUNDS + 1);
  // Each round: free, pro, and the next one.
  assert.equal(news, 3 * ROUNDS);
  client.close();
  t.diagnostic(
    `${number} bad programs of ${seen.size} kinds, ${Math.min(...seen.values())} at least of each; errors: ${[...messages].map(([message, count]) => `${message} (${count})`).join(', ')}`,
  );
  assert.ok(number === 1_000 && seen.size >= 15, `${number} of ${seen.size} kinds`);
});

test('a program for which the memory grows changes no answer of another client', async () => {
  const client = (context, answer) =>
    createClient({
      url: 'http://edge.example',
      clientKey: 'tf_client_x',
      context,
      fetch: async () => answer(),
      retryMs: 600_000,
      maxRetryMs: 600_000,
    });
  const one = client(CONTEXT, () => new Response(programs.one.bytes, at('one', 1)));
  await one.ready();
  let answer = () => new Response(programs.one.others, at('one', 1));
  const other = client({ customerId: 'c-2' }, () => answer());
  await other.ready();
  assert.equal(other.getValue('word', ''), 'one');
  // Longer than the memory with which the engine begins: it is refused, for it is no program.
  answer = () => new Response(new Uint8Array(8_000_000));
  await other.refresh();
  assert.equal(other.error?.name, 'ProgramRefused');
  for (const plan of ['free', 'pro', 'free']) {
    await one.setContext({ ...CONTEXT, plan });
    assert.equal(one.getValue('word', ''), plan === 'pro' ? 'one pro' : 'one');
  }
  one.close();
  other.close();
});

test('without any good one there is an error, and no answer', async () => {
  for (let number = 0; number < 40; number++) {
    const { what, answer } = badProgram(SEED, 1 + number, at('one', 1));
    if (what === 'older') continue;
    const client = createClient({
      url: 'http://edge.example',
      clientKey: 'tf_client_x',
      context: CONTEXT,
      fetch: answer,
      retryMs: 600_000,
    });
    await client.ready();
    assert.deepEqual(
      [client.status, client.get('word', 'mine')],
      ['error', { value: 'mine', reason: 'ERROR', errorCode: 'PROVIDER_NOT_READY' }],
      what,
    );
    client.close();
  }
});

test('a restored edge counts anew: its programs are taken at any number, and those of the store before no more', async () => {
  const RESTORED = 'fedcba987654';
  const stale = answer => ({ ...answer, headers: { ...answer.headers, 'twinflag-stale': 'true' } });
  let answer, asked;
  const door = url => {
    asked = new URL(url).searchParams.get('minVersion');
    return Promise.resolve(new Response(answer.bytes, { headers: answer.headers }));
  };
  const client = createClient({
    url: 'http://edge.example',
    clientKey: 'tf_client_x',
    context: CONTEXT,
    fetch: door,
    retryMs: 600_000,
    lazy: true,
  });
  const steps = [
    // The edge's answer, what it was asked for at least, and what the client makes of it.
    [at('one', 7), null, 'one pro', 'ready'],
    [at('other', 7, RESTORED), `${EPOCH}.7`, 'other pro', 'ready'],
    [at('one', 8), `${RESTORED}.7`, 'other pro', 'refused'],
    [at('one', 3, RESTORED), `${RESTORED}.7`, 'other pro', 'refused'],
    [at('one', 8, RESTORED), `${RESTORED}.7`, 'one pro', 'ready'],
    // The client takes no version from a header that spells none.
    [{ ...at('other', 0), headers: { ...at('other', 0).headers, 'twinflag-version': '9' } }, `${RESTORED}.8`, 'other pro', 'ready'],
    [at('one', 8, RESTORED), `${RESTORED}.8`, 'one pro', 'ready'],
    // An edge that cannot ask its hub may still hold the store before the last restore.
    [stale(at('other', 9, 'aaaaaaaaaaaa')), `${RESTORED}.8`, 'one pro', 'refused'],
    [at('other', 9, RESTORED), `${RESTORED}.8`, 'other pro', 'ready'],
  ];
  for (const [index, [next, expected, word, status]] of steps.entries()) {
    answer = next;
    await (index ? client.refresh() : client.ready());
    assert.deepEqual(
      [asked, client.getValue('word', ''), client.error ? 'refused' : client.status],
      [expected, word, status],
      `step ${index}: ${client.error}`,
    );
  }
  client.close();
});
