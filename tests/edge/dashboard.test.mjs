// The dashboard's page and files as the worker serves them, and what it tells a caller about themselves.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';

import { dataFolder, startServer } from '../server.mjs';
import { hostWorker, token } from './workerd.mjs';

const PATH = '/dashboard/admin/feature-flags';
const BREAK_GLASS = `tf_break_glass_${'0'.repeat(64)}`;
const exp = () => Math.floor(Date.now() / 1000) + 600;
let folder, server;
before(async () => {
  folder = await dataFolder();
  // Without DEMO: the dashboard is part of every deployment.
  server = await hostWorker({
    data: folder.path,
    document: '{"schema":"twinflag/1","environment":"production","flags":{}}',
    settings: { BREAK_GLASS_TOKEN_HASH: createHash('sha256').update(BREAK_GLASS).digest('hex') },
  });
});
after(async () => {
  await server?.stop();
  await folder?.remove();
});

const get = (path, options) => server.request(path, { method: 'GET', ...options });

/** The directives of a page's policy, each with its sources. */
const policyOf = page =>
  new Map(
    page.headers
      .get('content-security-policy')
      .split(';')
      .map(directive => directive.trim().split(/\s+/))
      .map(([name, ...sources]) => [name, sources.join(' ')]),
  );

test('the page runs scripts of its own origin only, cannot be framed, and holds no key', async () => {
  const page = await get(PATH);
  assert.equal(page.status, 200);
  assert.match(page.type, /^text\/html/);
  const policy = policyOf(page);
  for (const [name, sources] of [
    ['default-src', "'none'"],
    ['script-src', "'self' 'wasm-unsafe-eval'"],
    ['style-src', "'self'"],
    ['connect-src', "'self'"],
    ['frame-ancestors', "'none'"],
    ['base-uri', "'none'"],
    ['form-action', "'none'"],
    ['require-trusted-types-for', "'script'"],
    ['trusted-types', "'none'"],
  ])
    assert.equal(policy.get(name), sources, name);
  for (const secret of [server.clientKey, server.serverKey, server.adminToken]) assert.ok(!page.text.includes(secret));
  assert.equal(page.headers.get('referrer-policy'), 'no-referrer');
  assert.equal(page.headers.get('x-content-type-options'), 'nosniff');
});

test('a deployment without a provider names none, and one with a provider tells pages what its issuer tells everyone', async () => {
  const without = await get('/dashboard/sign-in');
  assert.deepEqual([without.status, without.type, without.text], [200, 'application/json', '{}']);
  assert.equal((await server.request('/dashboard/sign-in', { method: 'POST' })).status, 405);

  const data = await dataFolder();
  const settings = {
    JWT_ISSUER: 'https://id.example/realms/shop',
    JWT_AUDIENCE: 'flags',
    JWKS_URL: 'https://keys.example/shop',
    OIDC_CLIENT_ID: 'flags-dashboard',
    OIDC_ORIGINS: 'https://token.example',
  };
  const own = await hostWorker({ data: data.path, settings });
  try {
    const told = await own.request('/dashboard/sign-in', { method: 'GET' });
    const origins = ['https://id.example', 'https://token.example'];
    assert.deepEqual(told.json(), {
      openId: { audience: 'flags', clientId: 'flags-dashboard', issuer: settings.JWT_ISSUER, origins, scopes: 'openid profile email' },
    });
    assert.equal(told.headers.get('access-control-allow-origin'), null);
    const [before, then] = [policyOf(await get(PATH)), policyOf(await own.request(PATH, { method: 'GET' }))];
    for (const name of ['connect-src', 'form-action']) {
      assert.equal(then.get(name), `'self' ${origins.join(' ')}`);
      before.delete(name);
      then.delete(name);
    }
    assert.deepEqual(then, before);
    // The code of a provider's answer stands in the query.
    assert.equal((await own.request(`${PATH}?code=a&state=b`, { method: 'GET' })).status, 200);
  } finally {
    await own.stop();
    await data.remove();
  }
});

test('every address in the page is one of its own files, and they are served', async () => {
  const { text } = await get(PATH);
  const addresses = [...text.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address).filter(address => address !== 'data:,');
  assert.deepEqual(addresses.sort(), ['/dashboard/main.css', '/dashboard/main.js']);
  assert.match((await get('/dashboard/main.js')).type, /^text\/javascript/);
  assert.match((await get('/dashboard/main.css')).type, /^text\/css/);
  assert.match((await get('/dashboard/openid.js')).type, /^text\/javascript/);
  for (const path of [
    '/dashboard',
    '/dashboard/',
    '/dashboard/index.html',
    '/dashboard/.stamp',
    '/dashboard/admin',
    '/dashboard/..%2fdemo%2fmain.js',
  ])
    assert.equal((await get(path)).status, 404, path);
});

test('the start page runs no script, names no key and no demo page, and what it loads is served', async () => {
  const page = await get('/');
  assert.equal(page.status, 200);
  assert.match(page.type, /^text\/html/);
  assert.match(page.headers.get('content-security-policy'), /^default-src 'none'; style-src 'self'; img-src 'self' data:;/);
  assert.ok(!/<script|<!--|\{\{|\/demo/.test(page.text));
  for (const secret of [server.clientKey, server.serverKey, server.adminToken]) assert.ok(!page.text.includes(secret));
  assert.match((await get('/dashboard/start.css')).type, /^text\/css/);
});

test('the start page of a development server has the publishable key, and no other', async () => {
  const data = await dataFolder();
  const development = await startServer({ data: data.path });
  try {
    const { text } = await development.request('/', { method: 'GET' });
    assert.ok(text.includes(development.clientKey));
    assert.ok(text.includes('href="/demo"'));
    for (const secret of [development.serverKey, development.adminToken]) assert.ok(!text.includes(secret));
  } finally {
    await development.stop();
    await data.remove();
  }
});

test('a caller learns their name and their role in an environment', async () => {
  const me = async claims => {
    const answer = await get('/api/admin/me', { token: token({ sub: 'ada', exp: exp(), ...claims }) });
    return [answer.status, answer.json()];
  };
  assert.deepEqual(await me({ app_metadata: { role: 'operator' } }), [200, { subject: 'ada', role: 'operator' }]);
  assert.deepEqual(await me({ app_metadata: { role: 'member', organizationId: 'o-1' } }), [
    200,
    { subject: 'ada', role: 'member', organizationId: 'o-1' },
  ]);
  assert.equal((await me({}))[0], 403);
  assert.equal((await get('/api/admin/me')).status, 401);
  assert.equal((await get('/api/admin/me?x=1', { token: server.adminToken })).status, 400);
});

test('the break-glass token is named as what it is', async () => {
  const answer = await get('/api/admin/me', { token: BREAK_GLASS });
  assert.equal(answer.status, 200);
  assert.equal(answer.json().breakGlass, true);
});
