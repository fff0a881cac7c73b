// The dashboard as a component of a host's page on another origin. The host's back end passes requests on, and alone has a token.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { Readable } from 'node:stream';
import { after, before, test } from 'node:test';

import { launch, newPage } from '../chromium.mjs';
import { ownServer } from '../own-server.mjs';
import { bundled, hostPage, policy } from './host-page.mjs';
import { answer, changes, confirm } from './operator.mjs';

/** The host's own styles reach everything of its page, and must reach nothing of the component. */
const STYLE = 'button, input, li { display: none } h1 { color: rgb(1, 2, 3) }';

const server = ownServer({
  document: { schema: 'twinflag/1', flags: { first: { unit: 'customerId', stage: 'beta' }, second: { unit: 'customerId' } } },
});
let browser, host;
const passed = [];
before(async () => {
  browser = await launch();
  host = await startHost(await bundled("(path, init) => fetch('/flags-admin' + path, init)"));
});
after(async () => {
  await browser?.close();
  host?.closeAllConnections();
  host?.close();
});

async function startHost(script) {
  const listening = createServer((request, response) => {
    // A worker that is gone looks like a gateway's answer to the page.
    answerOf(request, response).catch(() => response.writeHead(502).end());
  });
  const answerOf = async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, 'http://host');
    const kept = policy("'self'", searchParams.has('strict') ? "'self'" : undefined);
    const send = (type, body) => response.writeHead(200, { 'content-type': type, 'content-security-policy': kept }).end(body);
    if (pathname === '/page.js') return send('text/javascript', script);
    if (pathname === '/style.css') return send('text/css', STYLE);
    if (pathname === '/') return send('text/html', hostPage({ props: JSON.parse(searchParams.get('props') ?? '{}') }));
    const path = request.url.slice('/flags-admin'.length);
    passed.push(`${request.method} ${path}`);
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    // The back end has signed its operator in, and sends a token of its own: nothing of the browser's but the body and these headers.
    const headers = { authorization: `Bearer ${server.adminToken}` };
    for (const name of ['accept', 'content-type', 'if-match', 'idempotency-key'])
      if (request.headers[name]) headers[name] = request.headers[name];
    const answered = await fetch(server.url + path, {
      signal: AbortSignal.timeout(30_000),
      method: request.method,
      headers,
      ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
    });
    const told = ['content-type', 'etag', 'retry-after', 'twinflag-version'].flatMap(name =>
      answered.headers.has(name) ? [[name, answered.headers.get(name)]] : [],
    );
    response.writeHead(answered.status, Object.fromEntries(told));
    if (answered.headers.get('content-type') !== 'text/event-stream') return response.end(Buffer.from(await answered.arrayBuffer()));
    // A stream is passed on as it arrives, until the page lets go of it.
    const events = Readable.fromWeb(answered.body);
    response.on('close', () => events.destroy());
    events.on('error', () => response.destroy());
    return events.pipe(response);
  };
  await new Promise(resolve => listening.listen(0, '127.0.0.1', resolve));
  return listening;
}

async function opened(props = {}, query = '') {
  const { page, faults } = await newPage(browser);
  await page.goto(`http://127.0.0.1:${host.address().port}/?props=${encodeURIComponent(JSON.stringify(props))}${query}`);
  return { page, faults };
}

test('the list of flags stands in a page of another origin, and a flag is turned off from there', async () => {
  const { page, faults } = await opened();
  await page.locator('.rows > li').first().waitFor();
  assert.deepEqual((await page.locator('.rows > li').evaluateAll(items => items.map(({ dataset }) => dataset.flag))).sort(), [
    'first',
    'second',
  ]);
  await page.getByRole('heading', { name: /^Phase 2 · Beta/ }).waitFor();
  await page.getByRole('switch', { name: 'first: enabled' }).click();
  await confirm(page, 'Turn off for everyone', 'seen in the host');
  await page.getByText('first is off for everyone.').waitFor();
  const [record] = await changes(server);
  assert.deepEqual([record.action, record.flagPath, record.reason], ['flag.kill', 'first', 'seen in the host']);
  assert.ok(
    passed.length > 0 && passed.every(path => /^(GET|POST) \/(api\/admin\/|v1\/(explain|program)|health$)/.test(path)),
    passed.join('\n'),
  );
  // The host signs in and out, and its address stays its own.
  assert.equal(await page.getByRole('button', { name: 'Sign out' }).count(), 0);
  assert.equal(new URL(page.url()).hash, '');
  assert.deepEqual(faults, []);
  await page.close();
});

