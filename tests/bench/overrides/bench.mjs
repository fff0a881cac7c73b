/**
 * Many customers by import: `node bench.mjs [CUSTOMERS]` prints one line of JSON.
 *
 * Each customer gets an override of its own, by requests of twenty thousand lines, as the command line sends them. Meanwhile another client
 * writes single overrides, and kills a flag each second. Then workerd is killed and started again on the same folder, and customers by
 * chance are evaluated: every one must be answered by its own override. Memory and CPU are those of the process, in which the hub and the
 * isolate are one.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

import { hostWorker } from '../../edge/workerd.mjs';
import { document, flags } from '../js/workload.mjs';

const CUSTOMERS = Number(process.argv[2] ?? 100_000);
const PART = 20_000;
/** The milliseconds between two single overrides of the other client. */
const BETWEEN_MS = 50;
const text = document(flags(100));
const own = JSON.parse(text);
const [key, killed] = Object.keys(own.flags);
const variant = Object.keys(own.flags[key].variants ?? { on: true })[0];

const id = number => `customer-${String(number).padStart(7, '0')}`;
const status = (pid, name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;
/** The CPU time of a process in milliseconds: user and system, in hundredths of a second. */
const cpuOf = pid => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
};

async function timed(work) {
  const begin = performance.now();
  const answer = await work();
  return [performance.now() - begin, answer];
}

function good(answer) {
  if (answer.status !== 200) throw new Error(answer.text);
  return answer.json();
}

const folder = await mkdtemp(join(tmpdir(), 'twinflag-overrides-'));
const measured = { customers: CUSTOMERS };
try {
  let server = await hostWorker({ data: folder, document: text });
  good(await server.asAdmin('/api/admin/versions', { method: 'GET' }));
  const before = status(server.pid, 'VmRSS');

  let isOver = false;
  const waits = { override: [], kill: [] };
  const others = (async () => {
    for (let round = 0, next = Date.now() + 1_000; !isOver; round++) {
      const body = { customerId: `other-${round}`, flags: { [key]: variant }, reason: 'bench' };
      const [wait, answer] = await timed(() => server.asAdmin('/api/admin/overrides', { body }));
      good(answer);
      waits.override.push(wait);
      if (Date.now() >= next) {
        next += 1_000;
        const action = waits.kill.length % 2 === 0 ? 'kill' : 'revive';
        const [wait, answer] = await timed(() =>
          server.asAdmin('/api/admin/feature-flags', { body: { featureName: killed, action, reason: 'bench' } }),
        );
        good(answer);
        waits.kill.push(wait);
      }
      await pause(BETWEEN_MS);
    }
  })();
  const importing = (async () => {
    for (let from = 0; from < CUSTOMERS; from += PART) {
      const count = Math.min(PART, CUSTOMERS - from);
      const lines = Array.from({ length: count }, (_, index) => `{"customerId":"${id(from + index)}","flags":{"${key}":"${variant}"}}\n`);
      const answer = await server.asAdmin(`/api/admin/overrides/import?import=bench&reason=bench&from=${from + 1}`, {
        body: lines.join(''),
        headers: { 'content-type': 'application/x-ndjson' },
        signal: AbortSignal.timeout(600_000),
      });
      if (good(answer).changed !== from + count) throw new Error(answer.text);
    }
  })();
  const cpu = cpuOf(server.pid);
  [measured.importing] = await timed(() => importing);
  isOver = true;
  await others;
  Object.assign(measured, {
    importCpu: cpuOf(server.pid) - cpu,
    peak: status(server.pid, 'VmHWM'),
    before,
    others: waits.override.length,
    kills: waits.kill.length,
    longestOverride: Math.max(...waits.override),
    longestKill: Math.max(0, ...waits.kill),
    medianOverride: waits.override.sort((a, b) => a - b)[Math.floor(waits.override.length / 2)],
  });
  await server.stop();

  server = await hostWorker({ data: folder });
  good(await server.asServer('/v1/evaluate', { body: { evaluations: [{ flag: key, context: { customerId: 'none' } }] } }));
  measured.batches = {};
  // A fixed walk over all customers, which comes to each once.
  let at = 0;
  for (const size of [1, 100, 1_000]) {
    const rounds = 3_000 / Math.max(size, 100);
    const start = cpuOf(server.pid);
    let elapsed = 0;
    for (let round = 0; round < rounds; round++) {
      const evaluations = Array.from({ length: size }, () => ({ flag: key, context: { customerId: id((at++ * 7919) % CUSTOMERS) } }));
      const [wait, answer] = await timed(() => server.asServer('/v1/evaluate', { body: { evaluations } }));
      const wrong = good(answer).results.find(({ layer }) => layer !== 'customer');
      if (wrong) throw new Error(`an answer without its override: ${JSON.stringify(wrong)}`);
      elapsed += wait;
    }
    measured.batches[size] = { wait: elapsed / rounds, cpu: (cpuOf(server.pid) - start) / (rounds * size) };
  }
  await server.stop();
  console.log(JSON.stringify(measured));
} finally {
  await rm(folder, { recursive: true, force: true });
}
