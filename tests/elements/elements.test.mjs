// The custom elements in Chromium, against a real worker.
import assert from 'node:assert/strict';
import { copyFile, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { flagShadow } from '../../npm/elements/dist/entry/server.js';
import { bootstrapScript, createServerClient } from '../../npm/server/dist/entry/node.js';
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
    model: {
      type: 'string',
      variants: { classic: 'bm25', vector: 'embedding-2', off: 'none' },
      on: 'vector',
      off: 'off',
      rules: [
        { name: 'c', if: { attribute: 'customerId', op: 'eq', value: 'c-1' }, serve: 'vector' },
        { name: 'd', if: { attribute: 'customerId', op: 'eq', value: 'c-2' }, serve: 'classic' },
      ],
    },
    arm: {
      variants: { treatment: true, control: false },
      on: 'treatment',
      off: 'control',
      rules: [{ name: 'c', if: { attribute: 'customerId', op: 'eq', value: 'c-1' }, serve: 'treatment' }],
    },
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
    others: { lit: '3.3.3', '@lit/context': '1.1.6', 'custom-elements-manifest': '2.1.0', '@types/react': '19.3.0' },
    files: {
      'page.js': await readFile(new URL('page.js', import.meta.url), 'utf8'),
      'define.js': "import '@twinflag/elements/define';",
      'elements.tsx': `
        import type {} from '@twinflag/elements/jsx';
        export const page = (
          <flag-provider url="/" client-key="tf_client_" context={{ customerId: 'c-1' }} disabled={false}>
            <feature-flag flag="new_checkout"><p slot="off">old</p></feature-flag>
          </flag-provider>
        );
        // @ts-expect-error a flag has a key
        export const nameless = <feature-flag />;`,
    },
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
  const close = async ({ mayLog = /(?!)/ } = {}) => {
    await page.close();
    assert.deepEqual(
      faults.filter(fault => !mayLog.test(fault)),
      [],
    );
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
    { key: 'f1', value: true, variant: 'on', reason: 'TARGETING_MATCH' },
    { key: 'f2', value: false, variant: 'off', reason: 'DEFAULT' },
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
  assert.deepEqual(await page.evaluate(() => globalThis.changes.slice(-1)), [
    { key: 'f2', value: true, variant: 'on', reason: 'TARGETING_MATCH' },
  ]);
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
    `${provider(FLAG('f1')).replace('<flag-provider', '<flag-provider disabled')}<flag-provider disabled>${FLAG('f2')}</flag-provider>`,
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
    .evaluate(element => element.removeAttribute('disabled'));
  await has(page, '[flag=f1][enabled]');
  assert.deepEqual(await shown('[flag=f1]'), ['on', 'also on']);
  assert.equal(site.programs(), asked + 1);
  await page
    .locator('flag-provider')
    .first()
    .evaluate(element => element.setAttribute('disabled', ''));
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
  await page.locator('lit-flag output', { hasText: 'true embedding-2' }).waitFor();
  await page.locator('lit-consumer output', { hasText: /pending|ready/ }).waitFor();
  await close();
});

const VARIANTS = flag =>
  `<feature-flag flag="${flag}"><b>plain</b><b slot="on">on</b><i slot="off">off</i><b slot="vector">vector</b><b slot="classic">classic</b><b slot="treatment">treatment</b></feature-flag>`;

test("a child in the variant's slot is shown for that variant, and the others stand in where there is none", async () => {
  const { page, shown, close } = await open(
    provider(`${VARIANTS('model')}${VARIANTS('arm')}${FLAG('arm').replace('"arm"', '"arm" id="bare"')}${VARIANTS('nobody')}`),
  );
  await has(page, '[flag=model][variant=vector]');
  assert.deepEqual(await shown('[flag=model]'), ['vector']);
  assert.equal(await page.locator('[flag=model]').evaluate(element => element.value), 'embedding-2');
  assert.equal(await page.locator('[flag=model]').evaluate(element => element.enabled), false, 'a text is not on');
  assert.deepEqual(await shown('[flag=arm]:not(#bare)'), ['treatment']);
  assert.deepEqual(await shown('#bare'), ['on', 'also on']);
  assert.deepEqual(await shown('[flag=nobody]'), ['off'], 'an unknown flag is off');
  await page.locator('flag-provider').evaluate(element => {
    element.context = { customerId: 'c-2' };
  });
  await has(page, '[flag=model][variant=classic]:not([stale])');
  assert.deepEqual(await shown('[flag=model]'), ['classic']);
  assert.deepEqual(await shown('[flag=arm]:not(#bare)'), ['off']);
  await page.locator('flag-provider').evaluate(element => {
    element.context = '{"customerId":"c-3"}';
  });
  await has(page, '[flag=model][variant=off]:not([stale])');
  assert.deepEqual(await shown('[flag=model]'), ['off']);
  await page.locator('[flag=model] [slot=off]').evaluate(element => element.remove());
  assert.deepEqual(await shown('[flag=model]'), ['plain'], 'a flag of another type has children without a slot for any variant');
  await close({ mayLog: /the server has no flag "nobody"/ });
});

