// With a client key nobody finds out which organization a customer belongs to.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { createClient } from '../../npm/client/dist/entry/node.js';
import { dataFolder } from '../server.mjs';
import { hostWorker } from './workerd.mjs';

const ORGANIZATIONS = ['org-acme', 'org-beta', 'org-none'];
/** The organization of each customer; a flag tells the first two apart, and an override those from all others. */
const MEMBERS = { 'acme-1': 'org-acme', 'acme-2': 'org-beta', nobody: undefined };
const DOCUMENT = {
  schema: 'twinflag/1',
  environment: 'test',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: {
    plain: {},
    open: { rules: [{ if: { attribute: 'plan', op: 'in', value: ['pro', 'team'] }, serve: 'on' }] },
    told: { rules: [{ if: { attribute: 'organizationId', op: 'eq', value: 'org-acme' }, serve: 'on' }] },
    given: {},
  },
  overrides: { customers: {}, organizations: { 'org-beta': { given: true } } },
};
/** A document whose answers are the same for every organization. */
const ALIKE = { ...DOCUMENT, flags: { plain: {}, open: DOCUMENT.flags.open, given: {} } };

const ends = [];
after(() => Promise.all(ends.map(end => end())));
async function hosted(document) {
  const folder = await dataFolder();
  const server = await hostWorker({ data: folder.path, document: JSON.stringify(document) });
  ends.push(async () => {
    await server.stop();
    await folder.remove();
  });
  for (const [customerId, organizationId] of Object.entries(MEMBERS).filter(([, organizationId]) => organizationId)) {
    const answer = await server.asAdmin('/api/admin/customers', { body: { customerId, organizationId } });
    assert.equal(answer.status, 200, answer.text);
  }
  return server;
}

let server;
before(async () => {
  server = await hosted(DOCUMENT);
});

/** Answers of every route that a page can ask about a visitor. */
async function* answers({ asClient }, context) {
  yield asClient('/ofrep/v1/evaluate/flags/told', { body: { context } });
  yield asClient('/ofrep/v1/evaluate/flags', { body: { context } });
  for (const accept of ['application/vnd.twinflag.program', 'application/json'])
    yield asClient('/v1/program', { body: { context }, headers: { accept } });
  yield asClient(`/api/widget/config?${new URLSearchParams(context)}`, { method: 'GET' });
}

/** The parts of an answer that can be compared: not the moment, nor the page's own words, nor fingerprints, whose key comes from these. */
function comparable({ status, headers, bytes }) {
  const isProgram = /program/.test(headers.get('content-type') ?? '');
  const body = isProgram ? `${bytes.length} bytes` : bytes.toString();
  const lines = [...headers].filter(([name]) => !['date', 'twinflag-now', 'etag'].includes(name));
  return JSON.stringify([status, lines, body])
    .replace(/\\"evaluatedAt\\":\\"[^"]+\\"/, '')
    .replace(/,\\"organizationId\\":\\"[^"]+\\"/, '')
    .replace(/\\"known\\":\[.*?\]/, '')
    .replace(/[0-9a-f]{16}/g, 'fingerprint');
}

test('a right and a wrong organization beside a customer get the same answers', async () => {
  for (const customerId of ['acme-1', 'acme-2']) {
    const seen = [];
    for (const organizationId of [undefined, ...ORGANIZATIONS]) {
      const found = [];
      for await (const answer of answers(server, organizationId ? { customerId, organizationId } : { customerId })) {
        assert.equal(answer.status, 200, answer.text);
        assert.equal(answer.headers.get('twinflag-organization'), null);
        found.push(answer);
      }
      seen.push({ organizationId, found });
    }
    // Those that name one have the same form; without one, programs lack its fingerprint.
    const [right, ...others] = seen.slice(1);
    for (const { organizationId, found } of others)
      for (const [place, answer] of found.entries()) assert.equal(comparable(answer), comparable(right.found[place]), organizationId);
    for (const place of [0, 1]) assert.equal(comparable(seen[0].found[place]), comparable(right.found[place]), 'without one');
  }
});

test('where no answer depends on the organization, members and strangers get the same answers', async () => {
  const alike = await hosted({ ...ALIKE, overrides: { customers: {}, organizations: {} } });
  for (const organizationId of ORGANIZATIONS) {
    const seen = [];
    for (const customerId of Object.keys(MEMBERS)) {
      const found = [];
      for await (const answer of answers(alike, { customerId, organizationId })) found.push(comparable(answer).replaceAll(customerId, 'c'));
      seen.push(found);
    }
    assert.deepEqual(seen[1], seen[0]);
    assert.deepEqual(seen[2].slice(0, 2), seen[0].slice(0, 2));
  }
});

test('the client runs the program of a customer whatever organization its page names', async () => {
  const expected = { 'acme-1': { told: true, given: false }, 'acme-2': { told: false, given: true } };
  for (const [customerId, flags] of Object.entries(expected)) {
    for (const organizationId of [undefined, ...ORGANIZATIONS]) {
      const client = createClient({ url: server.url, clientKey: server.clientKey, context: { customerId, organizationId, plan: 'pro' } });
      try {
        await client.ready();
        assert.equal(client.status, 'ready', String(client.error));
        const found = Object.fromEntries(Object.keys(flags).map(flag => [flag, client.isEnabled(flag)]));
        assert.deepEqual(found, flags, `${customerId} ${organizationId}`);
        assert.equal(client.isEnabled('open'), true);
        await client.setContext({ customerId, organizationId, plan: 'free' });
        assert.equal(client.isEnabled('open'), false);
      } finally {
        client.close();
      }
    }
  }
});

test('a server key and an operator are told of a contradiction', async () => {
  const context = { customerId: 'acme-1', organizationId: 'org-beta' };
  const many = await server.asServer('/v1/evaluate', { body: { evaluations: [{ flag: 'plain' }, { flag: 'plain', context }] } });
  assert.equal(many.status, 400, many.text);
  assert.match(many.json().pointer ?? many.text, /\/evaluations\/1\/context/);
  assert.equal((await server.asServer('/ofrep/v1/evaluate/flags', { body: { context } })).status, 400);
  assert.equal((await server.asAdmin('/v1/explain', { body: { flag: 'plain', context } })).status, 400);
});

test('a key whose organization is pinned is told of a contradiction, and one whose customer is pinned is not', async () => {
  const keyed = async identity => {
    const made = await server.asAdmin('/api/admin/keys', { body: { kind: 'client', label: 'l', identity } });
    assert.equal(made.status, 200, made.text);
    return made.json().key;
  };
  const ask = (token, context) => server.request('/ofrep/v1/evaluate/flags/told', { token, body: { context } });
  const organization = await keyed({ kind: 'pinned', organizationId: 'org-beta' });
  assert.equal((await ask(organization, { customerId: 'acme-1' })).status, 400);
  const customer = await keyed({ kind: 'pinned', customerId: 'acme-1' });
  for (const organizationId of ORGANIZATIONS) {
    const answer = await ask(customer, { organizationId });
    assert.deepEqual([answer.status, answer.json().value], [200, true], organizationId);
  }
});