test('neither the host’s styles nor those of the component reach the other', async () => {
  const { page, faults } = await opened();
  await page.locator('.rows > li').first().waitFor();
  const colour = (name, level) => page.getByRole('heading', { level, name }).evaluate(heading => getComputedStyle(heading).color);
  assert.equal(await colour('Host', 1), 'rgb(1, 2, 3)');
  assert.notEqual(await colour('Features', 1), 'rgb(1, 2, 3)');
  assert.equal(await page.evaluate(() => getComputedStyle(document.body).margin), '8px');
  assert.deepEqual(faults, []);
  await page.close();
});

test('it begins with the customer whom the host is about, with the organization that the host knows', async () => {
  const set = { featureName: 'second', organizationId: 'org-9', enabled: true, reason: 'a test' };
  assert.equal((await server.asAdmin('/api/admin/feature-flags', { body: set })).status, 200);
  assert.equal(await answer(server, 'second', { customerId: '42', organizationId: 'org-9' }), true);
  const { page, faults } = await opened({ customerId: '42', organizationId: 'org-9' });
  await page.getByText('Organization org-9.').waitFor();
  await page.locator('[data-flag="second"] [data-on=true]').waitFor();
  await page.getByRole('link', { name: 'Features' }).click();
  await page.getByRole('heading', { level: 1, name: 'Features' }).waitFor();
  assert.deepEqual(faults, []);
  await page.close();
});

test('the playground has its core from the package, and the edge agrees with it', async () => {
  const { page, faults } = await opened();
  await page.getByRole('link', { name: 'Customers' }).click();
  await page.getByRole('link', { name: 'Any context' }).click();
  const own = page.getByRole('region', { name: 'In this page' });
  await page.getByLabel('Flag').fill('second');
  await page.getByLabel('Context, as JSON').fill('{"customerId":"c-1"}');
  await page.getByRole('button', { name: 'Ask the edge' }).click();
  await own.getByText('The edge agrees, at the same version.').waitFor();
  assert.deepEqual(faults, []);
  await page.close();
});

test('where the page’s policy refuses the core, the playground says what it needs, and the edge answers', async () => {
  const { page } = await opened({}, '&strict');
  await page.getByRole('link', { name: 'Customers' }).click();
  await page.getByRole('link', { name: 'Any context' }).click();
  await page.getByText(/^The core cannot be loaded. It needs ‘wasm-unsafe-eval’/).waitFor();
  await page.getByLabel('Flag').fill('second');
  await page.getByRole('button', { name: 'Ask the edge' }).click();
  await page.getByRole('region', { name: 'Answer' }).locator('li').first().waitFor();
  await page.close();
});

test('keys are short cuts inside of the component, and the host’s everywhere else', async () => {
  const { page, faults } = await opened();
  await page.evaluate(() => {
    globalThis.pressed = [];
    addEventListener('keydown', event => globalThis.pressed.push([event.key, event.defaultPrevented]));
  });
  const pressed = () => page.evaluate(() => globalThis.pressed.splice(0));
  await page.locator('.rows > li').first().waitFor();
  await page.keyboard.press('/');
  await page.getByRole('link', { name: 'second', exact: true }).click();
  await page.getByRole('button', { name: 'Turn off for everyone' }).waitFor();
  await page.getByRole('heading', { level: 1, name: 'Host' }).click();
  await page.keyboard.press('k');
  assert.deepEqual(
    await pressed(),
    [
      ['/', false],
      ['k', false],
    ],
    'on the host’s page',
  );
  await page.getByRole('heading', { level: 1, name: 'second' }).click();
  await page.keyboard.press('/');
  await page.keyboard.press('k');
  assert.deepEqual(
    await pressed(),
    [
      ['/', false],
      ['k', true],
    ],
    'a view without a search leaves its key alone',
  );
  await page.getByRole('dialog').waitFor();
  assert.deepEqual(faults, []);
  await page.close();
});

test('a key that is pressed in a field of the component is typed there, and no short cut', async () => {
  const { page, faults } = await opened();
  await page.locator('.rows > li').first().waitFor();
  await page.getByRole('heading', { level: 1, name: 'Features' }).click();
  await page.keyboard.press('/');
  const search = page.getByLabel('Search flags');
  await page.keyboard.type('/first/');
  assert.equal(await search.inputValue(), '/first/');
  assert.deepEqual(faults, []);
  await page.close();
});

test('a back end that refuses is told as the server’s refusal is, and asked again', async () => {
  const { page } = await newPage(browser);
  await page.route(
    '**/flags-admin/**',
    route => route.fulfill({ status: 403, contentType: 'application/problem+json', body: '{"code":"FORBIDDEN","detail":"not you"}' }),
    { times: 1 },
  );
  await page.goto(`http://127.0.0.1:${host.address().port}/`);
  await page.getByRole('alert').getByText('not you').waitFor();
  await page.getByRole('button', { name: 'Try again' }).click();
  await page.locator('.rows > li').first().waitFor();
  await page.close();
});
