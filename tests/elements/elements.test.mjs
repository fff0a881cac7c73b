// The custom elements in Chromium, against a real worker.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { launch, newPage } from '../chromium.mjs';
import { bundle, createProject } from '../packaging/project.mjs';
import { dataFolder, startServer } from '../server.mjs';
import { startSite } from '../site.mjs';

const forCustomer = customer => ({ rules: [{ name: 'c', if: { attribute: 'customerId', op: 'eq', value: customer }, serve: 'on' }] });
const DOCUMENT = {
  schema: 'twinflag/1',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: {
    f1: forCustomer('c-1'),
    f2: forCustomer('c-2'),
    pro: { rules: [{ name: 'plan', if: { attribute: 'plan', op: 'eq', value: 'pro' }, serve: 'on' }] },
  },
};
const FLAG = flag =>
  `<feature-flag flag="${flag}"><b>on</b><b slot="on">also on</b><i slot="off">off</i><u slot="pending">pending</u></feature-flag>`;

let folder;
let server;
let browser;
let project;
let site;
before(async () => {
  folder = await dataFolder();
  server = await startServer({ data: folder.path, document: DOCUMENT });
  browser = await launch();
  project = await createProject({
    ours: ['@twinflag/client', '@twinflag/elements'],
    others: { lit: '3.3.3', '@lit/context': '1.1.6' },
    files: { 'page.js': await readFile(new URL('page.js', import.meta.url), 'utf8'), 'define.js': "import '@twinflag/elements/define';" },
  });
  await bundle(project, ['page.js', 'define.js']);
  site = await startSite({ folder: project.path('dist'), worker: server.url });
});
after(async () => {
  await browser?.close();
  await site?.stop();
  await server?.stop();
  await project?.remove();
  await folder?.remove();
});

const provider = (inside, context = { customerId: 'c-1' }) =>
  `<flag-provider url="${site.url}" client-key="${server.clientKey}" context='${JSON.stringify(context)}'>${inside}</flag-provider>`;

/** A page with this body; `defined` tells whether the elements have their names from the start. It must not complain. */
async function open(body, { defined = true } = {}) {
  site.pages['/page'] = `<!doctype html><link rel="icon" href="data:,"><script type="module" src="/page.js"></script>
    ${defined ? '<script type="module" src="/define.js"></script>' : ''}<body>${body}`;
  const { page, faults } = await newPage(browser);
  await page.addInitScript(() => {
    globalThis.changes = [];
    document.addEventListener('flag-change', ({ detail }) => globalThis.changes.push(detail));
  });
  await page.goto(`${site.url}/page`);
  await page.waitForFunction(() => globalThis.createClient);
  const close = async () => {
    await page.close();
    assert.deepEqual(faults, []);
  };
  return { page, close, shown: selector => page.locator(`${selector} :visible`).allTextContents() };
}

const has = (page, selector) => page.locator(selector).first().waitFor({ state: 'attached' });

test('shows by the flag, reflects it, and tells of changes', async () => {
  const asked = site.programs();
  const { page, shown, close } = await open(provider(FLAG('f1') + FLAG('f2')));
  await has(page, '[flag=f1][enabled]');
  await has(page, '[flag=f2]:not([pending])');
  assert.deepEqual(await shown('[flag=f1]'), ['on', 'also on']);
  assert.deepEqual(await shown('[flag=f2]'), ['off']);
  assert.deepEqual(await page.evaluate(() => globalThis.changes), [
    { key: 'f1', value: true, reason: 'TARGETING_MATCH' },
    { key: 'f2', value: false, reason: 'DEFAULT' },
  ]);
  assert.equal(site.programs() - asked, 1);

  await page.locator('flag-provider').evaluate(element => element.setAttribute('context', '{"customerId":"c-2"}'));
  await has(page, '[flag=f2][enabled]:not([stale])');
  assert.deepEqual(await shown('[flag=f1]'), ['off']);
  assert.deepEqual(await shown('[flag=f2]'), ['on', 'also on']);

  // Another flag on the same element.
  await page.locator('[flag=f1]').evaluate(element => {
    element.flag = 'f2';
  });
  assert.deepEqual(await shown('feature-flag:first-child'), ['on', 'also on']);
  assert.deepEqual(await page.evaluate(() => globalThis.changes.slice(-1)), [{ key: 'f2', value: true, reason: 'TARGETING_MATCH' }]);
  await close();
});

