// Sign-in by OpenID Connect: Chromium, the worker, and a provider on another origin.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch, newPage } from '../chromium.mjs';
import { listener } from '../edge/issuer.mjs';
import { hostWorker, token } from '../edge/workerd.mjs';
import { dataFolder, freePort } from '../server.mjs';
import { accessible, PATH, visit } from './operator.mjs';
import { AUDIENCE, startProvider } from './provider.mjs';

const DOCUMENT = JSON.stringify({ schema: 'twinflag/1', environment: 'production', flags: { first: {}, second: {} } });
const ends = [];
let provider, browser;
/** A server that is no provider, and what it answers. */
let strange, said;
/** Deployments: `api` sends the access token and renews it, `plain` sends the id token and cannot; the others are set up wrongly. */
const at = {};
before(async () => {
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}`;
  const hosted = async settings => {
    const folder = await dataFolder();
    const server = await hostWorker({
      data: folder.path,
      document: DOCUMENT,
      settings: {
        JWT_ISSUER: issuer,
        JWT_AUDIENCE: AUDIENCE,
        JWKS_URL: `${issuer}/jwks`,
        JWKS_PRIVATE: 'on',
        ROLE_CLAIM: 'role',
        OIDC_SCOPES: 'openid flags',
        ...settings,
      },
    });
    ends.push(async () => {
      await server.stop();
      await folder.remove();
    });
    return { ...server, page: server.url + PATH };
  };
  strange = await listener(() => said);
  ends.push(strange.stop);
  [at.api, at.plain, at.misnamed, at.misaddressed, at.strange] = await Promise.all([
    hosted({ OIDC_CLIENT_ID: 'api' }),
    hosted({ OIDC_CLIENT_ID: 'plain', JWT_AUDIENCE: 'plain' }),
    hosted({ OIDC_CLIENT_ID: 'misnamed', JWT_ISSUER: `http://localhost:${port}` }),
    hosted({ OIDC_CLIENT_ID: 'misaddressed', JWT_AUDIENCE: 'elsewhere' }),
    hosted({ OIDC_CLIENT_ID: 'strange', JWT_ISSUER: strange.url }),
  ]);
  provider = await startProvider(port, [
    { id: 'api', page: at.api.page, hasApi: true, hasRefresh: true },
    { id: 'plain', page: at.plain.page },
    { id: 'misaddressed', page: at.misaddressed.page, hasApi: true },
  ]);
  ends.push(() => provider.stop());
  browser = await launch();
  ends.push(() => browser.close());
});
after(() => Promise.all(ends.map(end => end())));

/** A page of its own browser profile, at the dashboard of a deployment. */
async function opened(deployment, view = '') {
  const context = await browser.newContext();
  const { page, faults } = await newPage(context);
  const [tokens, addresses] = [new Set(), []];
  page.on('request', request => {
    addresses.push(request.url());
    const [, sent] = /^Bearer (.+)$/.exec(request.headers().authorization ?? '') ?? [];
    if (sent) tokens.add(sent);
  });
  await page.goto(deployment.page + view);
  return { context, page, faults, tokens, addresses };
}

const begin = page => page.getByRole('button', { name: `Sign in with ${provider.host}` }).click();
async function logIn(page, name) {
  await begin(page);
  await page.getByLabel('Name').fill(name);
  await page.getByRole('button', { name: 'Log in' }).click();
}
const isIn = page => page.getByRole('navigation', { name: 'Views' }).waitFor();
const refused = (page, text) => page.getByRole('alert').getByText(text).waitFor();
/** Has the page look at once whether anything changed, as it does when the network is back. */
const look = page => page.evaluate(() => dispatchEvent(new Event('online')));
const claimsOf = token => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));

