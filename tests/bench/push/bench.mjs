// Measures push: the time from a change to the last of many sockets, an operator's write meanwhile, and the return of clients to a worker that
// was killed.
import { createClient } from '../../../npm/client/dist/entry/node.js';
import { hostWorker, KEYS } from '../../edge/workerd.mjs';
import { dataFolder } from '../../server.mjs';
import { openSocket } from '../../web-socket.mjs';

const SOCKETS = 1_000,
  CHANGES = 50,
  /** All clients are back within this time, or the bench gives up. */
  PATIENCE_MS = 90_000;
const document = JSON.stringify({
  schema: 'twinflag/1',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: { a: { default: 'on' } },
});
const wait = ms => new Promise(resolve => setTimeout(resolve, ms));
const until = async is => {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end; await wait(20)) if (is()) return;
  throw new Error('it never came about');
};
const quantile = (times, share) => times.toSorted((a, b) => a - b)[Math.ceil(times.length * share) - 1];
const quantiles = times => ({ p50: quantile(times, 0.5), p99: quantile(times, 0.99) });

const folder = await dataFolder();
let server = await hostWorker({ data: folder.path, document });
async function change(number) {
  const began = performance.now();
  const body = { featureName: 'a', action: number % 2 ? 'revive' : 'kill', reason: 'a bench' };
  const answer = await server.asAdmin('/api/admin/feature-flags', { body });
  if (answer.status !== 200) throw new Error(answer.text);
  return performance.now() - began;
}

/** The times of the commands while no socket is open. */
async function alone() {
  const commands = [];
  for (let number = 0; number < CHANGES; number++) commands.push(await change(number));
  return quantiles(commands);
}

/** The time from each change to the last socket, and that of the command itself. */
async function toSockets() {
  const sockets = [];
  for (let opened = 0; opened < SOCKETS; opened += 100) {
    const some = Array.from({ length: 100 }, () => openSocket(`${server.url}/v1/watch`, { authorization: `Bearer ${KEYS.SERVER_KEY}` }));
    sockets.push(...(await Promise.all(some)));
  }
  await Promise.all(sockets.map(socket => socket.next()));
  const last = [],
    commands = [];
  for (let number = 0; number < CHANGES; number++) {
    const began = performance.now();
    const heard = Promise.all(sockets.map(socket => socket.next()));
    commands.push(await change(number));
    await heard;
    last.push(performance.now() - began);
  }
  for (const socket of sockets) socket.end();
  return { last: quantiles(last), command: quantiles(commands) };
}

/** The return of clients to a worker that is killed and started again: once with a change behind it, and once without. */
async function toClients() {
  const opened = [],
    answers = [];
  const fetch = async (address, init) => {
    const answer = await globalThis.fetch(address.replace('http://edge', server.url), init);
    if (!address.includes('/v1/watch')) answers.push(answer.status);
    else if (answer.ok) opened.push(performance.now());
    return answer;
  };
  const refresh = { push: true, intervalMs: 86_400_000 };
  const clients = [];
  for (let made = 0; made < SOCKETS; made += 50) {
    const some = Array.from({ length: 50 }, () =>
      createClient({ url: 'http://edge', clientKey: KEYS.CLIENT_KEY, refresh, fetch, timeout: 30_000 }),
    );
    await Promise.all(some.map(client => client.ready()));
    clients.push(...some);
  }
  await until(() => opened.length === SOCKETS);
  await wait(500);
  opened.length = 0;
  const killed = performance.now();
  await server.stop();
  server = await hostWorker({ data: folder.path });
  await change(0);
  await until(() => opened.length === SOCKETS);
  const times = opened.map(time => time - killed).toSorted((a, b) => a - b);
  const most = Math.max(...times.map((from, index) => times.slice(index).filter(time => time < from + 1_000).length));
  await until(() => clients.every(client => !client.isEnabled('a')));
  // A second return, after which nothing has changed.
  answers.length = opened.length = 0;
  await server.stop();
  server = await hostWorker({ data: folder.path });
  await until(() => opened.length === SOCKETS);
  await wait(500);
  const unchanged = answers.filter(status => status === 304).length;
  const figures = { aSecond: most, back: times.at(-1), requests: answers.length, unchanged };
  for (const client of clients) client.close();
  return figures;
}

try {
  console.log(
    JSON.stringify({ sockets: SOCKETS, changes: CHANGES, alone: await alone(), told: await toSockets(), returned: await toClients() }),
  );
} catch (error) {
  console.error(error);
  process.exitCode = 1;
} finally {
  await server.stop();
  await folder.remove();
  // Requests of clients that were closed may still be on their way.
  process.exit();
}
