// Measures requests with one outcome, alone and while another client sends forged ones, and the time from a storm of errors to its rollback.
import { randomUUID } from 'node:crypto';

import { dataFolder, startServer } from '../../server.mjs';

const REQUESTS = 3_000,
  AT_ONCE = 8,
  STORMS = 10;
const flags = Object.fromEntries(Array.from({ length: STORMS + 1 }, (_, index) => [`f-${index}`, { unit: 'customerId' }]));
const folder = await dataFolder();
const server = await startServer({
  data: folder.path,
  document: { schema: 'twinflag/1', bucketKey: '000102030405060708090a0b0c0d0e0f', flags },
});

const outcomes = (flag, event, count) => Array.from({ length: count }, () => ({ id: randomUUID(), flag, unit: randomUUID(), event }));

async function post(token, body) {
  const answer = await server.request('/v1/outcomes', { token, body: { outcomes: body } });
  if (answer.status !== 202) throw new Error(answer.text);
}

async function start(flag) {
  const answer = await server.asAdmin('/api/admin/rollout/create', {
    body: { featureName: flag, whitelistedCustomers: ['c-1'], start: true },
  });
  if (answer.status !== 200) throw new Error(answer.text);
}

/** The times of requests, each with one outcome. */
async function ingest() {
  const times = [];
  let left = REQUESTS;
  const one = async () => {
    while (left-- > 0) {
      const began = performance.now();
      await post(server.serverKey, outcomes('f-0', 'enabled', 1));
      times.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  times.sort((a, b) => a - b);
  return { p50: times[Math.floor(times.length / 2)], p99: times[Math.floor(times.length * 0.99)] };
}

async function beside() {
  let isOver = false;
  const forging = (async () => {
    while (!isOver) await post(server.clientKey, outcomes('f-0', 'error', 100));
  })();
  const measured = await ingest();
  isOver = true;
  await forging;
  return measured;
}

async function storm(flag) {
  await start(flag);
  const began = performance.now();
  await post(server.serverKey, outcomes(flag, 'error', 40));
  for (;;) {
    const answer = await server.asAdmin(`/api/admin/feature-flags?featureName=${flag}`, { method: 'GET' });
    if (answer.json().features[0].status === 'rolled_back') return performance.now() - began;
  }
}

try {
  await start('f-0');
  await ingest();
  const alone = await ingest();
  const forged = await beside();
  const storms = [];
  for (let index = 1; index <= STORMS; index++) storms.push(await storm(`f-${index}`));
  storms.sort((a, b) => a - b);
  console.log(JSON.stringify({ alone, forged, storm: { p50: storms[Math.floor(STORMS / 2)], most: storms.at(-1) } }));
} finally {
  await server.stop();
  await folder.remove();
}
