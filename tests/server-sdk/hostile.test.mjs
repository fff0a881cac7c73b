// Answers that are damaged, too long, old or not the worker's change no value.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ownServer } from '../own-server.mjs';
import { codes, open } from './client.mjs';
import { DOCUMENT } from './document.mjs';

const server = ownServer({ document: DOCUMENT });

const text = (body, init) => () => new Response(body, init);
/** A body of so many bytes, in pieces, of which nobody announced the length. */
const endless = () => () =>
  new Response(
    new ReadableStream({
      pull: controller => controller.enqueue(new Uint8Array(1_000_000).fill(32)),
    }),
  );
const broken = () => () =>
  new Response(
    new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('{"bucketKey":"0001'));
        controller.error(new TypeError('terminated'));
      },
    }),
  );

test('0 values change by an answer that is not a whole, sound and newer one', async () => {
  let spoil;
  const flags = await open(server, {
    refreshMs: 0,
    maxRulesBytes: 5_000_000,
    fetch: async (url, init) => {
      const response = await fetch(url, init);
      return spoil ? spoil(await response.text(), new URL(url).pathname) : response;
    },
  });
  const values = () =>
    Object.keys(DOCUMENT.flags).flatMap(flag =>
      [{}, { customerId: 'c-1' }, { organizationId: 'o-1' }, { userId: 'ada' }].map(context => plain(flags.peek(flag, undefined, context))),
    );
  const plain = ({ stale, ...details }) => details;
  await flags.getMany(
    [{ customerId: 'c-1' }, { organizationId: 'o-1' }].map(context => ({ flagKey: 'gift', defaultValue: false, context })),
  );
  const before = values();
  const whole = (await server.asServer('/v1/ruleset?overrides=false', { method: 'GET' })).text;
  const { epoch, version } = JSON.parse(whole);
  const newer = whole.replace(`"version":${version}}`, `"version":${version + 1}}`);
  const restored = newer.replace(epoch, '0a1b2c3d4e5f');

  const cases = {
    empty: text(''),
    'not JSON': text('<html>'),
    'an array': text('[]'),
    null: text('null'),
    truncated: text(newer.slice(0, -1)),
    'cut in half': text(newer.slice(0, newer.length / 2)),
    'followed by more': text(`${newer}{}`),
    'not UTF-8': text(new Uint8Array([...new TextEncoder().encode(newer), 0xff])),
    'announced too long': text(newer, { headers: { 'content-length': '6000000' } }),
    endless: endless(),
    broken: broken(),
    older: text(newer.replace(`"version":${version + 1}}`, `"version":${version - 1}}`).replaceAll('"on"', '"off"')),
    'a document that is refused': text(newer.replace('twinflag/1', 'twinflag/9')),
    'a document that is no JSON': text(newer.replace('"flags":{', '"flags":{,')),
    'a bad key': text(newer.replace(/"bucketKey":"[0-9a-f]/, '"bucketKey":"g')),
    'another epoch, whose overrides are of this one': (_, path) => (path === '/v1/ruleset' ? new Response(restored) : undefined),
    'unchanged, of another epoch': text(null, { status: 204, headers: { etag: '"0a1b2c3d4e5f.99"' } }),
    'unchanged, of an older version': text(null, { status: 204, headers: { etag: `"${epoch}.0"` } }),
    'a refusal': text('{"code":"UNAUTHORIZED","detail":"no"}', { status: 401 }),
    'a failure': text('oops', { status: 500 }),
    'a redirect without a place': text('', { status: 302 }),
  };
  for (const [name, answer] of Object.entries(cases)) {
    flags.errors.length = 0;
    spoil = async (body, path) => answer(body, path) ?? new Response(body);
    // Each case is asked about, whatever the ones before did to the breaker.
    for (let tries = 0; flags.errors.length === 0 && tries < 400; tries++) {
      await flags.refresh();
      if (flags.errors.length === 0) await new Promise(resolve => setTimeout(resolve, 50));
    }
    assert.ok(flags.errors.length > 0, name);
    assert.deepEqual(values(), before, name);
    spoil = undefined;
    await flags.refresh();
  }
});

test('0 values change by overrides that are not sound', async () => {
  let spoil;
  const flags = await open(server, {
    refreshMs: 0,
    fetch: async (url, init) => {
      const response = await fetch(url, init);
      return spoil && new URL(url).pathname === '/v1/overrides' ? new Response(spoil(await response.text())) : response;
    },
  });
  const context = { customerId: 'c-1' };
  assert.equal(await flags.isEnabled('gift', context), true);
  const change = async flag => {
    await server.asAdmin('/api/admin/overrides', { body: { customerId: 'hostile', flags: { gift: flag }, reason: 'a test' } });
    await flags.refresh();
  };
  for (const [place, damage] of [
    () => '',
    () => '[]',
    () => '{"customers":{},"organizations":{}}',
    answer => answer.replace('"customers":{', '"customers":{"c-1":{"tree":7},'),
    answer => answer.replace('"customers":{', '"customers":{"c-1":null,'),
    answer => answer.replace(/"version":\d+/, '"version":0').replace('"customers":{', '"customers":{"c-1":{},'),
    answer => answer.replace(/"epoch":"[0-9a-f]{12}"/, '"epoch":"0a1b2c3d4e5f"').replace('"customers":{', '"customers":{"c-1":{},'),
  ].entries()) {
    spoil = damage;
    flags.errors.length = 0;
    await change(place % 2 === 0);
    assert.equal(flags.peek('gift', false, context).value, true, String(place));
    spoil = undefined;
    for (let tries = 0; flags.error && tries < 400; tries++) {
      await flags.refresh();
      if (flags.error) await new Promise(resolve => setTimeout(resolve, 50));
    }
    assert.equal(flags.status, 'ready', codes(flags).join());
    assert.equal(flags.peek('gift', false, context).value, true);
  }
  // A tree that is no JSON overrides nothing, and stops nothing.
  spoil = answer => answer.replace('"customers":{', '"customers":{"c-1":{"tree":"{"},');
  await change(true);
  assert.equal(flags.peek('plain', false, context).value, true);
});
