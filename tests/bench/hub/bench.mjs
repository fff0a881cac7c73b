/**
 * The hub's writes and reads: `node bench.mjs [CUSTOMERS]` prints one line of JSON, times in milliseconds.
 *
 * `small` and `large` are writes beside 100 flags and beside the largest document: the time of a request, the edge before the hub included,
 * and the CPU of workerd for one.
 * `owners` are questions about customers that no isolate holds, in a store in which each of a million has an override: the time of a
 * request and the CPU of workerd, for one customer, 100 and 1,000. The customers come by a restore, so each lies where the hub itself puts
 * it. `cold` is the first question to the hub behind a start, once workerd has answered one that needs no hub; `empty` is the same for a
 * hub with the same flags and no customer. What is left between the two is what a million owners cost a start.
 */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { hostWorker } from '../../edge/workerd.mjs';
import { cpuMs } from '../edge/load.mjs';
import { document, flags } from '../js/workload.mjs';
import { largest } from '../largest.mjs';

const CUSTOMERS = Number(process.argv[2] ?? 1_000_000);
const WRITES = 60,
  WARM = 15,
  STARTS = 5;
const LONG = { signal: AbortSignal.timeout(1_200_000) };
const small = document(flags(100));
const [flag] = Object.keys(JSON.parse(small).flags);
const id = number => `customer-${String(number).padStart(7, '0')}`;

const folder = await mkdtemp(join(tmpdir(), 'twinflag-hub-'));
try {
  const measured = { customers: CUSTOMERS, small: await writes('small', small), large: await writes('large', largest()) };
  Object.assign(measured, await reads());
  console.log(JSON.stringify(measured));
} finally {
  await rm(folder, { recursive: true, force: true });
}

function summary(times) {
  const sorted = times.sort((a, b) => a - b);
  const at = share => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return { p50: at(0.5), p99: at(0.99) };
}

async function done(server, path, options) {
  const answer = await server.asAdmin(path, { ...LONG, ...options });
  if (answer.status !== 200) throw new Error(`${path}: ${answer.text.slice(0, 500)}`);
  return answer;
}

async function timed(work) {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

/** Overrides of customers, then kills and revivals, one after the other. */
async function writes(name, text) {
  const server = await hostWorker({ data: join(folder, name), document: small });
  try {
    if (text !== small) await done(server, '/api/admin/document?state=replace', { method: 'PUT', body: text });
    const keys = Object.keys(JSON.parse(text).flags);
    const reason = 'bench';
    const override = number =>
      done(server, '/api/admin/overrides', { body: { customerId: id(number), flags: { [keys[0]]: 'on' }, reason } });
    const switched = number =>
      done(server, '/api/admin/feature-flags', {
        body: { featureName: keys[Math.floor(number / 2) % keys.length], action: number % 2 ? 'revive' : 'kill', reason },
      });
    const times = async write => {
      const all = [];
      let before;
      for (let number = 0; number < WARM + WRITES; number++) {
        if (number === WARM) before = cpuMs(server.pid);
        all.push(await timed(() => write(number)));
      }
      return { ...summary(all.slice(WARM)), cpu: (cpuMs(server.pid) - before) / WRITES };
    };
    return { bytes: text.length, override: await times(override), kill: await times(switched) };
  } finally {
    await server.stop();
  }
}

/** A backup of a hub with these flags, of an earlier release: it has no records, and each customer has an override. */
function* backup(lines) {
  const hash = createHash('sha256');
  let count = -1;
  const line = value => {
    const text = `${JSON.stringify(value)}\n`;
    hash.update(text);
    count++;
    return text;
  };
  yield line({ backup: 1, version: 2, records: 0, chain: '0'.repeat(64), events: 0 });
  const at = lines.find(({ version }) => Array.isArray(version)).version[1];
  yield line({ version: [1, at] });
  yield line({ version: [2, at] });
  for (const { row } of lines) if (row) yield line({ row });
  const tree = JSON.stringify({ [flag]: true });
  for (let number = 0; number < CUSTOMERS; number++) yield line({ row: ['customer', id(number), 2, 0, tree] });
  yield `${JSON.stringify({ lines: count, sha256: hash.digest('hex') })}\n`;
}

/** The first answer of the hub behind a start. */
async function starts(data) {
  const all = [];
  for (let start = 0; start < STARTS; start++) {
    const server = await hostWorker({ data });
    await server.request('/version', { method: 'GET' });
    all.push(await timed(() => done(server, '/api/admin/versions?limit=1', { method: 'GET' })));
    await server.stop();
  }
  return summary(all);
}

async function reads() {
  const data = join(folder, 'many');
  let server = await hostWorker({ data: join(folder, 'empty'), document: small });
  const text = (await done(server, '/api/admin/backup', { method: 'GET' })).text;
  await server.stop();
  const lines = text
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line));
  const empty = await starts(join(folder, 'empty'));

  server = await hostWorker({ data });
  const headers = { 'content-type': 'application/x-ndjson' };
  const body = Buffer.from([...backup(lines)].join(''));
  const restoring = await timed(() => done(server, '/api/admin/restore', { body, headers }));
  await server.stop();
  const cold = await starts(data);

  server = await hostWorker({ data });
  const owners = {};
  let next = 0;
  for (const count of [1, 100, 1_000]) {
    const rounds = count === 1 ? 300 : 20;
    const times = [];
    let before;
    for (let round = -5; round < rounds; round++) {
      if (round === 0) before = cpuMs(server.pid);
      const evaluations = Array.from({ length: count }, () => ({ flag, context: { customerId: id((next++ * 7_919) % CUSTOMERS) } }));
      const took = await timed(async () => {
        const answer = await server.asServer('/v1/evaluate', { body: { evaluations } });
        if (answer.status !== 200 || !answer.json().results.every(({ value }) => value === true))
          throw new Error(answer.text.slice(0, 500));
      });
      if (round >= 0) times.push(took);
    }
    owners[count] = { ...summary(times), cpu: (cpuMs(server.pid) - before) / rounds / count };
  }
  await server.stop();
  return { restoring, empty, cold, owners };
}
