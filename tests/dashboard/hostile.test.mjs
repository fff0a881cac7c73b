// Two hundred texts that try to become markup, a script or an address, in every field that is stored and shown. None of them runs.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { launch } from '../chromium.mjs';
import { hostWorker, token } from '../edge/workerd.mjs';
import { dataFolder } from '../server.mjs';
import { confirm, signedIn, visit } from './operator.mjs';

/** Attacks, where `RUN` is a script that tells the test. */
const ATTACKS = [
  '<script>RUN</script>',
  '<img src=x onerror="RUN">',
  '<svg onload="RUN"></svg>',
  '<svg><script>RUN</script></svg>',
  '<iframe srcdoc="<script>parent.RUN</script>"></iframe>',
  '<math><mi//xlink:href="data:x,<script>RUN</script>">',
  '<details open ontoggle="RUN">x</details>',
  '<a href="javascript:RUN" autofocus onfocus="RUN">x</a>',
  '<input autofocus onfocus="RUN">',
  '<body onload="RUN">',
  '<link rel=stylesheet href="//evil.example/x.css">',
  '<base href="//evil.example/">',
  '<meta http-equiv="refresh" content="0;url=//evil.example/">',
  '<form action="//evil.example/"><button autofocus>x</button></form>',
  'javascript:RUN',
  'data:text/html,<script>RUN</script>',
  '//evil.example/x.js',
  '{{constructor.constructor("RUN")()}}',
  '$'.concat('{RUN}'),
  '__proto__',
];
/** Places that an attack breaks out of. */
const AROUND = [
  text => text,
  text => `">${text}`,
  text => `'>${text}`,
  text => `--></style></script></title></textarea>${text}`,
  text => `</pre></code></dialog>${text}<!--`,
  text => `\`);${text};//`,
  text => `\u202e${text}\u2066`,
  text => `\n\r\t${text}\n`,
  text => `&lt;b&gt;${text}&#x3c;`,
  text => `%3Cb%3E\\u003c${text}\\`,
];
const HOSTILE = AROUND.flatMap(around => ATTACKS.map((attack, index) => around(attack.replaceAll('RUN', `executed(${index})`))));

/** One text of each attack, and of each place: for views that show one thing. */
const SAMPLE = ATTACKS.map((_, attack) => (attack % AROUND.length) * ATTACKS.length + attack);
/** A text as an identity may be: without control characters. */
const asId = text => text.replaceAll(/[\n\r\t]/g, ' ').trim();
/** A text as a label may be: at most 128 bytes. */
const asLabel = text => asId(text).slice(0, 120);

const ruleOf = text => ({ name: text, if: { attribute: text, op: 'in', value: [text] }, serve: 'on' });
const DOCUMENT = {
  schema: 'twinflag/1',
  environment: 'production',
  segments: Object.fromEntries(HOSTILE.map(text => [text, { attribute: text, op: 'eq', value: text }])),
  flags: Object.fromEntries([
    ...HOSTILE.map((text, index) => [
      `flag-${index}`,
      { description: text, owner: text, tags: [text], metadata: { text }, unit: 'customerId', rules: [ruleOf(text)] },
    ]),
    ['every-rule', { rules: HOSTILE.map(ruleOf) }],
  ]),
};

let folder, server, browser;
before(async () => {
  folder = await dataFolder();
  server = await hostWorker({ data: folder.path, document: JSON.stringify(DOCUMENT) });
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
  await folder?.remove();
});

const admin = async (path, options) => {
  const answered = await server.asAdmin(path, options);
  assert.equal(answered.status, 200, `${JSON.stringify(options)} ${answered.text}`);
  return answered.json();
};

/** A page that tells of every script that ran, every dialog, every refusal by its policy and every request to elsewhere. */
async function watched(options) {
  const context = await browser.newContext();
  const events = [];
  await context.exposeFunction('executed', index => {
    events.push(`executed ${index}`);
  });
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => {
      globalThis.violation(`${violatedDirective} ${blockedURI}`);
    });
  });
  await context.exposeFunction('violation', text => {
    events.push(`violation ${text}`);
  });
  context.on('request', request => {
    if (!/^(blob:|data:,)/.test(request.url()) && new URL(request.url()).origin !== server.url) events.push(`request ${request.url()}`);
  });
  context.on('dialog', dialog => {
    events.push(`dialog ${dialog.message()}`);
    void dialog.dismiss();
  });
  const { page, faults } = await signedIn(browser, server, { context, ...options });
  return { page, faults, events, close: () => context.close() };
}

