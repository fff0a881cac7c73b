/**
 * The worker beside two in plain JavaScript on the same workerd: `node bench.mjs [ROUNDS]` prints one line of JSON.
 *
 * `GrowthBook` compares its key with one in a setting, and sends one header. `GrowthBook, same duties` does what ours does for its answers: a
 * stored key, a limit for each of 500 addresses, and the same bodies, metadata, tags and headers. `no work` is a floor: it reads the body and
 * sends the headers, and does nothing else. It is asked for one flag alone.
 *
 * All answer for a while first, because V8 compiles the functions of a module a second time once they have run often, on threads whose CPU
 * counts. In each of many short rounds every question is asked of all, in a new order. A figure is the median of its rounds; `beside`
 * compares with each peer within a round and has the quartiles of those ratios. So a machine that is slow for some seconds is slow for
 * both, and one lucky round decides nothing. All are held to the same answers before any time is taken.
 *
 * `users` are fifty who ask for one flag each and again as soon as they are answered; any answer but 200 ends the run.
 *
 * `inside` is one flag for a fresh user inside the worker. It is CPU time of workerd for a request with 1,000 questions less that
 * for one with a single question, by the 999 between them: the question is decoded, evaluated and its answer written (`whole`).
 * The same for a flag that there is not is what decoding and writing cost; what is left is `evaluated`.
 *
 * `trail` is how long an audit trail of 100,000 records takes to be verified, in milliseconds.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { fillTrail } from '../../edge/long-trail.mjs';
import { hostWorker, startWorkerd } from '../../edge/workerd.mjs';
import { check } from '../js/check.mjs';
import { document, flags, users } from '../js/workload.mjs';
import { ADDRESS, load, written } from './load.mjs';

const ROUNDS = Number(process.argv[2] ?? 100);
/** Each takes half a second; they tell nothing about another engine. */
const WALKS = 8;
/** As many as may be asked for: the limit is kept, and refuses nobody. */
const MOST_A_MINUTE = 100_000;
const FLAGS = 100,
  CONNECTIONS = 16,
  MS = 150,
  WARM_MS = 7_000,
  ASKED = 500,
  USERS = 50,
  RECORDS = 100_000;
const list = flags(FLAGS);
/** The peers, and their scripts. */
const PEERS = { GrowthBook: 'growthbook.mjs', 'GrowthBook, same duties': 'growthbook-duties.mjs' };
/** The floor, and its script. */
const FLOOR = 'no work',
  FLOOR_SCRIPT = 'bare.mjs';
const OFREP = '/ofrep/v1/evaluate/flags';

const context = user => ({ targetingKey: user.id, plan: user.plan, country: user.country, org: user.org });

const folder = await mkdtemp(join(tmpdir(), 'twinflag-bench-'));
const servers = {};
try {
  const settings = { RATE_LIMITS: `client=${MOST_A_MINUTE}`, CLIENT_ADDRESS_HEADER: ADDRESS };
  servers.Twinflag = await hostWorker({ data: folder, document: document(list), settings });
  servers.Twinflag.clientKey = await storedKey(servers.Twinflag);
  for (const [name, script] of Object.entries(PEERS)) servers[name] = await startPeer(script, servers.Twinflag.clientKey);
  for (const server of Object.values(servers)) await checked(server);
  console.error('all answer alike');
  servers[FLOOR] = await startPeer(FLOOR_SCRIPT, servers.Twinflag.clientKey);
  for (const [name, question] of Object.entries(questions())) {
    for (const [, server] of askedFor(name)) await load({ ...server, requests: question, connections: CONNECTIONS, ms: WARM_MS });
  }
  console.error('all are warm');
  const rounds = mapped(servers, () => ({}));
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, question] of shuffled(Object.entries(questions()))) {
      for (const [engine, server] of shuffled(askedFor(name)))
        keep(rounds[engine], name, await load({ ...server, requests: question, connections: CONNECTIONS, ms: MS }));
    }
    keep(rounds.Twinflag, 'users', await load({ ...servers.Twinflag, requests: questions().single, connections: USERS, ms: MS }));
    for (const [name, requests] of shuffled(Object.entries(batches())))
      keep(rounds.Twinflag, name, await load({ ...servers.Twinflag, requests, connections: 1, ms: MS }));
    if ((round + 1) % 10 === 0) console.error(`round ${round + 1} of ${ROUNDS}`);
  }
  const measured = mapped(rounds, questions => mapped(questions, cell => mapped(cell, median)));
  const { Twinflag: ours, ...others } = rounds;
  const beside = mapped(others, questions => mapped(questions, (theirs, name) => ratios(ours[name], theirs)));
  const cpu = name => measured.Twinflag[name].cpu;
  const whole = (cpu('found1000') - cpu('found1')) / 999,
    apart = (cpu('absent1000') - cpu('absent1')) / 999;
  console.log(JSON.stringify({ ...measured, beside, inside: { whole, evaluated: whole - apart }, trail: await trail(servers.Twinflag) }));
} finally {
  for (const server of Object.values(servers)) await server.stop();
  await rm(folder, { recursive: true, force: true });
}

/** A client key that the hub keeps. */
async function storedKey({ asAdmin }) {
  const made = await asAdmin('/api/admin/keys', { body: { kind: 'client', label: 'the bench', reason: 'to measure' } });
  if (made.status !== 200) throw new Error(made.text);
  return made.json().key;
}

