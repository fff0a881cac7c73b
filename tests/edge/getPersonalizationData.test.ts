// The example function `get-personalization-data`: it answers only callers whose token the edge takes, and reports each answer.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { startFunction, userToken } from './personalization.mjs';
import { KEYS, token } from './workerd.mjs';

type Running = Awaited<ReturnType<typeof startFunction>>;
interface Event {
  readonly event: string;
  readonly featureName: string;
  readonly unit: string;
  readonly metadata: Readonly<Record<string, unknown>>;
}

const PATIENCE_MS = 30_000;
const ENHANCED = { page: 'EnhancedProfilePage', badge: 'Enhanced', tabs: ['Overview', 'Settings', 'Advanced'] };
const LEGACY = { page: 'LegacyProfilePage', tabs: ['Overview', 'Settings'] };

let own: Running;
before(async () => {
  own = await startFunction();
});
after(() => own?.stop());

const ask = (bearer?: string, init: RequestInit = {}, url = own.url) =>
  fetch(`${url}/get-personalization-data`, {
    signal: AbortSignal.timeout(PATIENCE_MS),
    ...init,
    headers: { ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }), ...init.headers },
  });

/** The events of users, newest first. */
async function events(): Promise<Event[]> {
  const path = '/api/admin/events?featureName=profile_ui_revamp&event=data_requested&limit=100';
  const answer = await own.server.request(path, { method: 'GET', token: own.server.adminToken });
  assert.equal(answer.status, 200, answer.text);
  return answer.json().events;
}

/** The event of a user, once the function's report has arrived. */
async function eventOf(userId: string): Promise<Event> {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; ) {
    const found = (await events()).find(({ unit }) => unit === userId);
    if (found) return found;
  }
  throw new Error(`no event of ${userId}\n${own.said()}`);
}

test('a user gets the profile of their flag, and the request is an event with its context', async () => {
  for (const [userId, profile, name] of [
    ['ada', ENHANCED, 'enhanced'],
    ['grace', LEGACY, 'legacy'],
  ] as const) {
    const answer = await ask(userToken(userId), { headers: { 'x-client-info': 'tests/1' } });
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('cache-control'), 'no-store');
    assert.deepEqual(await answer.json(), { userId, profile });
    const { featureName, event, metadata } = await eventOf(userId);
    assert.deepEqual([featureName, event], ['profile_ui_revamp', 'data_requested']);
    assert.deepEqual(metadata, { profile: name, path: '/get-personalization-data', client: 'tests/1' });
  }
});

test('401 without a token that the edge takes, and no event', async () => {
  const forged = `${userToken('mallory').slice(0, -4)}AAAA`;
  const noUser = token({ exp: Math.floor(Date.now() / 1000) + 600 });
  const tooLong = userToken('x'.repeat(9_000));
  const refused = [
    undefined,
    '',
    'nonsense',
    'a.b.c',
    KEYS.CLIENT_KEY,
    KEYS.SERVER_KEY,
    forged,
    userToken('mallory', -600),
    noUser,
    tooLong,
  ];
  const before = (await events()).length;
  for (const bearer of refused) {
    const answer = await ask(bearer);
    assert.equal(answer.status, 401, bearer);
    assert.equal(answer.headers.get('www-authenticate'), 'Bearer');
    assert.equal(answer.headers.get('content-type'), 'application/problem+json');
    const { status, detail } = (await answer.json()) as { status: number; detail: string };
    assert.equal(status, 401);
    if (bearer) assert.ok(!detail.includes(bearer), 'the token is not repeated');
  }
  // The event of a request that is sent later arrives; those of the refused requests would have come before.
  await ask(userToken('witness'));
  await eventOf('witness');
  assert.equal((await events()).length, before + 1);
});

test('the 31st request of a user in a minute is refused with Retry-After; another user is answered', async () => {
  const greedy = userToken('greedy');
  const statuses: number[] = [];
  for (let sent = 0; sent < 30; sent++) statuses.push((await ask(greedy)).status);
  assert.deepEqual([...new Set(statuses)], [200]);
  const refused = await ask(greedy);
  const seconds = Number(refused.headers.get('retry-after'));
  assert.equal(refused.status, 429);
  assert.ok(Number.isInteger(seconds) && seconds >= 1 && seconds <= 60, String(seconds));
  assert.equal(((await refused.json()) as { code: string }).code, 'RATE_LIMITED');
  assert.equal((await ask(userToken('modest'))).status, 200);
});

test('a page of another origin may ask, and read the refusal', async () => {
  const preflight = await ask(undefined, {
    method: 'OPTIONS',
    headers: { origin: 'https://shop.example', 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
  });
  assert.equal(preflight.status, 204);
  assert.match(preflight.headers.get('access-control-allow-headers') ?? '', /authorization/);
  assert.match(preflight.headers.get('access-control-allow-methods') ?? '', /POST/);
  for (const answer of [preflight, await ask(), await ask(userToken('cors'))]) {
    assert.equal(answer.headers.get('access-control-allow-origin'), '*');
    assert.equal(answer.headers.get('access-control-expose-headers'), 'retry-after');
  }
});

test('405 for another method', async () => {
  const answer = await ask(userToken('ada'), { method: 'DELETE' });
  assert.deepEqual([answer.status, answer.headers.get('allow')], [405, 'GET, POST, OPTIONS']);
});

test('without the flag the profile is the legacy one; without the edge there is none, and no token counts', async () => {
  const other = await startFunction({ document: { schema: 'twinflag/1', environment: 'test', flags: {} } });
  try {
    const answer = await ask(userToken('ada'), {}, other.url);
    assert.deepEqual([answer.status, await answer.json()], [200, { userId: 'ada', profile: LEGACY }]);
    await other.server.stop();
    for (const bearer of [userToken('ada'), `${userToken('ada').slice(0, -4)}AAAA`]) {
      const away = await ask(bearer, {}, other.url);
      assert.deepEqual([away.status, away.headers.get('retry-after')], [503, '1']);
      assert.equal(((await away.json()) as { code: string }).code, 'UNAVAILABLE');
    }
  } finally {
    await other.stop();
  }
});

test('the function and this file have no error of types', async () => {
  const example = fileURLToPath(new URL('../../npm/examples/get-personalization-data', import.meta.url));
  const tsc = fileURLToPath(new URL('../../npm/node_modules/.bin/tsc', import.meta.url));
  const checked = await promisify(execFile)(tsc, ['--noEmit', '--project', example]).catch(error => error);
  assert.equal(checked.stdout, '');
});
