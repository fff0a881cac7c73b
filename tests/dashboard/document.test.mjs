// The document in the dashboard: its export, an import that shows errors and consequences before anything is written, and older versions.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, beforeEach, test } from 'node:test';

import { launch } from '../chromium.mjs';
import { ownServer } from '../own-server.mjs';
import { answer, changes, signedIn, visit } from './operator.mjs';

const rule = { if: { attribute: 'plan', op: 'eq', value: 'pro' }, serve: 'on' };
const DOCUMENT = {
  schema: 'twinflag/1',
  environment: 'production',
  flags: { first: { description: 'before', unit: 'customerId' }, second: { description: 'before' }, third: { rules: [rule] } },
};
const server = ownServer({ document: DOCUMENT });
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser?.close());
beforeEach(async () => {
  const imported = await server.asAdmin('/api/admin/document', { method: 'PUT', body: DOCUMENT });
  assert.equal(imported.status, 200, imported.text);
});

const exported = async (query = '') => (await server.asAdmin(`/api/admin/document${query}`, { method: 'GET' })).text;
const definition = async key => (await server.asAdmin(`/api/admin/flags/${key}`, { method: 'GET' })).json().definition;
const edit = async (key, body) => {
  const written = await server.asAdmin(`/api/admin/flags/${key}?reason=by+another`, { method: 'PUT', body });
  assert.equal(written.status, 200, written.text);
};
const newest = async () => (await changes(server))[0].version;
const withFlags = flags => JSON.stringify({ ...DOCUMENT, flags: { ...DOCUMENT.flags, ...flags } }, undefined, 2);

async function opened(options) {
  const { page, faults } = await signedIn(browser, server, { view: '/document', ...options });
  const form = page.getByRole('region', { name: 'Import' });
  const text = form.getByLabel('Document, as JSON');
  await text.waitFor();
  const look = async typed => {
    await text.fill(typed);
    await form.getByRole('button', { name: 'See what it would change' }).click();
    await form.getByRole('heading', { name: /^The import changes/ }).waitFor();
  };
  return { page, faults, form, text, look };
}

async function publish(form, reason, action = 'Publish') {
  await form.getByLabel('Reason').fill(reason);
  await form.getByRole('button', { name: action, exact: true }).click();
}

/** The browser itself reports each refused request. */
const unexpected = faults =>
  faults.filter(fault => !/Failed to load resource: the server responded with a status of 4(09|12|22)/.test(fault));

test('the export is saved byte for byte as the server has it, under the number of its version', async () => {
  const { page, faults } = await opened();
  const [saved] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download the document', exact: true }).click(),
  ]);
  assert.equal(saved.suggestedFilename(), `flags-${await newest()}.json`);
  assert.equal(await readFile(await saved.path(), 'utf8'), await exported());
  assert.deepEqual(faults, []);
  await page.close();
});

test('an import shows its changes and every error at its line, and writes nothing before it is published', async () => {
  const { page, faults, form, text, look } = await opened();
  const version = await newest();
  await look(
    withFlags({
      first: { description: 'after', unit: 'customerId' },
      faulty: { rules: [{ if: { segment: 'nowhere' }, serve: 'on' }] },
      crooked: { default: 'no-such-variant' },
      fine: {},
    }),
  );
  const places = form.getByRole('list', { name: 'Changes' });
  await places.getByText('/flags/first').click();
  await places.locator('.diff ins').getByText('after').waitFor();
  await places.getByText('/flags/fine').waitFor();
  const errors = form.getByRole('list', { name: 'Errors of the document' });
  await errors.getByText('/flags/faulty/rules/0/if/segment').waitFor();
  await errors.getByText('/flags/crooked/default').waitFor();
  await errors.getByRole('listitem').filter({ hasText: '/flags/faulty' }).getByRole('button').click();
  assert.match(await text.evaluate(area => area.value.slice(area.selectionStart, area.selectionEnd)), /nowhere/);
  assert.equal(await newest(), version);

  await publish(form, 'a new text', 'Publish without the parts in error');
  await page.getByText(/^The document is imported as version/).waitFor();
  assert.equal((await definition('first')).description, 'after');
  const [faulty] = await server.evaluate({ flag: 'faulty' });
  assert.notEqual(faulty.errorCode, undefined, 'callers get their own default');
  assert.equal((await server.asAdmin('/api/admin/flags/fine', { method: 'GET' })).status, 200);
  assert.equal((await changes(server))[0].reason, 'a new text');
  assert.deepEqual(unexpected(faults), []);
  await page.close();
});

