// The client in Node, against a real worker behind a door that can be closed.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { beforeEach, test } from 'node:test';
import { promisify } from 'node:util';

import { createClient, EdgeRefused, ProgramRefused } from '../../npm/client/dist/entry/node.js';
import { ownServer } from '../own-server.mjs';
import { dataFolder, startServer } from '../server.mjs';

const rule = (attribute, value, serve = 'on') => ({ rules: [{ name: 'r', if: { attribute, op: 'eq', value }, serve }] });
const DOCUMENT = {
  schema: 'twinflag/1',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: {
    pro: rule('plan', 'pro'),
    first: rule('customerId', 'c-1'),
    second: rule('customerId', 'c-2'),
    organized: rule('organizationId', 'o-1'),
    personal: rule('userId', 'u-1'),
    targeted: rule('targetingKey', 'u-1'),
    words: { type: 'object', variants: { a: { label: 'Pay' }, b: { label: 'Pay now' } }, on: 'b', off: 'a', ...rule('plan', 'pro', 'b') },
    size: { type: 'number', variants: { small: 5, large: 50 }, on: 'large', off: 'small' },
  },
};
const NOT_READY = { value: false, reason: 'ERROR', errorCode: 'PROVIDER_NOT_READY' };

const server = ownServer({ document: DOCUMENT });

/** What goes through the door: `answer` may stand in for the worker; requests are kept. */
let requests;
let answer;
beforeEach(() => {
  requests = [];
  answer = undefined;
});
const door = async (url, init) => {
  requests.push({ url, ...init });
  return (await answer?.(url, init)) ?? fetch(url, init);
};
const away = () => Promise.reject(new TypeError('fetch failed'));
const open = options => createClient({ url: server.url, clientKey: server.clientKey, fetch: door, ...options });
/** The next time a client's status is this one. */
const reaches = (client, status) =>
  new Promise(resolve => {
    const stop = client.subscribe(() => {
      if (client.status !== status) return;
      stop();
      resolve();
    });
  });

test('the default before there are answers, then the answers', async () => {
  const client = open({ context: { customerId: 'c-1', plan: 'free' } });
  assert.equal(client.status, 'pending');
  assert.deepEqual(client.get('first', false), { ...NOT_READY, pending: true });
  await client.ready();
  assert.equal(client.status, 'ready');
  assert.deepEqual(client.get('first', false), { value: true, variant: 'on', reason: 'TARGETING_MATCH', layer: 'rule' });
  assert.equal(client.getValue('size', 1), 5);
  assert.deepEqual(client.getValue('words', {}), { label: 'Pay' });
  assert.equal(client.get('size', 'text').errorCode, 'TYPE_MISMATCH');
  assert.deepEqual(client.get('nobody', 'x'), { value: 'x', reason: 'ERROR', errorCode: 'FLAG_NOT_FOUND' });
  client.close();
});

test('of a visitor only customer and organization leave', async () => {
  const client = open({ context: { customerId: 'c-1', organizationId: null, userId: 'u-1', email: 'a@example.com' } });
  await client.ready();
  const [{ url, method, headers, body }] = requests;
  assert.deepEqual([url, method, body], [`${server.url}/v1/program?format=2`, 'POST', '{"context":{"customerId":"c-1"}}']);
  assert.equal(headers.authorization, `Bearer ${server.clientKey}`);
  client.close();
});

test('the same object for as long as the answer is the same', async () => {
  const client = open({ context: { customerId: 'c-1', plan: 'free' } });
  await client.ready();
  const mine = { label: 'mine' };
  const read = () => [client.get('pro', false), client.get('words', { label: 'any' }), client.get('nobody', mine), client.get('nobody', 1)];
  const first = read();
  assert.ok(read().every((details, index) => details === first[index]));
  await client.setContext({ customerId: 'c-1', plan: 'free', other: 1 });
  await client.refresh();
  assert.ok(read().every((details, index) => details === first[index]));
  await client.setContext({ customerId: 'c-1', plan: 'pro' });
  assert.deepEqual(
    read().map((details, index) => details === first[index]),
    [false, false, true, true],
  );
  client.close();
});

