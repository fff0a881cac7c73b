/** What a server says is in force, held against what its audit trail tells. */
import { isDeepStrictEqual } from 'node:util';

import { openRunner } from '../reference/runner.mjs';
import { CUSTOMERS, ROLLOUTS } from './documents.mjs';

const ASKED = ['plain', 'ui.new', 'menu.compact', 'theme', ...ROLLOUTS];

/** What is not as the records tell it. */
export async function differences(server, told, version) {
  const get = async path => {
    const answer = await server.asAdmin(`/api/admin/${path}`, { method: 'GET' });
    if (answer.status !== 200) throw new Error(`${path}: ${answer.text}`);
    return answer;
  };
  const found = [];
  const compare = (what, actual, expected) => {
    if (!isDeepStrictEqual(actual, expected)) found.push(`${what}: ${JSON.stringify(actual)}, the trail tells ${JSON.stringify(expected)}`);
  };

  const exported = await get('document');
  compare('the version', exported.headers.get('etag').split('.')[1], `${version}"`);
  const { bucketKey, flags, overrides, ...rest } = exported.json();
  const { flags: toldFlags, overrides: toldOverrides, ...toldRest } = told.document();
  compare('flags', Object.keys(flags).sort(), Object.keys(toldFlags).sort());
  for (const [key, flag] of Object.entries(flags)) compare(key, flag, toldFlags[key]);
  compare('overrides', spelled(overrides), toldOverrides);
  compare('the rest', rest, toldRest);

  for (const [kind, section] of [
    ['customerId', 'customers'],
    ['organizationId', 'organizations'],
  ]) {
    const { owners } = (await get(`overrides?kind=${section}&limit=1000`)).json();
    compare(section, owners, Object.keys(toldOverrides[section] ?? {}).sort());
    for (const id of owners.slice(0, 1)) compare(id, (await get(`overrides?${kind}=${id}`)).json().flags, overrides[section][id]);
  }
  for (const customer of CUSTOMERS) {
    const { organizationId } = (await get(`customers?customerId=${customer}`)).json();
    compare(`the organization of ${customer}`, organizationId, told.memberships.get(customer) ?? null);
  }

  const ask = openRunner();
  ask(JSON.stringify({ document: { ...told.document(), bucketKey } }));
  const questions = [undefined, ...CUSTOMERS].flatMap(customerId => ASKED.map(flag => ({ flag, context: { customerId } })));
  const answers = await server.evaluate(...questions);
  for (const [at, { flag, context }] of questions.entries()) {
    const { value, variant, reason } = answers[at];
    // The reference knows of no memberships.
    const known = { ...context, organizationId: told.memberships.get(context.customerId) };
    const expected = JSON.parse(ask(JSON.stringify({ flag, context: known })));
    compare(`${flag} for ${context.customerId}`, [value, variant, reason], [expected.value, expected.variant, expected.reason]);
  }
  return found;
}

/** Trees of overrides as the records write them: a flag's key, and the name of a variant. */
function spelled(overrides = {}) {
  const leaves = (tree, path) =>
    Object.entries(tree).flatMap(([name, value]) =>
      typeof value === 'object' ? leaves(value, `${path}${name}.`) : [[path + name, variant(value)]],
    );
  const section = owners => Object.fromEntries(Object.entries(owners).map(([id, tree]) => [id, Object.fromEntries(leaves(tree, ''))]));
  return Object.fromEntries(Object.entries(overrides).map(([name, owners]) => [name, section(owners)]));
}
const variant = value => (typeof value === 'string' ? value : value ? 'on' : 'off');