test('text that is no JSON is refused before it is sent', async () => {
  const { page, faults, form, text } = await opened();
  let sent = 0;
  page.on('request', request => {
    if (request.method() === 'PUT') sent += 1;
  });
  await text.fill('{"schema":');
  await form.getByRole('button', { name: 'See what it would change' }).click();
  await form.getByRole('alert').waitFor();
  assert.equal(sent, 0);
  assert.deepEqual(faults, []);
  await page.close();
});

test('what an import takes away is published once each thing is allowed by its own name', async () => {
  await edit('gone', {});
  await edit('missed', {});
  const { page, faults, form, look } = await opened();
  const flags = JSON.parse(await exported()).flags;
  delete flags.gone;
  delete flags.missed;
  await look(JSON.stringify({ schema: 'twinflag/1', flags }));
  await form.getByLabel('Reason').fill('two less');
  const button = form.getByRole('button', { name: 'Publish', exact: true });
  const consequences = form.getByRole('list', { name: 'Consequences' });
  for (const name of ['gone', 'missed']) {
    assert.equal(await button.isDisabled(), true, name);
    await consequences
      .getByRole('listitem')
      .filter({ hasText: `/flags/${name}` })
      .getByLabel('Allow this')
      .check();
  }
  const [request] = await Promise.all([page.waitForRequest(each => each.method() === 'PUT'), button.click()]);
  assert.deepEqual(new URL(request.url()).searchParams.getAll('remove').sort(), ['flags/gone', 'flags/missed']);
  await page.getByText(/^The document is imported as version/).waitFor();
  assert.equal((await server.asAdmin('/api/admin/flags/gone', { method: 'GET' })).status, 404);
  assert.deepEqual(unexpected(faults), []);
  await page.close();
});

test('an operator’s edit that a document takes back is allowed by overwrite, and names its author', async () => {
  const imported = await exported();
  await edit('second', { description: 'by an operator' });
  const { page, faults, form, look } = await opened();
  await look(imported);
  const consequence = form.getByRole('list', { name: 'Consequences' }).getByRole('listitem').filter({ hasText: '/flags/second' });
  await consequence.getByText(/Edited by developer in version \d+: description from "before" to "by an operator"/).waitFor();
  const button = form.getByRole('button', { name: 'Publish', exact: true });
  await form.getByLabel('Reason').fill('back to the file');
  assert.equal(await button.isDisabled(), true);
  await consequence.getByLabel('Allow this').check();
  const [request] = await Promise.all([page.waitForRequest(each => each.method() === 'PUT'), button.click()]);
  const { searchParams } = new URL(request.url());
  assert.deepEqual([searchParams.getAll('overwrite'), searchParams.getAll('remove')], [['flags/second'], []]);
  await page.getByText(/^The document is imported as version/).waitFor();
  assert.deepEqual(await definition('second'), { description: 'before' });
  assert.deepEqual(unexpected(faults), []);
  await page.close();
});

test('a flag that can no longer be read keeps its last good definition, if the operator imports the rest', async () => {
  const { page, faults, form, look } = await opened();
  const flags = { ...JSON.parse(await exported()).flags, third: { rules: [{ if: { segment: 'nowhere' }, serve: 'on' }] }, fourth: {} };
  await look(JSON.stringify({ schema: 'twinflag/1', flags }));
  const button = form.getByRole('button', { name: 'Publish without the parts in error' });
  await form.getByLabel('Reason').fill('the rest');
  assert.equal(await button.isDisabled(), true);
  await form.getByLabel(/^Import the rest/).check();
  await button.click();
  await page.getByText(/^The document is imported as version/).waitFor();
  assert.equal(await answer(server, 'third', { plan: 'pro' }), true);
  assert.equal((await server.asAdmin('/api/admin/flags/fourth', { method: 'GET' })).status, 200);
  assert.deepEqual(unexpected(faults), []);
  await page.close();
});

