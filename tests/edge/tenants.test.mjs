// Callers of one organization learn nothing about another organization, not even that it exists.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { extent } from '../extent.mjs';
import { dataFolder } from '../server.mjs';
import { random } from './malformed/random.mjs';
import { hostWorker, token } from './workerd.mjs';

const REQUESTS = extent({ usual: 1_000, all: 10_000 });
const SEED = 1;
const AT_ONCE = 8;

/** A word for each organization that appears only in its names and reasons. The last organization does not exist. */
const MARKS = ['kestrel', 'marmot', 'nobody'];
const of = mark => ({ mark, organization: `o-${mark}`, customers: [0, 1, 2].map(number => `c-${mark}-${number}`) });
const [KESTREL, MARMOT, ABSENT] = MARKS.map(of);
const TENANTS = [KESTREL, MARMOT];
const DOCUMENT = {
  schema: 'twinflag/1',
  environment: 'test',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: {
    plain: {},
    pilot: {
      unit: 'customerId',
      rollout: {
        status: 'active',
        percentage: 50,
        allow: TENANTS.map(({ customers }) => customers[1]),
        deny: TENANTS.map(({ customers }) => customers[2]),
      },
    },
    aimed: { targets: [{ attribute: 'customerId', values: TENANTS.map(({ customers }) => customers[0]), variant: 'on' }] },
  },
};

let folder, server, people;
before(async () => {
  folder = await dataFolder();
  server = await hostWorker({ data: folder.path, document: JSON.stringify(DOCUMENT) });
  const exp = Math.floor(Date.now() / 1000) + 3_600;
  people = TENANTS.flatMap((own, at) =>
    ['organization_admin', 'member'].map(role => {
      const subject = token({ sub: `${role} of ${own.mark}`, exp, app_metadata: { role, organizationId: own.organization } });
      const ask = (method, path, { body, headers } = {}) => server.request(`/api/admin/${path}`, { method, body, headers, token: subject });
      return { role, own, foreign: TENANTS[1 - at], ask };
    }),
  );
  for (const { mark, organization, customers } of TENANTS) {
    const done = async (path, body) =>
      assert.equal((await server.asAdmin(`/api/admin/${path}`, { body: { ...body, reason: `because of ${mark}` } })).status, 200, path);
    for (const customerId of customers) await done('customers', { customerId, organizationId: organization });
    await done('overrides', { organizationId: organization, flags: { plain: true } });
    for (const customerId of customers) await done('overrides', { customerId, flags: { plain: false, pilot: true } });
    const [deputy] = people.filter(({ own }) => own.mark === mark);
    const own = {
      headers: { 'idempotency-key': 'a key of both' },
      body: { organizationId: organization, flags: { plain: false }, reason: mark },
    };
    assert.equal((await deputy.ask('POST', 'overrides', own)).status, 200);
  }
});
after(async () => {
  await server?.stop();
  await folder?.remove();
});

const REASON = { reason: 'to see' };
/**
 * Requests about `who`, `{ customerId }` or `{ organizationId }`: each a method, a path and a body. These roles may not send `closed` ones,
 * not even for their own organization.
 */
const ASKED = [
  { make: who => ['GET', `feature-flags?${new URLSearchParams(who)}`] },
  { make: who => ['GET', `overrides?${new URLSearchParams(who)}`] },
  { make: who => ['POST', 'overrides', { ...who, flags: { plain: true }, ...REASON }] },
  { make: who => ['POST', 'overrides', { ...who, flags: { absent: true }, ...REASON }] },
  { make: who => ['DELETE', `overrides?${new URLSearchParams({ ...who, ...REASON })}`] },
  { make: who => ['POST', 'feature-flags', { ...who, featureName: 'plain', enabled: null, ...REASON }] },
  { make: who => ['POST', 'feature-flags', { ...who, featureName: 'plain', variant: 'on', ...REASON }] },
  { make: (who, own) => ['GET', `feature-flags?${new URLSearchParams({ organizationId: own.organization, ...who })}`] },
  { make: (who, own) => ['GET', `feature-flags?${new URLSearchParams({ customerId: own.customers[0], ...who })}`] },
  { make: who => ['GET', `changes?${new URLSearchParams(who)}`] },
  { make: who => ['GET', `changes?${new URLSearchParams({ ...who, limit: 1, before: 9 })}`] },
  { make: who => ['GET', `customers?${new URLSearchParams(who)}`] },
  {
    closed: true,
    make: ({ customerId = 'c-kestrel-0' }, own) => ['POST', 'customers', { customerId, organizationId: own.organization, ...REASON }],
  },
  { closed: true, make: who => ['POST', 'customers', { customerId: 'c-new', ...who, ...REASON }] },
  {
    closed: true,
    make: who => ['POST', 'rollout/lists', { featureName: 'pilot', add: { whitelistedCustomers: Object.values(who) }, ...REASON }],
  },
  { closed: true, make: who => ['POST', 'rollout/create', { featureName: 'plain', whitelistedCustomers: Object.values(who), ...REASON }] },
  { closed: true, make: () => ['GET', 'document'] },
  {
    closed: true,
    make: who => ['PUT', 'document?state=replace', { ...DOCUMENT, overrides: { customers: { [Object.values(who)[0]]: { plain: true } } } }],
  },
  { closed: true, make: who => ['PUT', 'document?dryRun=true', { document: DOCUMENT, contexts: [who] }] },
  { closed: true, make: () => ['GET', 'keys'] },
  { closed: true, make: who => ['POST', 'keys', { kind: 'client', label: 'a key', identity: { kind: 'pinned', ...who }, ...REASON }] },
  { closed: true, make: who => ['POST', `keys/${Object.values(who)[0]}/rotate`, REASON] },
  { closed: true, make: who => ['DELETE', `keys/${Object.values(who)[0]}?reason=r`] },
  { closed: true, make: () => ['GET', 'versions'] },
  { closed: true, make: () => ['GET', 'changes/verify'] },
  { closed: true, make: () => ['GET', 'stats'] },
  { closed: true, make: () => ['GET', 'backup'] },
  { closed: true, make: who => ['POST', 'restore', who] },
  { closed: true, make: who => ['POST', 'restore/pieces', who] },
  { closed: true, make: who => ['PUT', `restore/pieces/${Object.values(who)[0]}`, who] },
  { closed: true, make: who => ['DELETE', `changes/${Object.values(who)[0]}/payload?reason=r`] },
  { closed: true, make: () => ['GET', 'cache'] },
  { closed: true, make: () => ['DELETE', 'cache'] },
  { closed: true, make: () => ['GET', 'overrides?kind=customers'] },
  { closed: true, make: () => ['GET', 'overrides/export'] },
  { closed: true, make: () => ['GET', 'overrides/import/i-1'] },
  { closed: true, make: who => ['POST', 'overrides/import?import=i-1&reason=r', { ...who, flags: { plain: true } }] },
  { closed: true, make: () => ['GET', 'overrides?kind=organizations&after=o-'] },
];
const HEADERS = [
  {},
  {},
  { 'if-match': '*' },
  { 'if-match': '"1"' },
  { 'if-match': '"99999"' },
  { 'idempotency-key': 'a key of both' },
  { 'idempotency-key': 'a new key' },
];