test('listeners hear of their flag, and only then', async () => {
  const client = open({ context: { customerId: 'c-1', plan: 'free' } });
  await client.ready();
  const heard = [];
  const hear = name => () => heard.push(name);
  const stop = client.subscribe('pro', hear('pro'));
  client.subscribe('first', hear('first'));
  client.subscribe(hear('any'));
  const changes = [];
  client.subscribe(change => changes.push(change));
  await client.setContext({ customerId: 'c-1', plan: 'pro' });
  assert.deepEqual(heard.splice(0), ['pro', 'any']);
  await client.setContext({ customerId: 'c-1', plan: 'pro', other: true });
  assert.deepEqual(heard.splice(0), []);
  stop();
  stop();
  await client.setContext({ customerId: 'c-1', plan: 'free' });
  assert.deepEqual(heard.splice(0), ['any']);
  assert.deepEqual(changes, [
    { flagKeys: ['pro'], status: 'ready' },
    { flagKeys: ['pro'], status: 'ready' },
  ]);
  client.close();
});

test("one listener's fault is not the others'", async t => {
  const client = open({ context: { customerId: 'c-1' } });
  await client.ready();
  const logged = t.mock.method(console, 'error', () => undefined);
  let heard = 0;
  client.subscribe('pro', () => {
    throw new Error('mine');
  });
  client.subscribe('pro', () => heard++);
  await client.setContext({ customerId: 'c-1', plan: 'pro' });
  assert.deepEqual([heard, logged.mock.calls.map(({ arguments: [error] }) => error.message)], [1, ['mine']]);
  client.close();
});

test('another attribute is answered at once and without the edge, another customer with it', async () => {
  const client = open({ context: { customerId: 'c-1', plan: 'free' } });
  await client.ready();
  answer = away;
  void client.setContext({ customerId: 'c-1', plan: 'pro' });
  assert.equal(client.getValue('pro', false), true);
  assert.equal(requests.length, 1);

  answer = undefined;
  const before = client.get('first', false);
  const answered = client.setContext({ customerId: 'c-2', plan: 'pro' });
  assert.equal(client.status, 'stale');
  assert.deepEqual(client.get('first', false), { ...before, stale: true });
  await answered;
  assert.equal(client.status, 'ready');
  assert.deepEqual([client.getValue('first', true), client.getValue('second', false)], [false, true]);
  assert.equal(requests.length, 2);
  client.close();
});

test('without the edge the answers stay, say so, and come back with it', async () => {
  const client = open({ context: { customerId: 'c-1' }, retryMs: 20 });
  await client.ready();
  answer = away;
  await client.setContext({ customerId: 'c-2' });
  assert.deepEqual([client.status, client.error.message], ['stale', 'fetch failed']);
  assert.deepEqual(client.get('first', false), { value: true, variant: 'on', reason: 'TARGETING_MATCH', layer: 'rule', stale: true });
  const back = reaches(client, 'ready');
  answer = undefined;
  await back;
  assert.equal(client.error, undefined);
  assert.equal(client.getValue('second', false), true);

  // Back to whom the program is for: no request, whatever became of the one in between.
  answer = away;
  await client.setContext({ customerId: 'c-1' });
  const asked = requests.length;
  await client.setContext({ customerId: 'c-2', plan: 'pro' });
  assert.deepEqual([client.status, client.getValue('pro', false), requests.length], ['ready', true, asked]);
  client.close();
});

test('an edge that is behind is asked again until it is not', async () => {
  answer = async (url, init) => {
    const { status, headers, body } = await fetch(url, init);
    return new Response(body, { status, headers: { ...Object.fromEntries(headers), 'twinflag-stale': 'true' } });
  };
  const client = open({ context: { customerId: 'c-1' }, retryMs: 20 });
  await client.ready();
  assert.deepEqual(
    [client.status, client.error, client.get('first', false).value, client.get('first', false).stale],
    ['stale', undefined, true, true],
  );
  const caughtUp = reaches(client, 'ready');
  answer = undefined;
  await caughtUp;
  assert.equal(client.get('first', false).stale, undefined);
  client.close();
});

