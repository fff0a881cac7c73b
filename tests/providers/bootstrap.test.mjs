// Our provider for pages beside the answers of the page's server: ready at once, for that context alone, and then as the edge answers.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { ClientProviderEvents, ClientProviderStatus, OpenFeature } from '@openfeature/web-sdk';

import { bootstrap } from '../../npm/client/dist/entry/bootstrap.js';
import { TwinflagWebProvider } from '../../npm/openfeature/dist/entry/web.js';
import { ownServer } from '../own-server.mjs';

const rule = (attribute, value) => ({ rules: [{ name: 'r', if: { attribute, op: 'eq', value }, serve: 'on' }] });
const server = ownServer({ document: { schema: 'twinflag/1', flags: { staff: rule('userId', 'ada'), beta: rule('customerId', 'c-1') } } });
after(() => OpenFeature.close());

const on = { value: true, variant: 'on', reason: 'TARGETING_MATCH', layer: 'rule' };
/** The answers of the page's server. */
const GIVEN = { version: '000000000000.1', flags: { staff: on, beta: on } };

/** A provider of its own domain whose requests wait until `release`. */
async function open(domain, context, options) {
  let release;
  const held = new Promise(resolve => {
    release = resolve;
  });
  const requests = [];
  const through = async (url, init) => {
    if (url.includes('/v1/program')) requests.push(JSON.parse(init.body).context);
    await held;
    // Another store's version would be asked for in vain.
    return fetch(url.replace(/&minVersion=[^&]*/, ''), init);
  };
  await OpenFeature.setContext(domain, context);
  const provider = new TwinflagWebProvider({ url: server.url, clientKey: server.clientKey, fetch: through, ...options });
  const set = OpenFeature.setProviderAndWait(domain, provider);
  return { provider, set, requests, release, client: OpenFeature.getClient(domain) };
}

test('with a bootstrap the provider is ready before the edge has answered, and then follows the edge', async () => {
  const { set, requests, release, client } = await open('given', { userId: 'ada', customerId: 'c-2' }, { bootstrap: bootstrap(GIVEN) });
  await set;
  assert.equal(client.providerStatus, ClientProviderStatus.READY);
  const { value, variant, reason, flagMetadata } = client.getBooleanDetails('beta', false);
  assert.deepEqual([value, variant, reason, flagMetadata.stale], [true, 'on', 'TARGETING_MATCH', undefined]);
  assert.deepEqual(requests, [{ customerId: 'c-2' }], 'the edge is asked behind that');
  const changed = new Promise(resolve => client.addHandler(ClientProviderEvents.ConfigurationChanged, resolve));
  release();
  assert.deepEqual((await changed).flagsChanged, ['beta']);
  assert.deepEqual([client.getBooleanValue('staff', false), client.getBooleanValue('beta', true)], [true, false]);
});

test('without one the provider is ready when the edge has answered', async () => {
  const { set, release, client } = await open('asked', { userId: 'ada', customerId: 'c-1' });
  assert.equal(client.providerStatus, ClientProviderStatus.NOT_READY);
  release();
  await set;
  assert.deepEqual([client.getBooleanValue('staff', false), client.getBooleanValue('beta', false)], [true, true]);
});

test('a bad option is refused where it is given', () => {
  assert.throws(() => new TwinflagWebProvider({ url: server.url, clientKey: server.clientKey, timeout: 0 }), RangeError);
});