/** The browser itself reports each refused request. */
const unexpected = faults => faults.filter(fault => !/the server responded with a status of 404/.test(fault));

/** Asserts that no text became an element or an address. */
async function inert(page, what) {
  const made = await page.evaluate(() =>
    [
      ...document.querySelectorAll(
        '#root script, #root style, #root link, #root iframe, #root base, #root meta, #root img, #root math, #root [onerror], #root [onload], #root [onfocus], #root [ontoggle], #root form[action]',
      ),
      ...[...document.querySelectorAll('#root a[href]')].filter(link => new URL(link.href).origin !== location.origin),
    ].map(element => element.outerHTML),
  );
  assert.deepEqual(made, [], what);
}

test('the texts of definitions are shown as they are, in lists and in the views of single ones', async () => {
  const { page, faults, events, close } = await watched();
  await page.locator('.rows > li').first().waitFor();
  // Rows are drawn as they come near the view.
  await page.waitForFunction(wanted => {
    const rows = document.querySelectorAll('.rows > li');
    rows[rows.length - 1]?.scrollIntoView();
    return rows.length >= wanted;
  }, HOSTILE.length);
  const shown = await page.locator('.rows .about').allTextContents();
  for (const text of HOSTILE)
    assert.ok(
      shown.some(each => each.includes(text)),
      text,
    );
  await inert(page, 'the list of flags');
  await visit(page, '/flags/every-rule');
  await page.locator('.ladder').waitFor();
  const rules = (await page.locator('.ladder > li').allTextContents()).join('\n');
  for (const text of HOSTILE) assert.ok(rules.includes(text), text);
  for (const index of SAMPLE) {
    await visit(page, `/flags/flag-${index}`);
    await page.getByRole('heading', { level: 1, name: `flag-${index}`, exact: true }).waitFor();
    await page.locator('.ladder').waitFor();
    await inert(page, `flag-${index}`);
  }
  await visit(page, '/segments');
  await page.locator('[data-segment]').first().waitFor();
  assert.deepEqual(
    (await page.locator('[data-segment]').evaluateAll(items => items.map(({ dataset }) => dataset.segment))).sort(),
    [...HOSTILE].sort(),
  );
  await inert(page, 'segments');
  for (const view of ['/document', '/environments', '/playground']) {
    await visit(page, view);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await inert(page, view);
  }
  assert.deepEqual([events, unexpected(faults)], [[], []]);
  await close();
});

