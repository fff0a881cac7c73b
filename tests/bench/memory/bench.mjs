/**
 * The memory of a hub and an isolate with the largest document: `node bench.mjs` prints one line of JSON, in bytes.
 *
 * `written` is after an import of the document, changes of all sorts, and evaluations; `cold` after a start on that store and one
 * evaluation. `wasm` is the memory of the worker's module, which holds the most that it ever held. `heap` is what V8 uses behind a
 * collection, by the inspector of workerd.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { KEYS, startWorkerd, token } from '../../edge/workerd.mjs';
import { freePort, requesters } from '../../server.mjs';
import { openSocket } from '../../web-socket.mjs';
import { largest } from '../largest.mjs';

const WRITES = 30;
const LONG = { signal: AbortSignal.timeout(600_000) };
const text = largest();
const keys = Object.keys(JSON.parse(text).flags);

const folder = await mkdtemp(join(tmpdir(), 'twinflag-memory-'));
try {
  const measured = { bytes: text.length, written: await run(write), cold: await run(async () => {}) };
  console.log(JSON.stringify(measured));
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function good(answer) {
  const got = await answer;
  if (got.status !== 200) throw new Error(got.text.slice(0, 500));
  return got.json();
}

async function write(server) {
  await good(server.asAdmin('/api/admin/document?state=replace', { method: 'PUT', body: text, ...LONG }));
  for (let number = 0; number < WRITES; number++) {
    const featureName = keys[Math.floor(number / 2)];
    await good(
      server.asAdmin('/api/admin/feature-flags', { body: { featureName, action: number % 2 ? 'revive' : 'kill', reason: 'r' }, ...LONG }),
    );
    await good(
      server.asAdmin('/api/admin/overrides', { body: { customerId: `c-${number}`, flags: { [featureName]: 'on' }, reason: 'r' }, ...LONG }),
    );
  }
}

/** Starts a worker on the store, has `work` done, evaluates a flag, and measures. */
async function run(work) {
  const inspector = await freePort();
  const started = await startWorkerd(fileURLToPath(new URL('memory.capnp', import.meta.url)), {
    options: [`--directory-path=store=${folder}`, `--inspector-addr=127.0.0.1:${inspector}`],
    env: { ...KEYS, RATE_LIMITS: 'off' },
  });
  try {
    const admin = { sub: 'bench', exp: Math.floor(Date.now() / 1_000) + 3_600, app_metadata: { role: 'service' } };
    const server = requesters({ url: started.url, adminToken: token(admin), clientKey: KEYS.CLIENT_KEY, serverKey: KEYS.SERVER_KEY });
    await work(server);
    await good(server.asServer('/v1/evaluate', { body: { evaluations: [{ flag: keys[0] }] }, ...LONG }));
    const { wasm } = await good(server.request('/test/memory', { method: 'GET', ...LONG }));
    return { wasm, heap: await heap(inspector) };
  } finally {
    await started.stop();
  }
}

/** The bytes that V8 uses in the isolate of the worker. */
async function heap(port) {
  const isolates = await (await fetch(`http://127.0.0.1:${port}/json`)).json();
  const { webSocketDebuggerUrl } = isolates.find(({ id }) => id === 'edge') ?? isolates[0];
  const socket = await openSocket(webSocketDebuggerUrl.replace('ws:', 'http:'));
  const call = async (id, method) => {
    socket.send(JSON.stringify({ id, method }));
    return JSON.parse(await socket.next(message => JSON.parse(message).id === id)).result;
  };
  try {
    return (await call(1, 'Runtime.getHeapUsage')).usedSize;
  } finally {
    socket.end();
  }
}
