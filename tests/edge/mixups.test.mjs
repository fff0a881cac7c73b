// Caches in front of the worker never give a visitor the answer to another visitor.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { dataFolder } from '../server.mjs';
import { createCache } from './mixups/cache.mjs';
import { createTags, DOCUMENT, namedIn, ORIGINS_ALLOWED, question } from './mixups/questions.mjs';
import { hostWorker } from './workerd.mjs';

const SEED = 1;
/** A shared cache is where answers cross; a browser's has one visitor at a time. */
const THROUGH_SHARED = 5_000,
  THROUGH_BROWSER = 2_500,
  TO_NOTICE = 2_000;
const AT_ONCE = 4;
const SHARED = { shared: true },
  BROWSER = { shared: false };

let folder, server;
before(async () => {
  folder = await dataFolder();
  server = await hostWorker({
    data: folder.path,
    document: JSON.stringify(DOCUMENT),
    settings: { CLIENT_ORIGINS: ORIGINS_ALLOWED, DEMO: 'on' },
  });
});
after(async () => {
  await server?.stop();
  await folder?.remove();
});

/** Sends a cache's request to the worker. */
const worker = async ({ url, ...request }) => {
  const { status, headers, bytes } = await server.request(url, request);
  return { status, headers: Object.fromEntries(headers), body: bytes };
};

/** The body of an answer, without the time in the widget's. */
const text = ({ body }) => body.toString('latin1').replace(/"evaluatedAt":"[^"]+"/, '');
function said({ status, headers, ...answer }) {
  const names = [
    'access-control-allow-origin',
    'access-control-expose-headers',
    'twinflag-version',
    'twinflag-organization',
    'www-authenticate',
    ...(status === 304 ? [] : ['content-type']),
  ];
  return JSON.stringify([status, names.map(name => headers[name]), text(answer)]);
}

/** Asks through a cache and directly; counts the answers that differ, and those that name another visitor. */
async function mix({ count, options, fault = origin => origin }) {
  const cache = createCache(fault(worker), options);
  const direct = new Map(),
    byTag = new Map(),
    tags = createTags();
  const seen = { asked: 0, crossed: 0, named: 0, others: 0, ambiguous: 0, statuses: new Map(), first: undefined };
  let index = 0;
  const work = async () => {
    while (index < count) {
      const { request, visitor } = question(SEED, index++, server, tags);
      const key = JSON.stringify(request);
      const answer = await cache.ask(request);
      if (!direct.has(key)) direct.set(key, await worker(request));
      const expected = direct.get(key);
      seen.asked++;
      seen.statuses.set(answer.status, (seen.statuses.get(answer.status) ?? 0) + 1);
      if (said(answer) !== said(expected)) {
        seen.crossed++;
        seen.first ??= `${key}\n${said(answer)}\n${said(expected)}`;
      }
      const names = namedIn(answer.body),
        { etag } = answer.headers;
      seen.named += names.length > 0;
      seen.others += names.some(name => !visitor.includes(name));
      tags.learn(request, etag);
      if (answer.status !== 200 || request.method === 'HEAD' || !etag) continue;
      seen.ambiguous += (byTag.get(etag) ?? text(answer)) !== text(answer);
      byTag.set(etag, text(answer));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return { ...seen, ...cache.counts, tags: byTag.size, questions: direct.size };
}

const told = ({ asked, questions, named, tags, kept, reused, validated, crossed, others, ambiguous, statuses }) =>
  `${asked} asked, ${questions} different; ${named} answers named the visitor; ${tags} tags, ${ambiguous} of several answers; ${kept} kept, ` +
  `${reused} used again, ${validated} after asking; ${crossed} crossed, ${others} named somebody else; by status ${JSON.stringify(Object.fromEntries([...statuses].sort()))}`;

for (const [name, options, count] of [
  ['a shared cache', SHARED, THROUGH_SHARED],
  ["one browser's cache", BROWSER, THROUGH_BROWSER],
]) {
  test(`${count} questions through ${name} cross nowhere`, { timeout: 300_000 }, async t => {
    const seen = await mix({ count, options });
    t.diagnostic(told(seen));
    assert.equal(seen.crossed, 0, seen.first);
    assert.deepEqual([seen.others, seen.ambiguous], [0, 0], told(seen));
    assert.equal(seen.asked, count);
    assert.ok(seen.named > count / 4 && seen.questions > count / 4 && seen.tags > 100, told(seen));
    for (const status of [200, 304, 401, 403, 406]) assert.ok(seen.statuses.get(status) > count / 200, told(seen));
    // A shared cache may keep no personal answer; a browser may, and asks before it uses one again.
    if (options === SHARED) assert.equal(seen.kept, 0, told(seen));
    else assert.ok(seen.kept > count / 100 && seen.validated > count / 100 && seen.reused === 0, told(seen));
  });
}

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

const changed = change => origin => async request => {
  const answer = await origin(request);
  const headers = { ...answer.headers };
  change(headers, answer);
  return { ...answer, headers };
};
const forAll = (headers, { status }) => {
  if (status < 400) headers['cache-control'] = 'public, max-age=600';
};
const forgetsVary = headers => delete headers.vary;
const oneTag = origin => async request => {
  const answer = await origin({ ...request, headers: { ...request.headers, 'if-none-match': '' } });
  if (answer.status !== 200) return answer;
  const headers = { ...answer.headers, etag: '"1"' };
  return request.headers['if-none-match']?.includes('"1"') ? { status: 304, headers, body: Buffer.alloc(0) } : { ...answer, headers };
};
const FAULTS = [
  [
    'every cache may keep every answer, and Vary is missing',
    SHARED,
    changed((headers, answer) => [forAll(headers, answer), forgetsVary(headers)]),
    'others',
  ],
  ['every cache may keep every answer', SHARED, changed(forAll), 'others'],
  ['Vary is missing', BROWSER, changed(forgetsVary), 'crossed'],
  ['all answers have the same entity tag', BROWSER, oneTag, 'crossed'],
];
for (const [name, options, fault, what] of FAULTS) {
  test(`the control: it is noticed where ${name}`, { timeout: 120_000 }, async t => {
    const seen = await mix({ count: TO_NOTICE, options, fault });
    t.diagnostic(told(seen));
    assert.ok(seen[what] > 20, told(seen));
  });
}
