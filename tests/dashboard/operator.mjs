// An operator at the dashboard, in Chromium, by what a person sees: roles, names and texts.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { newPage } from '../chromium.mjs';

const require = createRequire(new URL('../../npm/package.json', import.meta.url));
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

export const PATH = '/dashboard/admin/feature-flags';

/** Opens the dashboard and signs in; `view` is the address behind `#`. */
export async function signedIn(browser, server, { token = server.adminToken, view = '/', context } = {}) {
  const { page, faults } = await newPage(context ?? browser);
  await page.goto(`${server.url}${PATH}#${view}`);
  await page.getByLabel('Token').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('navigation', { name: 'Views' }).waitFor();
  return { page, faults };
}

/** Goes to another view without losing the token, which a reload would. */
export async function visit(page, view) {
  await page.evaluate(to => {
    location.hash = to;
  }, view);
}

/** Fills in the reason that an open dialog asks for, and confirms. */
export async function confirm(page, action, reason) {
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Reason').fill(reason);
  await dialog.getByRole('button', { name: action, exact: true }).click();
  // A refusal stands in the dialog, which then stays open.
  const refusal = dialog.getByRole('alert');
  await dialog.waitFor({ state: 'detached' }).catch(async error => {
    throw new Error(`the dialog stays open: ${(await refusal.allTextContents()).join(' ')}`, { cause: error });
  });
}

/** Asserts that axe finds no fault in the page as it is. The page's policy runs no inline script, so axe comes through the debugger. */
export async function accessible(page, what) {
  await page.evaluate(AXE);
  // A colour on its way to another is in neither theme.
  await page.evaluate(() => Promise.all(document.getAnimations().map(animation => animation.finished)));
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  const shown = violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join('\n')}`,
  );
  assert.deepEqual(shown, [], what);
}

/** The newest records of the audit trail, by the admin API. */
export async function changes(server, query = '') {
  return (await server.asAdmin(`/api/admin/changes?limit=20${query}`, { method: 'GET' })).json().changes;
}

/** The answer that a server gets now, for one context. */
export async function answer(server, flag, context = {}) {
  const [{ value }] = await server.evaluate({ flag, context });
  return value;
}
