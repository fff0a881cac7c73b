/**
 * A hub with a long history: `node bench.mjs GENERATOR OVERRIDES` prints one line of JSON.
 *
 * A backup in pieces is made by the generator and restored, the trail is verified, and the hub is backed up in pieces; workerd is killed
 * once in each and started again. While the trail is verified and the hub is backed up, 16 readers ask for a flag, and an operator kills it
 * and revives it in turn; `alone` is the same without either.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { hostWorker } from '../../edge/workerd.mjs';

const [generator, overrides] = [process.argv[2], Number(process.argv[3])];
const READERS = 16;
const PAUSE_MS = 20;
const PIECES = '/api/admin/restore/pieces';

const folder = await mkdtemp(join(tmpdir(), 'twinflag-trail-'));
const data = join(folder, 'data');
let server;
let peak = 0;
const sampler = setInterval(() => {
  try {
    peak = Math.max(peak, Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8'))[1]) * 1024);
  } catch {
    // The server is being started again.
  }
}, 50);

const percentile = (times, share) => times.sort((a, b) => a - b)[Math.min(times.length - 1, Math.floor(times.length * share))];
const wait = ms => new Promise(resolve => setTimeout(resolve, ms));

async function good(asked, ...statuses) {
  const answer = await asked;
  if (![200, ...statuses].includes(answer.status)) throw new Error(answer.text);
  return answer;
}

async function crash() {
  await server.stop();
  server = await hostWorker({ data });
}

/** The time, the peak of memory and, with `isLoaded`, the times of an operator's commands and of the longest read meanwhile. */
async function during(work, isLoaded) {
  peak = 0;
  let isOver = false;
  const kills = [];
  let longestRead = 0;
  const readers = Array.from({ length: isLoaded ? READERS : 0 }, async (_, reader) => {
    while (!isOver) {
      const begin = performance.now();
      const context = { targetingKey: 'u', customerId: `c-${2 + ((reader * 7919 + kills.length) % overrides)}` };
      try {
        await good(server.request('/ofrep/v1/evaluate/flags/pay', { token: server.clientKey, body: { context } }));
        longestRead = Math.max(longestRead, performance.now() - begin);
      } catch {
        await wait(PAUSE_MS);
      }
    }
  });
  const operator = (async () => {
    while (isLoaded && !isOver) {
      const action = kills.length % 2 === 0 ? 'kill' : 'revive';
      const begin = performance.now();
      try {
        await good(server.asAdmin('/api/admin/feature-flags', { body: { featureName: 'pay', action, reason: 'bench' } }));
        kills.push(performance.now() - begin);
      } catch {
        // The server is being started again.
      }
      await wait(PAUSE_MS);
    }
  })();
  const begin = performance.now();
  try {
    await work();
  } finally {
    isOver = true;
  }
  const measured = { time: performance.now() - begin, peak };
  await Promise.all([...readers, operator]);
  if (isLoaded) Object.assign(measured, { kills: kills.length, p50: percentile(kills, 0.5), p99: percentile(kills, 0.99), longestRead });
  return measured;
}

async function restore(pieces) {
  const { id } = (await good(server.asAdmin(PIECES, { body: '', headers: { 'content-type': 'application/x-ndjson' } }), 202)).json();
  const send = async number => {
    const body = await readFile(join(folder, 'pieces', String(number)));
    const signal = AbortSignal.timeout(600_000);
    return server.asAdmin(`${PIECES}/${id}`, { method: 'PUT', body, signal, headers: { 'content-type': 'application/x-ndjson' } });
  };
  for (let number = 1; number <= pieces; number++) {
    if (number === Math.ceil(pieces / 2)) {
      const sent = send(number).catch(() => undefined);
      await wait(300);
      await crash();
      await sent;
    }
    await good(send(number), 202);
  }
}

/** A restored store was never verified, so this begins at its first record; after a crash it goes on. A full one would begin again. */
async function verify() {
  let hasCrashed = false,
    last = 0;
  for (;;) {
    const { state, records, valid, ...rest } = (await good(server.asAdmin('/api/admin/changes/verify?wait=1', { method: 'GET' }))).json();
    if (records < last) throw new Error(`${records} records after ${last}`);
    last = records;
    if (state === 'done') {
      if (!valid || rest.verifiedFrom !== 1 || records <= overrides) throw new Error(JSON.stringify({ records, valid, ...rest }));
      return;
    }
    if (!hasCrashed && records > overrides / 2) {
      hasCrashed = true;
      await crash();
    }
  }
}

async function backUp() {
  let records = 0,
    hasCrashed = false;
  for (let after = 'start'; after !== null; ) {
    const lines = (await good(server.asAdmin(`/api/admin/backup?after=${after}`, { method: 'GET' }))).text.trimEnd().split('\n');
    records += lines.filter(line => line.startsWith('{"record":')).length;
    after = JSON.parse(lines.at(-1)).next;
    if (!hasCrashed) {
      hasCrashed = true;
      await crash();
    }
  }
  if (records <= overrides) throw new Error(`the backup has ${records} records`);
}

try {
  await mkdir(join(folder, 'pieces'));
  const pieces = Number(execFileSync(generator, [String(overrides), join(folder, 'pieces')], { encoding: 'utf8' }));
  server = await hostWorker({ data });
  const measured = { overrides, pieces };
  measured.restore = await during(() => restore(pieces), false);
  // The same requests without a long operation: what the machine and the readers alone cost.
  measured.alone = await during(() => wait(5_000), true);
  measured.verify = await during(verify, true);
  measured.backup = await during(backUp, true);
  console.log(JSON.stringify(measured));
} finally {
  clearInterval(sampler);
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
}
