// Roles: services and administrators may do everything, an organization's administrators change its overrides, and its members read.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { dataFolder } from '../server.mjs';
import { hostWorker, token } from './workerd.mjs';

const DOCUMENT = JSON.stringify({
  schema: 'twinflag/1',
  environment: 'test',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: { plain: { default: 'off' } },
  overrides: { organizations: { 'o-1': { plain: true }, 'o-2': { plain: true } }, customers: { 'c-2': { plain: true } } },
});
const WHO = {
  service: { role: 'service' },
  admin: { role: 'admin' },
  deputy: { role: 'organization_admin', organizationId: 'o-1' },
  member: { role: 'member', organizationId: 'o-1' },
  nobody: undefined,
};

let folder, server, as;
before(async () => {
  folder = await dataFolder();
  server = await hostWorker({ data: folder.path, document: DOCUMENT });
  const exp = Math.floor(Date.now() / 1000) + 600;
  const tokens = Object.fromEntries(
    Object.entries(WHO).map(([name, role]) => [name, token({ sub: `the ${name}`, exp, app_metadata: role })]),
  );
  as = (who, method, path, body) => server.request(`/api/admin/${path}`, { method, body, token: tokens[who] });
});
after(async () => {
  await server?.stop();
  await folder?.remove();
});

/** The status that each role gets, in the order of {@link WHO}. */
async function statuses(method, path, body) {
  const answers = [];
  for (const who of Object.keys(WHO)) answers.push((await as(who, method, path, body)).status);
  return answers;
}

test("an organization's administrators and members cannot read or change what concerns the deployment", async () => {
  for (const path of ['document', 'versions', 'stats', 'changes/verify', 'customers'])
    assert.deepEqual(await statuses('GET', path), [200, 200, 403, 403, 403], path);
  for (const [path, body] of [
    ['rollout/start', { featureName: 'absent', reason: 'r' }],
    ['rollout/rollback', { featureName: 'absent', reason: 'r' }],
    ['feature-flags', { featureName: 'absent', action: 'kill', reason: 'r' }],
  ])
    assert.deepEqual(await statuses('POST', path, body), [404, 404, 403, 403, 403], path);
});

test("an organization's administrator cannot assign a customer, or change one of another organization", async () => {
  for (const who of ['deputy', 'member', 'nobody'])
    assert.equal((await as(who, 'POST', 'customers', { customerId: 'c-2', organizationId: 'o-1' })).status, 403, who);
  assert.equal((await as('deputy', 'POST', 'overrides', { customerId: 'c-2', flags: { plain: false }, reason: 'r' })).status, 404);
});

test("an organization's administrator changes its overrides, its members read them, and others get 404", async () => {
  const change = (who, organizationId) => as(who, 'POST', 'overrides', { organizationId, flags: { plain: false }, reason: 'r' });
  assert.equal((await change('deputy', 'o-1')).status, 200);
  for (const who of ['member', 'nobody']) assert.equal((await change(who, 'o-1')).status, 403, who);
  for (const who of ['deputy', 'member']) {
    assert.equal((await as(who, 'GET', 'overrides?organizationId=o-1')).status, 200, who);
    // An organization that exists and one that does not answer alike.
    for (const path of [
      'overrides?organizationId=o-2',
      'overrides?organizationId=o-9',
      'overrides?customerId=c-2',
      'feature-flags?customerId=c-2',
    ])
      assert.equal((await as(who, 'GET', path)).status, 404, `${who} ${path}`);
  }
  for (const organization of ['o-2', 'o-9']) assert.equal((await change('deputy', organization)).status, 404, organization);
  assert.equal((await as('member', 'DELETE', 'overrides?organizationId=o-1&reason=r')).status, 403);
});

test('a stored answer is for the organization that the operator acted for', async () => {
  const sub = 'one who changes places';
  const exp = Math.floor(Date.now() / 1000) + 600;
  const own = role => token({ sub, exp, app_metadata: role });
  const body = { organizationId: 'o-2', flags: { plain: true }, reason: 'a contract of o-2' };
  const send = role => server.request('/api/admin/overrides', { body, token: own(role), headers: { 'idempotency-key': 'the same' } });
  const second = { role: 'organization_admin', organizationId: 'o-2' };
  assert.equal((await send(second)).status, 200);
  const again = await send(second);
  assert.deepEqual([again.status, again.headers.get('idempotency-replayed')], [200, 'true']);
  for (const role of [{ role: 'organization_admin', organizationId: 'o-1' }, { role: 'admin' }]) {
    const other = await send(role);
    assert.equal(other.status, 422, other.text);
    assert.ok(!other.text.includes('contract'), other.text);
  }
});

test('a change is recorded with the subject of the token, and only a service may name another', async () => {
  const change = { organizationId: 'o-2', flags: { plain: false }, reason: 'r' };
  // `changedBy` is only for a service, whose own name is recorded too.
  const claimed = await as('admin', 'POST', 'overrides', { ...change, changedBy: 'somebody else' });
  assert.equal(claimed.status, 403, claimed.text);
  const made = await as('admin', 'POST', 'overrides', change);
  assert.equal(made.status, 200, made.text);
  const [newest] = (await as('admin', 'GET', 'changes?organizationId=o-2&limit=1')).json().changes;
  assert.ok(JSON.stringify(newest).includes('the admin'), JSON.stringify(newest));
  for (const who of ['deputy', 'member']) {
    const { text } = await as(who, 'GET', 'changes');
    assert.ok(text.includes('o-1') && !text.includes('o-2') && !text.includes('the admin'), text);
  }
});

test('an organization does not see changes of a customer from before the customer joined it', async () => {
  const say = async (path, body) => assert.equal((await as('admin', 'POST', path, { ...body, reason: body.reason ?? 'r' })).status, 200);
  await say('customers', { customerId: 'c-9', organizationId: 'o-2' });
  await say('overrides', { customerId: 'c-9', flags: { plain: true }, reason: 'a secret of the second' });
  assert.ok((await as('admin', 'GET', 'changes?customerId=c-9')).text.includes('a secret of the second'));
  await say('customers', { customerId: 'c-9', organizationId: 'o-1' });
  await say('overrides', { customerId: 'c-9', flags: { plain: false }, reason: 'a new beginning' });
  const { text } = await as('deputy', 'GET', 'changes');
  assert.ok(text.includes('a new beginning') && !text.includes('secret') && !text.includes('o-2'), text);
});

test('a DELETE without a body needs no content type', async () => {
  const answer = await fetch(`${server.url}/api/admin/overrides?organizationId=o-2&reason=r`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${server.adminToken}` },
  });
  assert.equal(answer.status, 200);
});
