// Sessions that get receipts and report outcomes, and the figures that the hub makes of them.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';

const PATIENCE_MS = 30_000;

/** The receipt of a session of a customer, whose requests come from an address. */
export async function receiptOf(server, { session, customer = 'c-1', address = '192.0.2.1', now }) {
  const answer = await server.asClient('/v1/program', {
    body: { context: { customerId: customer, targetingKey: customer } },
    headers: { 'twinflag-unit': encodeURIComponent(session), 'x-client-address': address, ...timeOf(now) },
  });
  assert.equal(answer.status, 200, answer.text);
  return answer.headers.get('twinflag-receipt');
}

/** An outcome with an id of its own. */
export const outcome = (unit, event, more = {}) => ({ id: randomUUID(), flag: 'checkout', unit, event, ...more });

/** Reports outcomes, and returns the numbers of the answer. */
export async function report(server, outcomes, { token = server.clientKey, address = '192.0.2.1', now } = {}) {
  const headers = { 'x-client-address': address, ...timeOf(now) };
  const answer = await server.request('/v1/outcomes', { token, body: { outcomes }, headers });
  assert.equal(answer.status, 202, answer.text);
  return answer.json();
}

const timeOf = now => (now === undefined ? {} : { 'twinflag-now': String(now) });

/** The flag as operators see it. */
export async function featureOf(server, flag = 'checkout') {
  const answer = await server.asAdmin(`/api/admin/feature-flags?featureName=${flag}`, { method: 'GET' });
  assert.equal(answer.status, 200, answer.text);
  return answer.json().features[0];
}

/** Asks until the figures are what a test waits for: a tally sends its sums each second. */
export async function until(ask, isThere) {
  let found;
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await new Promise(resolve => setTimeout(resolve, 50))) {
    found = await ask();
    if (isThere(found)) return found;
  }
  throw new Error(`it did not come: ${JSON.stringify(found)}`);
}

/** Waits until so many exposures are counted, and returns the flag then. */
export const counted = (server, exposures, flag) =>
  until(
    () => featureOf(server, flag),
    ({ statistics }) => statistics.exposures >= exposures,
  );

/** Creates a rollout with two customers and starts it, and forces it on to a tier. */
export async function startRollout(server, { flag = 'checkout', tier = 1, ...more } = {}) {
  const take = async (verb, body) => {
    const answer = await server.asAdmin(`/api/admin/rollout/${verb}`, { body: { featureName: flag, ...body } });
    assert.equal(answer.status, 200, answer.text);
  };
  await take('create', { whitelistedCustomers: ['c-1', 'c-2'], start: true, ...more });
  for (let at = 1; at < tier; at++) await take('advance', { force: true, reason: 'as a test wants' });
}

/** An address of a network (a /24) with this number. */
export const addressOf = (network, host = 1) => `10.${network >> 8}.${network & 255}.${host}`;
