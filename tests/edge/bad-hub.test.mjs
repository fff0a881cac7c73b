// A hub that answers nonsense: the isolate goes on serving its last ruleset, marked as stale, until the next good answer.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { extent } from '../extent.mjs';
import { dataFolder } from '../server.mjs';
import { badPages, badRuleset } from './bad-hub/answers.mjs';
import { startOn } from './workerd.mjs';

const SEED = 1;
const ROUNDS = extent({ usual: 6, all: 20 }),
  RULESETS = 40,
  PAGES = 10;
/** The number of a version that never exists: a request for it makes the isolate ask the hub, once a second. */
const NEWER = 2 ** 32 - 1;
const CUSTOMER = 'c-1';

let folder, server, epoch;
/** The number of reads so far. */
let reads = 0;
before(async () => {
  folder = await dataFolder();
  server = await startOn({ config: new URL('workers/bad.capnp', import.meta.url), data: folder.path });
});
after(async () => {
  await server?.stop();
  await folder?.remove();
});

const side = round => (round % 2 ? 'left' : 'right');
/** The document of a round: each round has another default value, and another variant for the customer. */
const document = (round, word = 'round') => ({
  schema: 'twinflag/1',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: {
    who: {
      type: 'string',
      variants: { all: `${word}-${round}`, left: `left-${word}-${round}`, right: `right-${word}-${round}` },
      on: 'all',
      off: 'all',
    },
  },
  overrides: { customers: { [CUSTOMER]: { who: side(round) } } },
});

const hub = (what, method, body) => server.request(`/test/hub/${what}`, { method, body });
const hubSays = (what, answer) => hub(what, 'PUT', answer);
const hubIsGood = what => hub(what, 'DELETE');
const hubSaid = async what => (await hub(what, 'GET')).json();
async function put(round) {
  const answer = await server.asAdmin('/api/admin/document?state=replace', { method: 'PUT', body: document(round) });
  assert.equal(answer.status, 200, answer.text);
}

/** The routes that answer from the ruleset; `newer` makes the isolate ask the hub first. */
const READS = {
  evaluate: async (context, newer) => {
    const answer = await server.asServer('/v1/evaluate', {
      body: { evaluations: [{ flag: 'who', context }], ...(newer && { minVersion: `${epoch}.${NEWER}` }) },
    });
    const { value, stale = false } = answer.json().results[0];
    return { value, stale };
  },
  one: async (context, newer) => {
    const {
      value,
      metadata: { stale = false },
    } = (
      await server.asClient(`/ofrep/v1/evaluate/flags/who${newer ? `?flagConfigEtag=${epoch}.${NEWER}` : ''}`, { body: { context } })
    ).json();
    return { value, stale };
  },
  all: async (context, newer) => {
    const {
      flags: [{ value }],
      metadata: { stale = false },
    } = (
      await server.asClient(`/ofrep/v1/evaluate/flags${newer ? `?flagConfigEtag=${epoch}.${NEWER}` : ''}`, { body: { context } })
    ).json();
    return { value, stale };
  },
  widget: async (context, newer) => {
    const { config, stale = false } = (
      await server.asClient(
        `/api/widget/config?${new URLSearchParams({ ...context, ...(newer && { minVersion: `${epoch}.${NEWER}` }) })}`,
        { method: 'GET' },
      )
    ).json();
    return { value: config.who, stale };
  },
  program: async (context, newer) => {
    const answer = await server.asClient(`/v1/program${newer ? `?minVersion=${epoch}.${NEWER}` : ''}`, {
      body: { context },
      headers: { accept: 'application/json' },
    });
    return { value: answer.json().flags.who.steps.at(-1).answer.value, stale: answer.headers.get('twinflag-stale') === 'true' };
  },
};
const ways = Object.values(READS);
/** Lets two seconds pass, after which no question keeps the isolate from asking the hub. */
const pass = () => server.request('/test/clock', { body: '2001' });
const count = (seen, what) => seen.set(what, (seen.get(what) ?? 0) + 1);