test('a worker that is gone leaves a client that goes on answering', async () => {
  const own = await dataFolder();
  const gone = await startServer({ data: own.path, document: DOCUMENT });
  const client = createClient({ url: gone.url, clientKey: gone.clientKey, context: { customerId: 'c-1', plan: 'free' } });
  await client.ready();
  await gone.stop();
  await client.setContext({ customerId: 'c-1', plan: 'pro' });
  assert.deepEqual([client.status, client.getValue('pro', false)], ['ready', true]);
  await client.refresh();
  assert.deepEqual([client.status, client.getValue('pro', false), client.error.name], ['ready', true, 'TypeError']);
  await client.setContext({ customerId: 'c-1', plan: 'free' });
  assert.equal(client.getValue('pro', true), false);
  client.close();
  await own.remove();
});

test('of two customers in a row the second is answered', async () => {
  const client = open({ context: { customerId: 'c-1' } });
  const first = client.setContext({ customerId: 'c-2' });
  const second = client.setContext({ customerId: 'c-1', plan: 'pro' });
  await Promise.all([client.ready(), first, second]);
  assert.deepEqual(
    [client.status, client.getValue('first', false), client.getValue('second', true), client.getValue('pro', false)],
    ['ready', true, false, true],
  );
  assert.deepEqual(
    requests.map(({ signal }) => signal.aborted),
    [true, true, false],
  );
  client.close();
});

test('a failure before there is any answer is an error, and is tried again', async () => {
  answer = away;
  const client = open({ context: { customerId: 'c-1' }, retryMs: 20 });
  await client.ready();
  assert.equal(client.status, 'error');
  assert.deepEqual(client.get('first', false), NOT_READY);
  const back = reaches(client, 'ready');
  answer = undefined;
  await back;
  assert.equal(client.getValue('first', false), true);
  client.close();
});

test('a refusal is final until somebody asks again', async () => {
  const client = open({ clientKey: 'tf_client_wrong', retryMs: 1 });
  await client.ready();
  assert.ok(client.error instanceof EdgeRefused);
  assert.deepEqual([client.status, client.error.status, client.error.isFinal], ['error', 401, true]);
  await client.refresh();
  assert.equal(requests.length, 2);
  client.close();
});

test('an edge that asks to be left alone is', async t => {
  // The rest of the pause is counted by the clock, so that stands still too.
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.now() });
  answer = async () => new Response(null, { status: 503, headers: { 'retry-after': '7' } });
  const client = open({ retryMs: 1 });
  await client.ready();
  t.mock.timers.tick(6999);
  assert.equal(requests.length, 1);
  t.mock.timers.tick(2);
  assert.equal(requests.length, 2);
  client.close();
});

test('pauses grow, up to the longest', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  t.mock.method(Math, 'random', () => 1);
  answer = away;
  const client = open({ retryMs: 100, maxRetryMs: 350 });
  await client.ready();
  for (const pause of [100, 200, 350, 350]) {
    const asked = requests.length;
    t.mock.timers.tick(pause - 1);
    assert.equal(requests.length, asked, `before ${pause} ms`);
    t.mock.timers.tick(1);
    assert.equal(requests.length, asked + 1, `after ${pause} ms`);
    await client.ready();
  }
  client.close();
  t.mock.timers.tick(1000);
  assert.equal(requests.length, 5, 'a closed client asks no more');
});

test('a request ends in time', async () => {
  answer = (_, { signal }) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  const client = open({ timeout: 20 });
  await client.ready();
  assert.deepEqual([client.status, client.error.message], ['error', 'no answer within 20 ms']);
  client.close();
});