test('pending while there is no answer, then what is known of an attribute without a request', async () => {
  const { page, shown, close } = await open(FLAG('pro'));
  await has(page, 'feature-flag[pending]');
  assert.deepEqual(await shown('feature-flag'), ['pending']);
  await page.locator('feature-flag').evaluate((element, outer) => {
    element.insertAdjacentHTML('beforebegin', outer);
    document.querySelector('flag-provider').append(element);
  }, provider(''));
  await has(page, 'feature-flag:not([pending])');
  assert.deepEqual(await shown('feature-flag'), ['off']);
  const asked = site.programs();
  await page.locator('flag-provider').evaluate(element => element.setAttribute('context', '{"customerId":"c-1","plan":"pro"}'));
  assert.deepEqual(await shown('feature-flag'), ['on', 'also on']);
  assert.equal(site.programs(), asked);
  await close();
});

for (const order of [
  ['flag-provider', 'feature-flag'],
  ['feature-flag', 'flag-provider'],
]) {
  test(`upgraded in this order: ${order.join(', ')}`, async () => {
    const { page, shown, close } = await open(provider(`${FLAG('f1')}<in-shadow></in-shadow>`), { defined: false });
    for (const name of order)
      await page.evaluate(
        element =>
          customElements.define(element, element === 'flag-provider' ? globalThis.FlagProviderElement : globalThis.FeatureFlagElement),
        name,
      );
    await has(page, '[flag=f1][enabled]');
    assert.deepEqual(await shown('flag-provider > [flag=f1]'), ['on', 'also on']);
    await has(page, 'in-shadow [flag=f1][enabled]');
    assert.deepEqual(await shown('in-shadow [flag=f1]'), ['on']);
    await close();
  });
}

test('the nearest provider answers; a client of the page serves as well as attributes', async () => {
  const { page, close } = await open(provider(`<flag-provider id="inner">${FLAG('f2')}</flag-provider>${FLAG('f1')}`));
  await has(page, '[flag=f1][enabled]');
  await has(page, '#inner [flag=f2][pending]');
  await page.evaluate(
    ([url, clientKey]) => {
      globalThis.own = globalThis.createClient({ url, clientKey, context: { customerId: 'c-2' } });
      document.querySelector('#inner').client = globalThis.own;
    },
    [site.url, server.clientKey],
  );
  await has(page, '#inner [flag=f2][enabled]');
  const status = await page.evaluate(async () => {
    document.querySelector('#inner').remove();
    await Promise.resolve();
    return globalThis.own.status;
  });
  assert.equal(status, 'ready', "it stays the page's to close");
  await close();
});

test("a context that is no JSON is said of the flags, and of nobody else's", async () => {
  const { page } = await open(
    `<flag-provider url="${site.url}" client-key="${server.clientKey}" context="{">${FLAG('f1')}</flag-provider>`,
  );
  await has(page, 'feature-flag:not([pending])');
  assert.equal(await page.locator('feature-flag').evaluate(element => element.details.errorCode), 'INVALID_CONTEXT');
  await page.close();
});

test('switched off, every flag is off and nothing is asked, until it is switched on', async () => {
  const asked = site.programs();
  const { page, shown, close } = await open(
    provider(FLAG('f1')).replace('<flag-provider', '<flag-provider enabled="false"') +
      `<flag-provider enabled="false">${FLAG('f2')}</flag-provider>`,
  );
  for (const flag of ['f1', 'f2']) {
    await has(page, `[flag=${flag}]:not([pending])`);
    assert.deepEqual(await shown(`[flag=${flag}]`), ['off']);
    assert.equal(await page.locator(`[flag=${flag}]`).evaluate(element => element.details.reason), 'DISABLED');
  }
  assert.equal(site.programs(), asked);
  await page
    .locator('flag-provider')
    .first()
    .evaluate(element => element.setAttribute('enabled', 'true'));
  await has(page, '[flag=f1][enabled]');
  assert.deepEqual(await shown('[flag=f1]'), ['on', 'also on']);
  assert.equal(site.programs(), asked + 1);
  await page
    .locator('flag-provider')
    .first()
    .evaluate(element => element.setAttribute('enabled', 'false'));
  await has(page, '[flag=f1]:not([enabled])');
  assert.equal(site.programs(), asked + 1);
  await close();
});