const whole = ({ status, headers, text }) => JSON.stringify([status, [...headers].filter(([name]) => name !== 'date'), text]);
const exported = async () => [
  (await server.asAdmin('/api/admin/document', { method: 'GET' })).text,
  (await server.asAdmin('/api/admin/changes?limit=1000', { method: 'GET' })).text,
];

test('administrators and members of an organization read its flags, overrides and changes', async () => {
  for (const { own, ask, role } of people) {
    for (const who of [{ organizationId: own.organization }, ...own.customers.map(customerId => ({ customerId }))]) {
      for (const path of ['feature-flags', 'overrides', 'changes']) {
        const answer = await ask('GET', `${path}?${new URLSearchParams(who)}`);
        assert.equal(answer.status, 200, `${role}: ${path}`);
        assert.ok(answer.text.includes(own.mark), answer.text);
      }
    }
  }
});

test('lists without an owner do not name another organization', async () => {
  for (const { own, foreign, ask } of people) {
    for (const path of [
      'feature-flags',
      'changes?limit=1000',
      `changes?limit=1000&changedBy=${encodeURIComponent(`organization_admin of ${foreign.mark}`)}`,
      'changes?limit=1000&flag=pilot',
      'changes?limit=1000&action=customer.assign',
    ]) {
      const answer = await ask('GET', path);
      assert.equal(answer.status, 200, path);
      assert.ok(!answer.text.includes(foreign.mark), `${own.mark} reads ${answer.text}`);
    }
  }
});

test(`${REQUESTS} requests about another organization are answered like those about one that does not exist`, {
  timeout: 300_000,
}, async t => {
  const before = await exported();
  const statuses = new Map();
  let index = 0;
  const work = async () => {
    while (index < REQUESTS / 2) {
      const r = random(SEED, index++);
      const { own, foreign, ask } = r.pick(people);
      const { make, closed } = r.pick(ASKED);
      const headers = r.pick(HEADERS);
      const which = r.below(4);
      const about = ({ organization, customers }) => (which === 3 ? { organizationId: organization } : { customerId: customers[which] });
      const [method, path, body] = make(about(foreign), own);
      const [, absentPath, absentBody] = make(about(ABSENT), own);
      const [answer, absent] = [await ask(method, path, { body, headers }), await ask(method, absentPath, { body: absentBody, headers })];
      const said = () =>
        `seed ${SEED}, ${index - 1}: ${method} ${path} ${JSON.stringify(body)} ${JSON.stringify(headers)}\n${answer.status} ${answer.text}\n${absent.status} ${absent.text}`;
      assert.equal(whole(answer), whole(absent), said());
      assert.ok(!answer.text.includes(foreign.mark), said());
      if (closed) assert.equal(answer.status, 403, said());
      else if (path.startsWith('changes?')) assert.equal(answer.text, '{"changes":[]}', said());
      else assert.ok([400, 403, 404, 412, 422].includes(answer.status), said());
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 2);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  assert.deepEqual(await exported(), before);
  t.diagnostic(
    `by status: ${[...statuses]
      .sort()
      .map(([status, count]) => `${status}: ${count}`)
      .join(', ')}`,
  );
  assert.ok(statuses.get(403) >= REQUESTS / 4 && statuses.get(404) >= REQUESTS / 10);
});