test('an operator signs in at the provider, is led back to the view, and signs out there', async () => {
  const { context, page, faults, tokens, addresses } = await opened(at.api, '#/flags/second');
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await page.getByRole('button', { name: `Sign in with ${provider.host}` }).waitFor();
  await accessible(page, 'the door with a provider');
  await logIn(page, 'operator');
  await isIn(page);
  await page.getByRole('heading', { level: 1, name: 'second' }).waitFor();
  assert.equal(page.url(), `${at.api.page}#/flags/second`);
  assert.equal(await page.locator('.who').textContent(), 'operator operator');
  await page.getByRole('button', { name: 'Turn off for everyone' }).waitFor();

  // The access token is for the server; the id token is not.
  assert.deepEqual(
    [...tokens].map(sent => claimsOf(sent).aud),
    [AUDIENCE],
  );
  const kept = await page.evaluate(async () => {
    const databases = await indexedDB.databases();
    const caches_ = await caches.keys();
    return JSON.stringify([
      { ...localStorage },
      { ...sessionStorage },
      document.cookie,
      history.state,
      document.documentElement.outerHTML,
      databases,
      caches_,
    ]);
  });
  const session = await context.newCDPSession(page);
  const { entries } = await session.send('Page.getNavigationHistory');
  const everything = kept + JSON.stringify(entries) + JSON.stringify(await context.storageState());
  for (const sent of tokens) assert.ok(!everything.includes(sent));
  assert.ok(!everything.includes('twinflag.sign-in'));
  assert.deepEqual(
    entries.map(({ url }) => url).filter(url => url.includes('code=')),
    [],
  );

  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Yes' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  assert.equal(page.url(), at.api.page);
  // The provider has forgotten them, too.
  await begin(page);
  await page.getByLabel('Name').waitFor();
  // A JSON Web Token begins like this.
  assert.deepEqual(
    addresses.filter(address => address.includes('eyJ')),
    [],
  );
  assert.deepEqual(faults, [], 'nothing was against the policy of the page');
  await context.close();
});

test('a viewer is offered no change, and an account without a role may choose another', async () => {
  const { context, page, faults } = await opened(at.plain);
  await logIn(page, 'nobody');
  await refused(page, 'your token gives you no role here');
  assert.equal(await page.getByRole('navigation').count(), 0);
  await page.getByRole('button', { name: `Sign out of ${provider.host}` }).click();
  await page.getByRole('button', { name: 'Yes' }).click();
  await logIn(page, 'viewer');
  await isIn(page);
  await page.locator('.rows > li').first().waitFor();
  assert.equal(await page.locator('.who').textContent(), 'viewer viewer');
  assert.equal(await page.getByRole('button', { name: 'New flag' }).count(), 0);
  // Chromium tells of each answer with 403.
  assert.deepEqual(
    faults.filter(fault => !fault.includes('403')),
    [],
  );
  await context.close();
});

test('an answer that this tab did not ask for is dropped', async () => {
  const { context, page } = await opened(at.api, '?code=a&state=b#/audit');
  await refused(page, 'This tab has no open sign-in');
  assert.equal(page.url(), `${at.api.page}#/audit`);
  await begin(page);
  await page.getByLabel('Name').waitFor();
  await page.goto(`${at.api.page}?code=a&state=b`);
  await refused(page, 'The answer is not for the sign-in that this tab began');
  // The attempt is over: not even its own state opens it again.
  assert.equal(await page.evaluate(() => sessionStorage.length), 0);
  assert.equal(page.url(), `${at.api.page}#/audit`);
  await context.close();
});

test('a code is good once', async () => {
  const { context, page } = await opened(at.api);
  let answer;
  page.on('request', request => {
    if (request.url().startsWith(`${at.api.page}?code=`)) answer = new URL(request.url());
  });
  await logIn(page, 'operator');
  await isIn(page);
  // Another attempt, which does not get to the provider.
  await page.reload();
  await page.route(`${provider.url}/auth**`, route => route.fulfill({ status: 204 }));
  await begin(page);
  await page.waitForFunction(() => sessionStorage.length === 1);
  const { state } = await page.evaluate(() => JSON.parse(sessionStorage.getItem('twinflag.sign-in')));
  answer.searchParams.set('state', state);
  await page.goto(answer.href);
  await refused(page, 'refused the code: it was used before, or is too old');
  assert.equal(await page.getByRole('navigation').count(), 0);
  await context.close();
});