test('a refused program leaves the one before in force', async () => {
  const client = open({ context: { customerId: 'c-1', plan: 'pro' } });
  await client.ready();
  const damaged = async (url, init) => {
    const bytes = new Uint8Array(await (await fetch(url, init)).arrayBuffer());
    bytes[bytes.length - 1] ^= 1;
    return new Response(bytes);
  };
  answer = damaged;
  await client.refresh();
  assert.ok(client.error instanceof ProgramRefused);
  assert.deepEqual([client.status, client.getValue('pro', false)], ['ready', true]);
  // Another attribute is still answered, by the program that is there.
  await client.setContext({ customerId: 'c-1', plan: 'free' });
  assert.equal(client.getValue('pro', true), false);
  answer = undefined;
  await client.refresh();
  assert.deepEqual([client.status, client.error], ['ready', undefined]);
  client.close();
});

test('a program that is still the right one is not sent again, one that is not is', async () => {
  const sent = [];
  answer = async (url, init) => {
    const response = await fetch(url, init);
    sent.push(response.status);
    return response;
  };
  const client = open({ context: { customerId: 'c-1' } });
  await client.ready();
  await client.refresh();
  assert.deepEqual([client.status, client.getValue('first', false), sent], ['ready', true, [200, 304]]);

  let heard = 0;
  client.subscribe('first', () => heard++);
  const put = document => server.asAdmin('/api/admin/document?state=replace', { method: 'PUT', body: document });
  await put({ ...DOCUMENT, flags: { ...DOCUMENT.flags, first: rule('customerId', 'c-3') } });
  await client.refresh();
  assert.deepEqual([client.getValue('first', true), heard, sent.at(-1)], [false, 1, 200]);
  await put(DOCUMENT);

  await client.setContext({ customerId: 'c-2' });
  assert.equal(requests.at(-1).headers['if-none-match'], undefined, "a tag is one customer's");
  client.close();
});

test('an edge that says nothing has changed to who has nothing is not believed', async () => {
  answer = async () => new Response(null, { status: 304 });
  const client = open({ retryMs: 60_000 });
  await client.ready();
  assert.deepEqual([client.status, client.error.message], ['error', 'the edge answered 304']);
  client.close();
});

test('a context that cannot be used is said of every flag, and thrown at nobody', async () => {
  for (const context of [
    { n: NaN },
    { customerId: 1n },
    null,
    {
      get plan() {
        throw new Error('mine');
      },
    },
    (() => {
      const own = { customerId: {} };
      own.customerId.own = own;
      return own;
    })(),
  ]) {
    const client = open({ context });
    await client.ready();
    assert.deepEqual(client.get('first', false), { value: false, reason: 'ERROR', errorCode: 'INVALID_CONTEXT' });
    client.close();
  }
});

test('a context that its owner wrote to counts when it is given again', async () => {
  const context = { customerId: 'c-1', plan: 'free' };
  const client = open({ context });
  await client.ready();
  context.plan = 'pro';
  context.customerId = 'c-2';
  await client.refresh();
  assert.deepEqual([client.getValue('pro', true), client.getValue('first', false)], [false, true]);
  context.customerId = 'c-1';
  await client.setContext(context);
  assert.equal(client.getValue('pro', false), true);
  context.customerId = 'c-2';
  await client.refresh();
  assert.deepEqual([client.status, client.getValue('first', false)], ['ready', true]);
  await client.setContext(context);
  assert.deepEqual([client.status, client.getValue('second', false)], ['ready', true]);
  client.close();
});

test('a context is read once, as JSON would be', async () => {
  const reads = [];
  class Visitor {
    customerId = new String('c-1');
    get plan() {
      return 'of the class, which is no member';
    }
  }
  const plain = { customerId: 'c-1', plan: 'pro' };
  const contexts = [
    [new Visitor(), false],
    [{ toJSON: () => plain }, true],
    [{ ...plain, plan: { toJSON: () => 'pro' } }, true],
    [
      {
        customerId: 'c-1',
        get plan() {
          return reads.push('plan') === 1 ? 'pro' : 'another';
        },
      },
      true,
    ],
  ];
  for (const [context, pro] of contexts) {
    requests = [];
    const client = open({ context });
    await client.ready();
    await client.refresh();
    assert.deepEqual(
      [client.status, client.isEnabled('first'), client.isEnabled('pro'), requests[0].body],
      ['ready', true, pro, '{"context":{"customerId":"c-1"}}'],
    );
    client.close();
  }
  assert.deepEqual(reads, ['plan']);
});