test('properties serve as well as attributes, also those set before the elements are defined, with one client for all', async () => {
  const asked = site.programs();
  const { page, shown, close } = await open(`<flag-provider>${FLAG('f1')}</flag-provider>`, { defined: false });
  await page.evaluate(
    ([url, clientKey]) => Object.assign(document.querySelector('flag-provider'), { url, clientKey, context: { customerId: 'c-1' } }),
    [site.url, server.clientKey],
  );
  await page.evaluate(() => {
    document.querySelector('feature-flag').flag = 'f1';
    customElements.define('flag-provider', globalThis.FlagProviderElement);
    customElements.define('feature-flag', globalThis.FeatureFlagElement);
  });
  await has(page, '[flag=f1][enabled]');
  assert.deepEqual(await shown('[flag=f1]'), ['on', 'also on']);
  assert.equal(site.programs() - asked, 1);
  assert.deepEqual(
    await page.locator('flag-provider').evaluate(({ url, clientKey, context, disabled }) => [url, clientKey, context, disabled]),
    [site.url, server.clientKey, { customerId: 'c-1' }, false],
  );
  // A framework sets them one after the other, and the elements are there already.
  await page.evaluate(
    ([url, clientKey]) => {
      const made = document.createElement('flag-provider');
      made.innerHTML = '<feature-flag flag="f2" id="second"></feature-flag>';
      document.body.append(made);
      made.url = url;
      made.clientKey = clientKey;
      made.options = { refresh: false };
      made.context = { customerId: 'c-2' };
    },
    [site.url, server.clientKey],
  );
  await has(page, '#second[enabled]');
  assert.equal(site.programs() - asked, 2);
  await close();
});

test('disabled is off whatever a framework makes of it', async () => {
  const { page, close } = await open(provider(FLAG('f1')));
  await has(page, '[flag=f1][enabled]');
  const states = await page.locator('flag-provider').evaluate(element => {
    const state = () => [element.disabled, document.querySelector('feature-flag').details.reason];
    const off = ['', 'true', 'disabled', 'anything'].map(text => {
      element.setAttribute('disabled', text);
      return state();
    });
    element.setAttribute('disabled', 'false');
    const on = [element.disabled];
    for (const value of [true, 'true', '']) {
      element.disabled = value;
      on.push(element.disabled);
    }
    element.disabled = true;
    element.disabled = 'false';
    on.push(element.disabled);
    return { off, on };
  });
  assert.deepEqual(states, { off: Array(4).fill([true, 'DISABLED']), on: [false, true, true, false, false] });
  await close();
});

/** The page as a server renders it with its answers. */
async function rendered(attribute) {
  const flags = createServerClient({ url: server.url, serverKey: server.serverKey });
  const given = await flags.bootstrap(['f1', 'f2', 'model'], { customerId: 'c-1' }).finally(() => flags.close());
  const whole = flag => VARIANTS(flag).replace('>', `>${flagShadow(given, flag)}`);
  return (
    bootstrapScript(given) +
    provider(['f1', 'f2', 'model'].map(whole).join('')).replace('<flag-provider', `<flag-provider ${attribute(given)}`)
  );
}

test("a page with its server's answers shows them before any script, and keeps them without a request when scripts have run", async () => {
  const body = await rendered(() => 'bootstrap="twinflag"');
  const still = await browser.newContext({ javaScriptEnabled: false });
  site.pages['/still'] = `<!doctype html><body>${body}`;
  const quiet = await still.newPage();
  await quiet.goto(`${site.url}/still`);
  const texts = page => page.locator('feature-flag :visible').allTextContents();
  assert.deepEqual(await texts(quiet), ['plain', 'on', 'off', 'vector']);
  await still.close();

  let release;
  const held = new Promise(resolve => {
    release = resolve;
  });
  const { page, faults } = await newPage(browser);
  await page.addInitScript(() => {
    globalThis.changes = [];
    globalThis.shifts = 0;
    document.addEventListener('flag-change', ({ detail }) => globalThis.changes.push(`${detail.key}:${detail.variant}`));
    new PerformanceObserver(list => {
      for (const { value } of list.getEntries()) globalThis.shifts += value;
    }).observe({ type: 'layout-shift', buffered: true });
  });
  await page.route('**/v1/program*', async route => {
    await held;
    await route.continue();
  });
  site.pages['/page'] =
    `<!doctype html><link rel="icon" href="data:,"><body>${body}<script type="module" src="/page.js"></script><script type="module" src="/define.js"></script>`;
  await page.goto(`${site.url}/page`);
  await has(page, '[flag=model][variant=vector]');
  assert.deepEqual(await texts(page), ['plain', 'on', 'off', 'vector']);
  assert.equal(await page.locator('flag-provider').evaluate(({ client }) => client.status), 'ready');
  assert.equal(await page.locator('[pending]').count(), 0);
  const answered = page.waitForResponse(/v1.program/);
  release();
  await answered;
  await page.evaluate(() => document.querySelector('flag-provider').client.refresh());
  assert.deepEqual(await page.evaluate(() => [globalThis.changes, globalThis.shifts]), [['f1:on', 'f2:off', 'model:vector'], 0]);
  assert.deepEqual(faults, []);
  await page.close();
});

