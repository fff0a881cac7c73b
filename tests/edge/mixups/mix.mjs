// A worker, and a cache in front of it: the answers of both to the same questions.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { extent } from '../../extent.mjs';
import { dataFolder } from '../../server.mjs';
import { hostWorker } from '../workerd.mjs';
import { createCache } from './cache.mjs';
import { createTags, DOCUMENT, namedIn, ORIGINS_ALLOWED, question } from './questions.mjs';

const SEED = 1;
const TO_NOTICE = extent({ usual: 1_000, all: 2_000 });
const AT_ONCE = 4;
const PATIENCE_MS = extent({ usual: 300_000, all: 900_000 });

let server;

/** Hosts the worker of these tests, before the first one until the last one has ended. */
export function ownWorker() {
  let folder;
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
}

/** The credentials of the client and the server of the worker. */
export const keys = () => ({ clientKey: server.clientKey, serverKey: server.serverKey });

/** Sends a cache's request to the worker. */
export const worker = async ({ url, ...request }) => {
  const { status, headers, bytes } = await server.request(url, request);
  return { status, headers: Object.fromEntries(headers), body: bytes };
};

/** The body of an answer, without the time in the widget's. */
const text = ({ body }) => body.toString('latin1').replace(/"evaluatedAt":"[^"]+"/, '');
export function said({ status, headers, ...answer }) {
  const names = [
    'access-control-allow-origin',
    'access-control-expose-headers',
    'twinflag-version',
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

/**
 * Tests that questions through a cache get the answers that they get without it.
 *
 * @param {{ name: string, count: number, options: { shared: boolean }, isSound: (seen: object) => boolean }} cache `isSound`: whether the cache
 *   kept as much as such a cache may.
 */
export function crossesNowhere({ name, count, options, isSound }) {
  test(`${count} questions through ${name} cross nowhere`, { timeout: PATIENCE_MS }, async t => {
    const seen = await mix({ count, options });
    t.diagnostic(told(seen));
    assert.equal(seen.crossed, 0, seen.first);
    assert.deepEqual([seen.others, seen.ambiguous], [0, 0], told(seen));
    assert.equal(seen.asked, count);
    assert.ok(seen.named > count / 4 && seen.questions > count / 4 && seen.tags > 100, told(seen));
    for (const status of [200, 304, 401, 403, 406]) assert.ok(seen.statuses.get(status) > count / 200, told(seen));
    assert.ok(isSound(seen), told(seen));
  });
}

/** Tests that a fault of the worker is noticed through a cache: by answers that crossed, or by those that name `others`. */
export function isNoticed({ name, options, fault, by }) {
  test(`the control: it is noticed where ${name}`, { timeout: 120_000 }, async t => {
    const seen = await mix({ count: TO_NOTICE, options, fault });
    t.diagnostic(told(seen));
    assert.ok(seen[by] > TO_NOTICE / 100, told(seen));
  });
}

/** A fault that changes the headers of each answer. */
export const changed = change => origin => async request => {
  const answer = await origin(request);
  const headers = { ...answer.headers };
  change(headers, answer);
  return { ...answer, headers };
};