test('a lazy client asks when somebody listens', async () => {
  const client = open({ context: { customerId: 'c-1' }, lazy: true });
  assert.deepEqual(client.get('first', false), { ...NOT_READY, pending: true });
  assert.equal(requests.length, 0);
  client.subscribe('first', () => undefined);
  client.subscribe('pro', () => undefined);
  await client.ready();
  assert.deepEqual([requests.length, client.getValue('first', false)], [1, true]);
  client.close();
});

test('a closed client keeps what was read, hears and asks nothing', async () => {
  const client = open({ context: { customerId: 'c-1' } });
  let heard = 0;
  client.subscribe(() => heard++);
  client.close();
  client.close();
  await client.ready();
  await client.setContext({ customerId: 'c-2' });
  await client.refresh();
  client.subscribe('first', () => heard++)();
  assert.deepEqual([heard, requests.length, client.error.message], [0, 1, 'the client is closed']);

  const other = open({ context: { customerId: 'c-1' } });
  await other.ready();
  const read = other.get('first', false);
  other.close();
  assert.equal(other.get('first', false), read);
  assert.deepEqual(other.get('second', false), NOT_READY);
});

test('a process ends although its client would ask again', async () => {
  const script = `import { createClient } from ${JSON.stringify(new URL('../../npm/client/dist/entry/node.js', import.meta.url).href)};
    const client = createClient(${JSON.stringify({ url: server.url, clientKey: server.clientKey, context: { customerId: 'c-1' } })});
    await client.ready();
    console.log(client.status, client.isEnabled('first'));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], { timeout: 30_000 });
  assert.equal(stdout, 'ready true\n');
});

test('two clients of one page answer for two visitors', async () => {
  const [one, other] = [open({ context: { customerId: 'c-1' } }), open({ context: { customerId: 'c-2' } })];
  await Promise.all([one.ready(), other.ready()]);
  assert.deepEqual([one.getValue('first', false), other.getValue('first', true)], [true, false]);
  one.close();
  other.close();
});

/** A key of the worker's own making. */
const keyed = async terms => {
  const answer = await server.asAdmin('/api/admin/keys', { body: { kind: 'client', label: 'a test', ...terms } });
  assert.equal(answer.status, 200, answer.text);
  return answer.json();
};
const signed = (secret, claims) => {
  const text = [{ alg: 'HS256' }, { exp: Math.floor(Date.now() / 1000) + 60, ...claims }]
    .map(part => Buffer.from(JSON.stringify(part)).toString('base64url'))
    .join('.');
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
};

test('a pinned key is for its customer, and the edge is told what it has to know', async () => {
  const { key } = await keyed({ identity: { kind: 'pinned', customerId: 'c-2' } });
  const client = open({ clientKey: key, context: { userId: 'u-1', plan: 'pro' } });
  await client.ready();
  assert.deepEqual(
    [client.status, client.isEnabled('second'), client.isEnabled('first'), client.isEnabled('pro')],
    ['ready', true, false, true],
  );
  assert.deepEqual(
    requests.map(({ body }) => JSON.parse(body).context),
    [{}, { userId: 'u-1' }],
  );
  // Another user is another program, another plan is not.
  await client.setContext({ userId: 'u-1', plan: 'free' });
  assert.deepEqual([requests.length, client.isEnabled('pro')], [2, false]);
  await client.setContext({ userId: 'u-2', plan: 'free' });
  assert.deepEqual([requests.length, client.status, client.isEnabled('second')], [3, 'ready', true]);
  await client.setContext({ customerId: 'c-1' });
  assert.deepEqual([client.status, client.error.status], ['stale', 403]);
  client.close();
});

test("a signed key is for whom the customer's server says, asked anew each time", async () => {
  const { key, identitySecret } = await keyed({ identity: { kind: 'signed' } });
  let claims = { customerId: 'c-1' },
    asked = 0;
  const client = open({
    clientKey: key,
    context: { customerId: 'c-2', plan: 'pro' },
    identityToken: async () => {
      asked++;
      return signed(identitySecret, claims);
    },
  });
  await client.ready();
  assert.deepEqual(
    [client.status, client.isEnabled('first'), client.isEnabled('second'), client.isEnabled('pro')],
    ['ready', true, false, true],
  );
  claims = { customerId: 'c-2' };
  await client.refresh();
  assert.deepEqual([client.isEnabled('first'), client.isEnabled('second'), asked], [false, true, 2]);
  client.close();
  const anybody = open({ clientKey: key, context: { customerId: 'c-2' } });
  await anybody.ready();
  assert.deepEqual([anybody.status, anybody.isEnabled('second')], ['ready', false]);
  anybody.close();
  const forged = open({ clientKey: key, identityToken: signed('another secret', claims) });
  await forged.ready();
  assert.deepEqual([forged.status, forged.error.status], ['error', 401]);
  forged.close();
});

test("a member's token answers for its subject in its organization", async () => {
  const visitor = { organizationId: 'o-1', targetingKey: 'u-1', userId: 'u-1' };
  const { key, identitySecret } = await keyed({ identity: { kind: 'signed' } });
  const statuses = [];
  // A signed key with the same claims gets a member's program; only the header differs.
  answer = async (url, init) => {
    assert.equal(init.headers.authorization, 'Bearer the.member.token');
    const response = await fetch(url, {
      ...init,
      headers: { ...init.headers, authorization: `Bearer ${key}`, 'twinflag-identity': signed(identitySecret, visitor) },
    });
    const headers = new Headers(response.headers),
      { known } = JSON.parse(decodeURIComponent(headers.get('twinflag-identity')));
    headers.set('twinflag-identity', encodeURIComponent(JSON.stringify({ known, visitor })));
    statuses.push(response.status);
    return new Response(response.body, { status: response.status, headers });
  };
  const client = open({ clientKey: 'the.member.token', context: { plan: 'pro' } });
  const read = () => [
    client.status,
    client.error,
    ...['organized', 'personal', 'targeted', 'pro', 'first'].map(flagKey => client.isEnabled(flagKey)),
  ];
  await client.ready();
  assert.deepEqual(read(), ['ready', undefined, true, true, true, true, false]);
  await client.refresh();
  assert.deepEqual(
    [read(), statuses],
    [
      ['ready', undefined, true, true, true, true, false],
      [200, 304],
    ],
  );
  // A context that names the member itself is sent, and gets the same answers.
  await client.setContext({ ...visitor, plan: 'free' });
  assert.deepEqual(read(), ['ready', undefined, true, true, true, false, false]);
  assert.deepEqual(
    requests.map(({ body }) => JSON.parse(body).context),
    [{}, {}, visitor],
  );
  client.close();
});

test('who signs and does not answer holds nobody up', async () => {
  const client = open({ identityToken: () => new Promise(() => {}), timeout: 50 });
  await client.ready();
  assert.deepEqual([client.status, requests.length], ['error', 0]);
  client.close();
});

test('what others wait for and a key may not see has no name in a page', async () => {
  const hidden = { prerequisites: [{ flag: 'gate', variants: ['on'] }], tags: ['seen'], default: 'on' };
  const flags = { gate: rule('plan', 'pro'), waiting: hidden };
  assert.equal(
    (await server.asAdmin('/api/admin/document', { method: 'PUT', body: { ...DOCUMENT, flags: { ...DOCUMENT.flags, ...flags } } })).status,
    200,
  );
  const client = open({ clientKey: (await keyed({ tags: ['seen'] })).key, context: { plan: 'pro' } });
  await client.ready();
  assert.deepEqual(
    [client.isEnabled('waiting'), client.get('gate', false).errorCode, client.get('', false).errorCode],
    [true, 'FLAG_NOT_FOUND', 'FLAG_NOT_FOUND'],
  );
  await client.setContext({ plan: 'free' });
  assert.equal(client.isEnabled('waiting'), false);
  client.close();
});
