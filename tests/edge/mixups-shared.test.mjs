// A shared cache in front of the worker never gives a visitor the answer to another visitor.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { extent } from '../extent.mjs';
import { changed, crossesNowhere, isNoticed, keys, ownWorker, said, worker } from './mixups/mix.mjs';

const options = { shared: true };

ownWorker();

crossesNowhere({
  name: 'a shared cache',
  count: extent({ usual: 1_500, all: 10_000 }),
  options,
  // It may keep no personal answer.
  isSound: ({ kept }) => kept === 0,
});

/** Two values of each header that a client may send. */
const HEADERS = {
  authorization: server => [`Bearer ${server.clientKey}`, 'Bearer tf_client_wrong'],
  'x-api-key': server => [server.clientKey, 'tf_client_wrong'],
  origin: () => ['https://one.example', 'https://other.example'],
  accept: () => ['application/json', 'application/vnd.twinflag.program'],
  'accept-encoding': () => ['gzip', 'identity'],
  'accept-language': () => ['de', 'en'],
  'user-agent': () => ['one', 'other'],
  cookie: () => ['a=1', 'a=2'],
  referer: () => ['https://one.example/', 'https://other.example/'],
};
const ROUTES = [
  ['POST', '/ofrep/v1/evaluate/flags'],
  ['POST', '/ofrep/v1/evaluate/flags/customer'],
  ['POST', '/v1/program'],
  ['GET', '/api/widget/config'],
  ['HEAD', '/api/widget/config'],
  ['POST', '/v1/evaluate'],
  ['GET', '/v1/ruleset'],
  ['GET', '/api/admin/document'],
  ['GET', '/health'],
  ['GET', '/demo'],
  ['GET', '/demo/main.js'],
];

test('Vary names every request header that an answer depends on, unless the answer is no-store', async t => {
  const server = keys();
  const found = [];
  for (const [method, url] of ROUTES) {
    for (const [name, values] of Object.entries(HEADERS)) {
      const key = name === 'authorization' || name === 'x-api-key' ? {} : { authorization: `Bearer ${server.clientKey}` };
      const body = method === 'POST' ? '{"context":{}}' : undefined;
      const answers = await Promise.all(values(server).map(value => worker({ method, url, headers: { ...key, [name]: value }, body })));
      if (new Set(answers.map(said)).size === 1) continue;
      found.push(`${method} ${url} by ${name}`);
      for (const { headers } of answers.filter(({ headers }) => headers['cache-control'] !== 'no-store')) {
        assert.ok(headers.vary?.split(', ').includes(name), `${found.at(-1)}: ${headers.vary}`);
        assert.equal(headers['cache-control'], 'private, no-cache', found.at(-1));
      }
    }
  }
  t.diagnostic(`${ROUTES.length * Object.keys(HEADERS).length} pairs; they differ in ${found.join('; ')}`);
  assert.ok(found.length >= 15, found.join('; '));
});

const forAll = (headers, { status }) => {
  if (status < 400) headers['cache-control'] = 'public, max-age=600';
};

isNoticed({
  name: 'every cache may keep every answer, and Vary is missing',
  options,
  fault: changed((headers, answer) => {
    forAll(headers, answer);
    delete headers.vary;
  }),
  by: 'others',
});
isNoticed({ name: 'every cache may keep every answer', options, fault: changed(forAll), by: 'others' });