test('names of people, reasons, ids of customers, labels of keys and webhooks, and schedules are shown as they are', async () => {
  const exp = Math.floor(Date.now() / 1000) + 600;
  await Promise.all(
    HOSTILE.map(async (text, index) => {
      const mine = token({ sub: asId(text), exp, app_metadata: { role: 'admin' } });
      const set = { featureName: `flag-${index}`, customerId: asId(text), enabled: true, reason: text };
      const written = await server.request('/api/admin/feature-flags', { token: mine, body: set });
      assert.equal(written.status, 200, written.text);
      await admin('/api/admin/customers', { body: { customerId: asId(text), organizationId: asId(text), reason: text } });
      await admin('/api/admin/keys', { body: { kind: 'client', label: asLabel(text), tags: [asId(text)], reason: text } });
    }),
  );
  const { page, faults, events, close } = await watched({ view: '/audit' });
  const older = page.getByRole('button', { name: 'Older changes' });
  for (
    let count = 0;
    await page
      .locator('.change')
      .first()
      .waitFor()
      .then(() => older.isVisible());
    count++
  ) {
    const before = await page.locator('.change').count();
    if (before >= HOSTILE.length * 3) break;
    await older.click();
    await page.waitForFunction(known => document.querySelectorAll('.change').length > known, before);
    assert.ok(count < 100);
  }
  const trail = (await page.locator('.change').allTextContents()).join('\n');
  for (const text of HOSTILE) assert.ok(trail.includes(text), text);
  for (const summary of (await page.locator('.change details summary').all()).slice(0, 20)) await summary.click();
  await inert(page, 'the trail');

  await visit(page, '/keys');
  await page.locator('[data-key]').first().waitFor();
  const labels = (await page.locator('[data-key]').allTextContents()).join('\n');
  for (const text of HOSTILE) assert.ok(labels.includes(asLabel(text)), text);
  await inert(page, 'keys');

  for (const index of SAMPLE.slice(0, 10)) {
    const target = { label: asLabel(HOSTILE[index]), url: `https://hooks.example/${index}`, enabled: false, reason: HOSTILE[index] };
    await admin('/api/admin/webhooks', { body: target });
  }
  await visit(page, '/webhooks');
  await page.locator('[data-webhook]').nth(9).waitFor();
  const targets = (await page.locator('[data-webhook]').allTextContents()).join('\n');
  for (const index of SAMPLE.slice(0, 10)) assert.ok(targets.includes(asLabel(HOSTILE[index])), HOSTILE[index]);
  await inert(page, 'webhooks');

  const at = new Date(Date.now() + 86_400_000).toISOString();
  for (const [index, reason] of ATTACKS.map((_, attack) => [attack, HOSTILE[SAMPLE[attack]]])) {
    const body = { featureName: `flag-${index}`, customerId: asId(reason), enabled: null, reason };
    await admin('/api/admin/schedules', { body: { reason, steps: [{ at, method: 'POST', path: '/api/admin/feature-flags', body }] } });
  }
  await visit(page, '/schedules');
  await page
    .locator('[data-schedule]')
    .nth(ATTACKS.length - 1)
    .waitFor();
  const scheduled = (await page.locator('[data-schedule]').allTextContents()).join('\n');
  for (const index of SAMPLE)
    for (const text of [HOSTILE[index], `remove the override of the customer ${asId(HOSTILE[index])}`])
      assert.ok(scheduled.includes(text), text);
  await inert(page, 'schedules');

  for (const text of SAMPLE.map(index => asId(HOSTILE[index]))) {
    await visit(page, `/customers?id=${encodeURIComponent(JSON.stringify(text))}`);
    await page.locator('.answers > li').first().waitFor();
    await page.waitForFunction(id => document.querySelector('main h2')?.textContent === id, text);
    await inert(page, `customer ${text}`);
  }
  assert.deepEqual([events, unexpected(faults)], [[], []]);
  await close();
});

test('texts that are typed, refused and told back are shown as they are', async () => {
  const { page, faults, events, close } = await watched({ view: '/document' });
  const form = page.getByRole('region', { name: 'Import' });
  const flags = Object.fromEntries(HOSTILE.map(text => [`x${text}`, { rules: [{ if: { segment: `missing ${text}` }, serve: 'on' }] }]));
  await form.getByLabel('Document, as JSON').fill(JSON.stringify({ ...DOCUMENT, flags: { ...DOCUMENT.flags, ...flags } }));
  await form.getByRole('button', { name: 'See what it would change' }).click();
  await form.getByRole('heading', { name: /^The import changes/ }).waitFor();
  await inert(page, 'errors of an import');

  for (const text of HOSTILE.slice(0, ATTACKS.length)) {
    await visit(page, `/flags/${encodeURIComponent(text)}`);
    await page.getByRole('alert').waitFor();
    await page.waitForFunction(shown => document.querySelector('main [role=alert]')?.textContent.includes(JSON.stringify(shown)), text);
    await inert(page, `no flag ${text}`);
  }
  await visit(page, '/flags/flag-1');
  await page.getByRole('button', { name: 'Turn off for everyone' }).click();
  await confirm(page, 'Turn off for everyone', HOSTILE[1]);
  await page.locator('.change').getByText(HOSTILE[1]).first().waitFor();
  await inert(page, 'a reason');
  assert.deepEqual([events, unexpected(faults)], [[], []]);
  await close();
});