test('an answer that was made for another attempt is refused', async () => {
  for (const [part, text] of [
    ['verifier', 'refused the code'],
    ['nonce', 'was made for another sign-in'],
  ]) {
    const { context, page } = await opened(at.api);
    // The tab's attempt becomes another one before the page reads the answer.
    await page.addInitScript(name => {
      if (!location.search.startsWith('?code=')) return;
      const attempt = JSON.parse(sessionStorage.getItem('twinflag.sign-in'));
      attempt[name] = attempt[name].replace(/^./, letter => (letter === 'a' ? 'b' : 'a'));
      sessionStorage.setItem('twinflag.sign-in', JSON.stringify(attempt));
    }, part);
    await logIn(page, 'operator');
    await refused(page, text);
    assert.equal(await page.getByRole('navigation').count(), 0);
    await context.close();
  }
});

test('the provider’s refusal is told, and another try signs in', async () => {
  const { context, page } = await opened(at.api);
  await begin(page);
  await page.getByRole('button', { name: 'Cancel' }).click();
  await refused(page, 'did not sign you in: access_denied, “cancelled”');
  await logIn(page, 'viewer');
  await isIn(page);
  await context.close();
});

test('a provider that is away is named, and a token still opens the dashboard', async () => {
  const { context, page } = await opened(at.api);
  await provider.stop();
  try {
    await begin(page);
    await refused(page, `${provider.host} does not answer`);
    const exp = Math.floor(Date.now() / 1000) + 600;
    await page.getByLabel('Token').fill(token({ sub: 'ada', iss: provider.url, aud: AUDIENCE, exp, role: 'viewer' }));
    await page.getByRole('button', { name: 'Sign in', exact: true }).click();
    await isIn(page);
  } finally {
    await provider.start();
  }
  // Such a token ends here alone.
  await page.getByRole('button', { name: 'Sign out' }).click();
  await logIn(page, 'viewer');
  await isIn(page);
  await context.close();
});

test('a token is renewed in silence before its end, with each refresh token once', async () => {
  const { context, page, faults, tokens } = await opened(at.api);
  await logIn(page, 'operator');
  await isIn(page);
  await page.locator('.liveness[data-state=live]').waitFor();
  await page.clock.install();
  const before = provider.grants.length;
  for (const count of [2, 3]) {
    // The access token lives for 300 s, and is renewed in its last minute.
    await page.clock.fastForward(250_000);
    const renewed = page.waitForResponse(response => response.url().includes('/api/admin/changes') && response.status() === 200);
    // Several requests at once share the renewal.
    await Promise.all([look(page), visit(page, count === 2 ? '/keys' : '/environments')]);
    await renewed;
    await page.getByRole('heading', { level: 1, name: count === 2 ? 'Keys' : 'Environments' }).waitFor();
    assert.equal(tokens.size, count);
  }
  assert.deepEqual(provider.grants.slice(before), ['refresh_token', 'refresh_token']);
  await page.locator('.liveness[data-state=live]').waitFor();
  assert.deepEqual(faults, []);
  await context.close();
});

test('a refresh token that the provider takes no more is not sent again, and the token serves to its end', async () => {
  const { context, page, tokens } = await opened(at.api);
  const exchange = page.waitForResponse(response => response.url() === `${provider.url}/token`);
  await logIn(page, 'operator');
  const { refresh_token } = await (await exchange).json();
  await isIn(page);
  await page.locator('.liveness[data-state=live]').waitFor();
  // Sent by somebody else, so that the page sends it for the second time.
  const stolen = new URLSearchParams({ grant_type: 'refresh_token', client_id: 'api', refresh_token });
  assert.equal((await fetch(`${provider.url}/token`, { method: 'POST', body: stolen })).status, 200);
  await page.clock.install();
  const before = provider.grants.length;
  for (let count = 0; count < 2; count++) {
    await page.clock.fastForward(250_000);
    const asked = page.waitForResponse(response => response.url().includes('/api/admin/changes') && response.status() === 200);
    await look(page);
    await asked;
  }
  assert.deepEqual(provider.grants.slice(before), ['invalid_grant']);
  assert.equal(tokens.size, 1);
  await context.close();
});

