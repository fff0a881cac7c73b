// The key set at JWKS_URL: it is read up to its bound, only if it reads one way, and from the network that the deployment chose.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { dataFolder } from '../server.mjs';
import { jose, listener, pair } from './issuer.mjs';
import { hostWorker } from './workerd.mjs';

const ISSUER = 'https://id.example';
const AUDIENCE = 'flags';
/** The longest key set, in bytes. */
const LONGEST = 256_000;

const key = await pair('EdDSA', 'ed');
const SET = JSON.stringify({ keys: [key.jwk] });
const ends = [];
let token;
before(async () => {
  const claims = { sub: 'ada', iss: ISSUER, aud: AUDIENCE, app_metadata: { role: 'service' } };
  token = await new jose.SignJWT(claims).setProtectedHeader({ alg: key.alg, kid: key.kid }).setExpirationTime('10m').sign(key.privateKey);
});
after(() => Promise.all(ends.map(end => end())));

/** Sends a valid token to a worker that has the issuer's keys at an address. Returns the answer, and the worker. */
async function shown(url, settings = { JWKS_PRIVATE: 'on' }) {
  const folder = await dataFolder();
  const own = await hostWorker({ data: folder.path, settings: { JWKS_URL: url, JWT_ISSUER: ISSUER, JWT_AUDIENCE: AUDIENCE, ...settings } });
  ends.push(async () => {
    await own.stop();
    await folder.remove();
  });
  return { answer: await own.request('/api/admin/versions', { method: 'GET', token }), own };
}

async function publishing(answer) {
  const server = await listener(answer);
  ends.push(server.stop);
  return server;
}

const refused = ({ answer }) => assert.deepEqual([answer.status, answer.json().code], [503, 'KEYS_UNAVAILABLE']);

test('a key set of 256,000 bytes is read, and a longer one is refused', async () => {
  const longest = SET + ' '.repeat(LONGEST - SET.length);
  const read = await publishing(() => ({ body: longest }));
  assert.equal((await shown(read.url)).answer.status, 200);
  const longer = await publishing(() => ({ body: `${longest} ` }));
  const { own, ...found } = await shown(longer.url);
  refused(found);
  await own.heard(/no keys from JWKS_URL: its answer is longer than 256,000 bytes/);
});

test('a compressed key set counts by its bytes after decompression', async () => {
  const compressed = text => ({ headers: { 'content-encoding': 'gzip' }, body: gzipSync(text) });
  const read = await publishing(() => compressed(SET));
  assert.equal((await shown(read.url)).answer.status, 200);
  const large = compressed(SET + ' '.repeat(20_000_000));
  assert.ok(large.body.length < LONGEST);
  const longer = await publishing(() => large);
  const { own, ...found } = await shown(longer.url);
  refused(found);
  await own.heard(/no keys from JWKS_URL: its answer is longer than 256,000 bytes/);
});

test('the worker stops receiving a key set that is too long', async () => {
  const chunk = Buffer.alloc(16_000, ' ');
  let ended;
  const endless = createServer((_, response) => {
    ended = once(response, 'close');
    response.writeHead(200);
    const more = () => {
      while (!response.destroyed && response.write(chunk));
    };
    response.on('drain', more).on('error', () => {});
    more();
  });
  await once(endless.listen(0, '127.0.0.1'), 'listening');
  ends.push(async () => {
    endless.close();
    endless.closeAllConnections();
  });
  const { own, ...found } = await shown(`http://127.0.0.1:${endless.address().port}`);
  refused(found);
  await own.heard(/no keys from JWKS_URL: its answer is longer than 256,000 bytes/);
  await ended;
});

test('a key set in which a member stands twice is refused', async () => {
  const twice = await publishing(() => ({ body: SET.replace('"kid"', '"kid":"other","kid"') }));
  const { own, ...found } = await shown(twice.url);
  refused(found);
  await own.heard(/no keys from JWKS_URL: its answer is no set of keys/);
});

test('without JWKS_PRIVATE the worker connects to public addresses only', async () => {
  const inside = await publishing(() => ({ body: SET }));
  const { port } = new URL(inside.url);
  // The same address in other spellings, and the IPv6 addresses by which NAT64 and 6to4 lead to it.
  const hosts = [
    '127.0.0.1',
    'localhost',
    '2130706433',
    '[::ffff:127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[64:ff9b:1::7f00:1]',
    '[2002:7f00:1::]',
  ];
  for (const settings of [{}, { JWKS_PRIVATE: 'off' }])
    for (const host of settings.JWKS_PRIVATE ? hosts.slice(0, 1) : hosts) {
      const { own, ...found } = await shown(`http://${host}:${port}`, settings);
      refused(found);
      await own.heard(/connecting to \S+ is not allowed/);
      await own.heard(/no keys from JWKS_URL: it cannot be reached; one in a private network needs JWKS_PRIVATE=on/);
      await own.stop();
    }
  assert.deepEqual(inside.asked, []);
  assert.equal((await shown(inside.url)).answer.status, 200);
  assert.equal(inside.asked.length, 1);
});

test('with JWKS_PRIVATE the worker connects to no public address', async () => {
  // An address for documentation (RFC 5737), which no network has.
  const { own, ...found } = await shown('http://192.0.2.1');
  refused(found);
  await own.heard(/connecting to \S+ is not allowed/);
  await own.heard(/no keys from JWKS_URL: it cannot be reached; with JWKS_PRIVATE it must be in a private network/);
});