/** The median of several walks along a long audit trail. */
async function trail(server) {
  const records = await fillTrail(server, RECORDS);
  const times = [];
  for (let round = 0; round < WALKS; round++) {
    const started = performance.now();
    const answer = (await server.asAdmin('/api/admin/changes/verify?full=true&wait=20', { method: 'GET' })).json();
    times.push(performance.now() - started);
    if (!answer.valid || answer.records < records) throw new Error(JSON.stringify(answer));
  }
  return median(times);
}

/** Adds what a round saw to the others'. */
function keep(cells, name, figures) {
  const cell = (cells[name] ??= { perSecond: [], cpu: [], p95: [] });
  for (const [figure, seen] of Object.entries(cell)) seen.push(figures[figure]);
}

/** Quartiles over the rounds: the CPU time of a peer by ours, and our requests a second by its. */
function ratios(ours, theirs) {
  return {
    cpu: quartiles(ours.cpu.map((cpu, round) => theirs.cpu[round] / cpu)),
    perSecond: quartiles(ours.perSecond.map((perSecond, round) => perSecond / theirs.perSecond[round])),
  };
}

function quartiles(values) {
  const sorted = values.toSorted((a, b) => a - b);
  return [0.25, 0.5, 0.75].map(part => sorted[Math.round((sorted.length - 1) * part)]);
}

function median(values) {
  return quartiles(values)[1];
}

/** The same names with other values. */
function mapped(object, of) {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, of(value, name)]));
}

/** Those that a question is put to: the floor is asked for one flag alone. */
function askedFor(question) {
  return Object.entries(servers).filter(([engine]) => engine !== FLOOR || question === 'single');
}

/** One of 500 addresses. */
function address(i) {
  return `${i % 2 ? '192.0.2' : '198.51.100'}.${(i >> 1) % 250}`;
}

function questions() {
  const token = servers.Twinflag.clientKey;
  const asked = users.slice(0, ASKED);
  return {
    health: [written({ method: 'GET', path: '/health' })],
    single: asked.map((user, i) =>
      written({ path: `${OFREP}/${list[i % FLAGS].key}`, token, address: address(i), body: JSON.stringify({ context: context(user) }) }),
    ),
    bulk: asked.map((user, i) => written({ path: OFREP, token, address: address(i), body: JSON.stringify({ context: context(user) }) })),
  };
}

/** Requests with one question and with a thousand, about a flag that there is and one that there is not. */
function batches() {
  const token = servers.Twinflag.serverKey;
  const batch = (flag, count, from) => {
    const evaluations = Array.from({ length: count }, (_, i) => ({ flag, context: context(users[(from + i) % users.length]) }));
    return written({ path: '/v1/evaluate', token, body: JSON.stringify({ evaluations }) });
  };
  const some = (flag, count) => Array.from({ length: 10 }, (_, i) => batch(flag, count, i * 1_000));
  const [{ key }] = list,
    absent = key.replace('flag', 'none');
  return { found1: some(key, 1), found1000: some(key, 1_000), absent1: some(absent, 1), absent1000: some(absent, 1_000) };
}

/** Every user's flags at once, held to the workload's own check; some of them one by one as well. */
async function checked({ url }) {
  const ask = async (path, user) => {
    const response = await fetch(url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${servers.Twinflag.clientKey}`, [ADDRESS]: address(users.indexOf(user) % ASKED) },
      body: JSON.stringify({ context: context(user) }),
    });
    if (response.status !== 200) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  };
  const answers = new Map();
  for (let from = 0; from < users.length; from += 100) {
    await Promise.all(
      users
        .slice(from, from + 100)
        .map(async user => answers.set(user.id, new Map((await ask(OFREP, user)).flags.map(({ key, value }) => [key, value])))),
    );
  }
  const one = (key, user) => answers.get(user.id).get(key);
  check({ context: user => user, one, all: user => list.filter(({ key }) => one(key, user)).length }, list);
  for (let i = 0; i < 300; i++) {
    const user = users[i * 31],
      { key } = list[i % FLAGS];
    const single = await ask(`${OFREP}/${key}`, user);
    if (single.value !== one(key, user)) throw new Error(`${key} for ${user.id} is ${single.value} alone and ${one(key, user)} among all`);
  }
}

async function startPeer(script, clientKey) {
  const here = fileURLToPath(new URL('.', import.meta.url)),
    root = join(here, '../../..'),
    peers = join(here, '../js/node_modules');
  const dist = join(here, 'dist');
  const { rules } = await import('../js/adapters/growthbook.mjs');
  mkdirSync(dist, { recursive: true });
  writeFileSync(join(dist, 'rules.json'), rules(list));
  const options = [
    '--bundle',
    '--format=esm',
    '--minify',
    '--log-level=warning',
    '--external:rules.json',
    `--outfile=${join(dist, 'peer.js')}`,
  ];
  execFileSync(join(root, 'npm/node_modules/.bin/esbuild'), [join(here, script), ...options], {
    env: { ...process.env, NODE_PATH: peers },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return startWorkerd(join(here, 'peer.capnp'), { env: { CLIENT_KEY: clientKey } });
}

function shuffled(items) {
  return items
    .map(item => [Math.random(), item])
    .sort(([a], [b]) => a - b)
    .map(([, item]) => item);
}