test('without a refresh token the page says that the token has ended, and signs in again to the same view', async () => {
  // The server lets pass a minute: the token is taken for 8 s more.
  provider.life.idToken = -52;
  const { context, page, tokens } = await opened(at.plain);
  await logIn(page, 'operator');
  await isIn(page);
  provider.life.idToken = 3600;
  await visit(page, '/flags/first');
  await page.getByRole('heading', { level: 1, name: 'first' }).waitFor();
  const [sent] = tokens;
  assert.equal(claimsOf(sent).aud, 'plain');
  const status = async () => (await at.plain.request('/api/admin/me', { method: 'GET', token: sent })).status;
  while ((await status()) === 200) await new Promise(resolve => setTimeout(resolve, 100));
  await look(page);
  await page.getByRole('status').getByText('The token has ended.').waitFor();
  await page.getByRole('button', { name: 'Sign in again' }).click();
  // The provider knows the operator still, and asks nothing.
  await page.getByRole('heading', { level: 1, name: 'first' }).waitFor();
  await page.locator('.liveness[data-state=live]').waitFor();
  assert.equal(page.url(), `${at.plain.page}#/flags/first`);
  await context.close();
});

test('a device whose clock is off is told so', async () => {
  const { context, page } = await opened(at.plain);
  await page.clock.install({ time: Date.now() + 7_200_000 });
  await page.reload();
  await logIn(page, 'operator');
  await refused(page, "By this device's clock");
  await context.close();
});

test('an issuer of another name, and tokens for another audience, are refused with the setting to change', async () => {
  const named = await opened(at.misnamed);
  await named.page.getByRole('button', { name: /^Sign in with localhost/ }).click();
  await refused(named.page, 'compare JWT_ISSUER');
  await named.context.close();

  const { context, page } = await opened(at.misaddressed);
  await logIn(page, 'operator');
  await refused(page, 'is for “elsewhere”. Set JWT_AUDIENCE to “misaddressed”');
  await context.close();
});

test('a server that is no provider is refused, and asked for nothing else', async () => {
  const { context, page } = await opened(at.strange);
  const document = more => ({
    issuer: strange.url,
    authorization_endpoint: `${strange.url}/auth`,
    token_endpoint: `${strange.url}/token`,
    ...more,
  });
  const headers = { 'access-control-allow-origin': '*', 'content-type': 'application/json' };
  for (const [answer, text] of [
    [{ status: 404, headers, body: '' }, 'is no OpenID Connect'],
    [{ headers: { ...headers, 'content-type': 'text/html' }, body: '<html>' }, 'is no OpenID Connect'],
    [{ headers, body: '{' }, 'is no OpenID Connect'],
    [{ headers, body: ' '.repeat(262_145) }, 'sends more than 262,144 bytes'],
    [{ headers: { 'content-type': 'application/json' }, body: document() }, '(CORS)'],
    [{ status: 302, headers: { ...headers, location: '/elsewhere' }, body: '' }, 'does not answer'],
    [{ headers, body: document({ issuer: provider.url }) }, 'compare JWT_ISSUER'],
    [{ headers, body: document({ issuer: `${strange.url}/` }) }, "Set it to the issuer's own spelling"],
    [{ headers, body: document({ token_endpoint: `${provider.url}/token` }) }, 'Name its origin in OIDC_ORIGINS'],
    [{ headers, body: document({ authorization_endpoint: 'javascript:alert(1)' }) }, 'at javascript:alert(1), which'],
    [{ headers, body: document({ authorization_endpoint: undefined }) }, 'has its authorization_endpoint nowhere'],
  ]) {
    said = answer;
    await page.getByRole('button', { name: /^Sign in with/ }).click();
    await refused(page, text);
  }
  assert.deepEqual([...new Set(strange.asked)], ['/.well-known/openid-configuration']);
  await context.close();
});
