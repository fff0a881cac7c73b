/**
 * A hub with many customers: `node bench.mjs [CUSTOMERS]` prints one line of JSON.
 *
 * Each customer has an override of its own. They come by one import; then workerd is killed and started again on the same folder,
 * so that what serves is what a hub and an isolate need, not what the import needed. In workerd both are one process: memory is
 * that of the process, less that of one that serves the same flags to as many questions without any override.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { hostWorker } from '../../edge/workerd.mjs';
import { document, flags } from '../js/workload.mjs';

const CUSTOMERS = Number(process.argv[2] ?? 100_000);
const WARM = 2_000;
const text = document(flags(100));
const own = JSON.parse(text);
const key = Object.keys(own.flags)[0];

const id = number => `customer-${String(number).padStart(6, '0')}`;
const median = times => times.sort((a, b) => a - b)[Math.floor(times.length / 2)];
const resident = pid => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;

async function timed(work) {
  const begin = performance.now();
  const answer = await work();
  return [performance.now() - begin, answer];
}

/** Asks for a flag; `expected` is the level that must answer: the customer's own, where it has one. */
async function read(server, number, expected = 'customer') {
  const answer = await server.request(`/ofrep/v1/evaluate/flags/${key}`, {
    token: server.clientKey,
    body: { context: { customerId: id(number), targetingKey: 'u' } },
  });
  const layer = answer.json().metadata?.layer;
  if (expected && layer !== expected) throw new Error(`${id(number)}: ${answer.text}`);
}

const folder = await mkdtemp(join(tmpdir(), 'twinflag-owners-'));
const measured = { customers: CUSTOMERS };
try {
  const variant = Object.keys(own.flags[key].variants ?? { on: true })[0];
  let server = await hostWorker({ data: join(folder, 'plain'), document: text });
  await server.request('/health', { method: 'GET' });
  const plain = resident(server.pid);
  for (let round = 0; round < 2 * WARM; round++) await read(server, round, null);
  const asked = resident(server.pid);
  await server.stop();

  server = await hostWorker({ data: join(folder, 'many'), document: text });
  const overrides = { customers: Object.fromEntries(Array.from({ length: CUSTOMERS }, (_, number) => [id(number), { [key]: variant }])) };
  const body = JSON.stringify({ ...own, overrides });
  measured.bytes = body.length;
  const [importing, answer] = await timed(() =>
    server.asAdmin('/api/admin/document?state=replace', { method: 'PUT', body, signal: AbortSignal.timeout(600_000) }),
  );
  if (answer.status !== 200) throw new Error(answer.text);
  Object.assign(measured, { importing, records: answer.json().records, importMemory: resident(server.pid) - plain });
  await server.stop();

  server = await hostWorker({ data: join(folder, 'many') });
  [measured.cold] = await timed(() => read(server, 7));
  measured.served = resident(server.pid) - plain;
  const pages = [],
    warm = [];
  for (let round = 0; round < WARM; round++) pages.push((await timed(() => read(server, (round * 7919) % CUSTOMERS)))[0]);
  for (let round = 0; round < WARM; round++) warm.push((await timed(() => read(server, 7)))[0]);
  const writing = [];
  for (let round = 0; round < 21; round++)
    writing.push(
      (
        await timed(() =>
          server.asAdmin('/api/admin/overrides', { body: { customerId: id(9 + round), flags: { [key]: null }, reason: 'bench' } }),
        )
      )[0],
    );
  // The first one after a kill also puts in its place what the import had only logged.
  measured.firstWrite = writing.shift();
  Object.assign(measured, { anyone: median(pages), warm: median(warm), writing: median(writing), afterAll: resident(server.pid) - asked });
  const [verifying, trail] = await timed(() => server.asAdmin('/api/admin/changes/verify?full=true&wait=20', { method: 'GET' }));
  if (!trail.json().valid) throw new Error(trail.text);
  Object.assign(measured, { verifying, trail: trail.json().records });
  await server.stop();
  console.log(JSON.stringify(measured));
} finally {
  await rm(folder, { recursive: true, force: true });
}