test('an older version is imported again, and the newest one is compared with it', async () => {
  const old = await newest();
  const kept = await definition('first');
  await edit('first', { description: 'a mistake', unit: 'customerId' });
  const { page, faults, form, text } = await opened();
  const entry = page.locator(`[data-version="${old}"]`);
  await entry.getByRole('button', { name: `Compare with now: version ${old}` }).click();
  await entry.locator('.diff ins').getByText('a mistake').waitFor();
  await entry.getByRole('button', { name: `Import again: version ${old}` }).click();
  await page.getByText('Nothing is written yet.').waitFor();
  assert.equal(await text.inputValue(), await exported(`?version=${old}`));
  await form.getByRole('button', { name: 'See what it would change' }).click();
  await form.getByLabel('Allow this').first().check();
  await publish(form, 'as it was');
  await page.getByText(/^The document is imported as version/).waitFor();
  assert.deepEqual(await definition('first'), kept);
  assert.deepEqual(unexpected(faults), []);
  await page.close();
});

test('a change by somebody else between look and publication is shown, and the text stays', async () => {
  const { page, faults, form, text, look } = await opened();
  const flags = { ...JSON.parse(await exported()).flags, mine: { description: 'mine' } };
  const typed = JSON.stringify({ schema: 'twinflag/1', flags });
  await look(typed);
  await edit('theirs', { description: 'theirs' });
  await publish(form, 'raced');
  await form.getByRole('alert').filter({ hasText: 'Somebody else changed it.' }).waitFor();
  await form.getByRole('region', { name: 'Changed meanwhile' }).getByText('“by another”').waitFor();
  assert.equal(await text.inputValue(), typed);

  await form.getByRole('button', { name: 'Compare with theirs' }).click();
  // Their flag is not in the document: the import would take it away, which the operator now sees.
  const consequence = form.getByRole('list', { name: 'Consequences' }).getByRole('listitem').filter({ hasText: '/flags/theirs' });
  await consequence.waitFor();
  await text.fill(JSON.stringify({ schema: 'twinflag/1', flags: { ...flags, theirs: { description: 'theirs' } } }));
  await form.getByRole('button', { name: 'See what it would change' }).click();
  await form.getByRole('heading', { name: 'The import changes 1 place' }).waitFor();
  await publish(form, 'both');
  await page.getByText(/^The document is imported as version/).waitFor();
  assert.deepEqual([await definition('mine'), await definition('theirs')], [{ description: 'mine' }, { description: 'theirs' }]);
  assert.deepEqual(unexpected(faults), []);
  await page.close();
});

test('contexts are counted whose answers an import would change', async () => {
  const { page, faults, form, look } = await opened();
  await form.getByText('Options').click();
  await form.getByLabel('Contexts to compare, as a JSON array').fill('[{"plan":"pro"},{"plan":"free"},{"plan":"basic"}]');
  const flags = { ...JSON.parse(await exported()).flags, third: { rules: [{ ...rule, if: { ...rule.if, value: 'basic' } }] } };
  await look(JSON.stringify({ schema: 'twinflag/1', flags }));
  // `pro` loses the flag and `basic` gains it.
  await form.getByText('2 of 3 contexts get another answer.').waitFor();
  assert.deepEqual(unexpected(faults), []);
  await page.close();
});

test('a name of another environment is taken once the operator types it', async () => {
  const { page, faults, form, text } = await opened();
  await text.fill(JSON.stringify({ ...JSON.parse(await exported()), environment: 'live' }));
  await form.getByRole('button', { name: 'See what it would change' }).click();
  await form.getByText('At /environment').waitFor();
  await form.getByLabel('New name of this environment').fill('live');
  await form.getByRole('button', { name: 'See what it would change' }).click();
  await form.getByRole('heading', { name: 'The import changes 1 place' }).waitFor();
  assert.equal(JSON.parse(await exported()).environment, 'production');
  assert.deepEqual(unexpected(faults), []);
  await page.close();
});

test('a viewer looks at what a document would change, and publishes none', async () => {
  const { token } = (await server.asAdmin('/api/admin/tokens', { body: { name: 'a-viewer', role: 'viewer', reason: 'a test' } })).json();
  const { page, faults, form, look } = await opened({ token });
  await look(withFlags({ first: { description: 'a viewer' } }));
  await form.getByText('Your role tries documents and publishes none.').waitFor();
  assert.equal(await form.getByRole('button', { name: /^Publish/ }).count(), 0);
  await visit(page, '/');
  assert.deepEqual(unexpected(faults), []);
  await page.close();
});