test('answers as a property or as JSON in the attribute; and none of them for the visitor after', async () => {
  for (const attribute of [given => `bootstrap='${JSON.stringify(given)}'`, () => '']) {
    const body = await rendered(attribute);
    const { page, close } = await open('<main></main>');
    await page.route('**/v1/program*', () => undefined);
    const seen = await page.evaluate(
      ([html, isProperty]) => {
        document.querySelector('main').setHTMLUnsafe(html);
        const element = document.querySelector('flag-provider');
        if (isProperty) {
          element.remove();
          const made = document.createElement('flag-provider');
          Object.assign(made, {
            bootstrap: JSON.parse(document.getElementById('twinflag').textContent),
            url: element.url,
            clientKey: element.clientKey,
          });
          made.context = element.context;
          made.append(...element.children);
          document.querySelector('main').append(made);
        }
        const flag = document.querySelector('[flag=f1]');
        const first = [flag.enabled, flag.details.stale ?? false];
        const own = document.querySelector('flag-provider');
        own.context = { customerId: 'c-9' };
        const after = [flag.details.stale ?? false];
        own.disabled = true;
        own.disabled = false;
        return { first, after, again: [own.client.status, flag.details.pending ?? false] };
      },
      [body, attribute({}) === ''],
    );
    assert.deepEqual(seen, { first: [true, false], after: [true], again: ['pending', true] });
    await close();
  }
});

test('one file for a script element defines the elements and has the functions', async () => {
  site.pages['/twinflag-elements.js'] = undefined;
  const file = project.path('node_modules/@twinflag/elements/dist/entry/twinflag-elements.js');
  await copyFile(file, project.path('dist/twinflag-elements.js'));
  site.pages['/alone'] =
    `<!doctype html><link rel="icon" href="data:,"><script src="/twinflag-elements.js"></script><body>${provider(FLAG('f1'))}`;
  const { page, faults } = await newPage(browser);
  const loaded = [];
  page.on('request', request => request.resourceType() === 'script' && loaded.push(new URL(request.url()).pathname));
  await page.goto(`${site.url}/alone`);
  await has(page, '[flag=f1][enabled]');
  assert.deepEqual(await page.evaluate(() => Object.keys(globalThis.twinflag).sort()), [
    'FlagController',
    'bootstrap',
    'createClient',
    'outcomes',
    'pageBootstrap',
    'useFeatureFlag',
  ]);
  assert.deepEqual([loaded, faults], [['/twinflag-elements.js'], []]);
  await page.close();
});

test('the manifest of the elements says what they have, by its own schema', async () => {
  const manifest = JSON.parse(await readFile(project.path('node_modules/@twinflag/elements/custom-elements.json'), 'utf8'));
  const schema = JSON.parse(await readFile(project.path('node_modules/custom-elements-manifest/schema.json'), 'utf8'));
  const Ajv = createRequire(new URL('../../npm/package.json', import.meta.url))('ajv').default;
  const check = new Ajv({ strict: false, allErrors: true }).compile({ ...schema, $schema: undefined });
  assert.ok(check(manifest), JSON.stringify(check.errors));
  const { page, close } = await open('');
  for (const { tagName, name, attributes, members } of manifest.modules[0].declarations) {
    const has = await page.evaluate(
      ([tag, reflected]) => {
        const element = document.createElement(tag),
          kind = element.constructor,
          properties = Object.entries(Object.getOwnPropertyDescriptors(kind.prototype)).filter(([, { get }]) => get);
        return {
          name: kind.name.replace(/^_/, ''),
          observed: kind.observedAttributes,
          properties: properties.map(([property, { set }]) => [property, set === undefined]).sort(),
          reflected,
        };
      },
      [tagName, attributes.filter(({ description }) => description.startsWith('Reflected')).map(({ name: attribute }) => attribute)],
    );
    assert.equal(has.name, name);
    assert.deepEqual(has.properties, members.map(member => [member.name, member.readonly === true]).sort());
    const own = attributes.map(({ name: attribute }) => attribute).filter(attribute => !has.reflected.includes(attribute));
    // The answers to begin with are read once, so that attribute is not observed.
    assert.deepEqual(own.filter(attribute => attribute !== 'bootstrap').sort(), [...has.observed].sort());
  }
  await close();
});

test('JSX knows the elements', async () => {
  const tsc = fileURLToPath(new URL('../../npm/node_modules/typescript/bin/tsc', import.meta.url));
  const options = ['--noEmit', '--strict', '--jsx', 'react-jsx', '--target', 'es2022', '--lib', 'es2022,dom,esnext.disposable'];
  const checked = await project
    .node(tsc, ...options, '--module', 'esnext', '--moduleResolution', 'bundler', '--types', '', 'elements.tsx')
    .catch(error => error);
  assert.equal(checked.stdout, '', checked.stdout);
});