test(`${ROUNDS * (RULESETS + PAGES)} bad answers of the hub change no answer, and its next good answer does`, {
  timeout: 300_000,
}, async t => {
  const seen = new Map();
  let number = 0;
  const reading = async (expected, context, newer, what) => {
    reads++;
    if (newer === 'asks') await pass();
    assert.deepEqual(await ways[reads % ways.length](context, newer), expected, `answer ${number}, ${what}`);
  };
  const all = round => `round-${round}`,
    own = (round, page = round) => `${side(page)}-round-${round}`;
  await put(0);
  ({ epoch } = await hubSaid('ruleset'));
  for (let round = 0; round < ROUNDS; round++) {
    await reading({ value: all(round), stale: false }, {}, 'asks', 'a good hub');
    await reading({ value: own(round), stale: false }, { customerId: CUSTOMER }, true, 'a good hub');
    const good = await hubSaid('ruleset');
    assert.equal(good.document.flags.who.variants.all, all(round));
    for (let index = 0; index < RULESETS; index++, number++) {
      const { what, answer } = badRuleset(SEED, number, {
        ...good,
        version: good.version + 1,
        document: { ...good.document, flags: document(round, 'wrong').flags },
      });
      count(seen, `ruleset: ${what}`);
      await hubSays('ruleset', answer);
      await reading({ value: all(round), stale: true }, {}, 'asks', what);
      await reading({ value: own(round), stale: true }, { customerId: CUSTOMER }, true, what);
    }
    await hubIsGood('ruleset');
    await reading({ value: own(round), stale: false }, { customerId: CUSTOMER }, 'asks', 'a good hub again');

    const [page] = await hubSaid('owners');
    // While the round changes, the hub does not send the good page.
    await hubSays('owners', { how: 'throws' });
    await put(round + 1);
    const next = { ...page, version: good.version + 1, owners: page.owners.map(owner => ({ ...owner, tree: '{"who":"all"}' })) };
    for (let index = 0; index < PAGES; index++, number++) {
      const { what, answer } = badPages(SEED, number, [next]);
      count(seen, `page: ${what}`);
      await hubSays('owners', answer);
      await reading({ value: own(round + 1, round), stale: true }, { customerId: CUSTOMER }, false, what);
    }
    await reading({ value: all(round + 1), stale: false }, { customerId: 'c-2' }, false, 'somebody on another page');
    await hubIsGood('owners');
  }
  t.diagnostic(`${number} bad answers of ${seen.size} kinds, ${Math.min(...seen.values())} at least of each; ${reads} reads`);
  assert.ok(number === ROUNDS * (RULESETS + PAGES) && seen.size >= 30, `${number} of ${seen.size} kinds`);
});

test('a page with a row of a kind from a later release still serves its other rows', async () => {
  await put(ROUNDS + 1);
  const [page] = await hubSaid('owners'),
    { version } = await hubSaid('ruleset');
  const owners = [
    { kind: 'badge', name: CUSTOMER, tree: '{}' },
    ...page.owners.map(owner => ({ ...owner, tree: JSON.stringify({ who: side(ROUNDS + 1) }) })),
  ];
  await hubSays('owners', { parts: [Buffer.from(JSON.stringify([{ ...page, version, owners }])).toString('base64')] });
  await pass();
  assert.deepEqual(await ways[0]({ customerId: CUSTOMER }, true), { value: `${side(ROUNDS + 1)}-round-${ROUNDS + 1}`, stale: false });
  await hubIsGood('owners');
});

test('the control: every route serves a good answer of the hub', async () => {
  const good = await hubSaid('ruleset');
  let { version } = good;
  for (const read of ways) {
    version++;
    await hubSays('ruleset', {
      parts: [
        Buffer.from(JSON.stringify({ ...good, version, document: { ...good.document, flags: document(version, 'taken').flags } })).toString(
          'base64',
        ),
      ],
    });
    await pass();
    assert.deepEqual(await read({}, true), { value: `taken-${version}`, stale: false });
  }
});

test('unknown keys make an isolate ask the hub at most once a second, whatever environment they name', async () => {
  const good = await hubSaid('ruleset');
  // Only this refusal has "/stranger" in the log.
  await hubSays('ruleset', {
    parts: [Buffer.from(JSON.stringify({ ...good, version: NEWER, document: { ...good.document, stranger: 1 } })).toString('base64')],
  });
  const started = Date.now();
  const name = index => (index % 2 ? `guess-${index}_` : '');
  const ask = index =>
    server.request('/ofrep/v1/evaluate/flags', {
      token: `tf_client_${name(index)}${String(index).padStart(40, '0')}`,
      body: { context: {} },
    });
  const answers = await Promise.all(Array.from({ length: 200 }, (_, index) => ask(index)));
  const seconds = Math.ceil((Date.now() - started) / 1_000);
  assert.ok(
    answers.every(({ status }) => status === 401 || status === 503),
    answers.map(({ status }) => status).join(),
  );
  await server.stop();
  const asked = server
    .said()
    .split('\n')
    .filter(line => line.includes('refused at "/stranger"')).length;
  // At most one request a second for keys, and one for rulesets.
  assert.ok(asked > 0 && asked <= 2 * (seconds + 1), `asked ${asked} times in ${seconds} s`);
});

test('each bad answer of the hub is one line in the log, which quotes nothing of it', async t => {
  const lines = server
    .said()
    .split('\n')
    .filter(line => !line.includes('"/stranger"'));
  const rulesets = lines.filter(line => line.includes('no news from the hub')),
    pages = lines.filter(line => line.includes('of overrides are missing'));
  t.diagnostic(
    `${rulesets.length} lines of rulesets, ${pages.length} of pages; such as: ${[...new Set([...rulesets, ...pages])].slice(0, 40).join(' | ')}`,
  );
  // A read more than a second after the last request to the hub makes the isolate ask it once more, after the answer.
  assert.ok(rulesets.length >= ROUNDS * RULESETS && rulesets.length <= reads, `${rulesets.length} lines of ${reads} reads`);
  assert.equal(pages.length, ROUNDS * PAGES);
  for (const line of [...rulesets, ...pages]) {
    assert.ok(line.length < 200, line);
    assert.doesNotMatch(line, /wrong-|round-|left|right/);
  }
});