test('a removed provider closes its client; a moved one keeps it', async () => {
  const { page, close } = await open(`<main></main>${provider(FLAG('f1'))}`);
  await has(page, '[flag=f1][enabled]');
  const asked = site.programs();
  const result = await page.evaluate(async () => {
    const provider = document.querySelector('flag-provider'),
      flag = document.querySelector('feature-flag'),
      { client } = provider;
    document.querySelector('main').append(provider);
    await Promise.resolve();
    const moved = [provider.client === client, client.status, flag.enabled];
    provider.remove();
    await Promise.resolve();
    return { moved, closed: client.error?.message, gone: provider.client === undefined };
  });
  assert.deepEqual(result, { moved: [true, 'ready', true], closed: 'the client is closed', gone: true });
  assert.equal(site.programs(), asked);
  await close();
});

test('an element is told of its own flag alone, and of nothing after it was removed', async () => {
  const { page, close } = await open(`<flag-provider>${FLAG('f1')}${FLAG('pro')}</flag-provider>`);
  await page.evaluate(
    ([url, clientKey]) => {
      const client = globalThis.createClient({ url, clientKey, context: { customerId: 'c-1' } });
      globalThis.open = [];
      globalThis.told = [];
      const counting = Object.create(client);
      counting.subscribe = (flag, listener) => {
        const end = client.subscribe(flag, () => {
          globalThis.told.push(flag);
          listener();
        });
        globalThis.open.push(flag);
        return () => {
          globalThis.open.splice(globalThis.open.indexOf(flag), 1);
          end();
        };
      };
      document.querySelector('flag-provider').client = counting;
    },
    [site.url, server.clientKey],
  );
  await has(page, '[flag=f1][enabled]');
  await has(page, '[flag=pro]:not([pending])');
  const told = change =>
    page.evaluate(async context => {
      globalThis.told.length = 0;
      const { client } = document.querySelector('flag-provider');
      await (context ? client.setContext(context) : client.refresh());
      return globalThis.told;
    }, change);
  assert.deepEqual(await told(undefined), [], 'a question without news');
  assert.deepEqual(await told({ customerId: 'c-1', plan: 'pro' }), ['pro']);
  const put = await server.asAdmin('/api/admin/feature-flags', { body: { featureName: 'f1', action: 'kill', reason: 'a test' } });
  assert.equal(put.status, 200, put.text);
  assert.deepEqual(await told(undefined), ['f1']);
  await has(page, '[flag=f1]:not([enabled])');
  await server.asAdmin('/api/admin/feature-flags', { body: { featureName: 'f1', action: 'revive', reason: 'a test' } });
  assert.deepEqual(
    await page.evaluate(() => {
      document.querySelector('[flag=f1]').remove();
      return globalThis.open;
    }),
    ['pro'],
  );
  assert.deepEqual(await told(undefined), []);
  await close();
});

test('Lit finds the provider by its own context, also a late one; and takes our controller', async () => {
  const { page, close } = await open('<lit-consumer></lit-consumer><lit-flag></lit-flag>', { defined: false });
  await page.locator('lit-consumer output', { hasText: 'nobody' }).waitFor();
  await page.evaluate(outer => {
    const inside = document.querySelectorAll('lit-consumer, lit-flag');
    document.body.insertAdjacentHTML('beforeend', outer);
    document.querySelector('flag-provider').append(...inside);
  }, provider(''));
  await page.evaluate(() => customElements.define('flag-provider', globalThis.FlagProviderElement));
  await page.locator('lit-flag output', { hasText: 'true' }).waitFor();
  await page.locator('lit-consumer output', { hasText: /pending|ready/ }).waitFor();
  await close();
});
