/**
 * One engine at one size, in a process of its own: `node --expose-gc worker.mjs ADAPTER FLAGS` prints one line of JSON.
 *
 * Times are CPU time of the process, its collector and compilers included: others share the machine's cores. Loading alone is
 * what passes: it happens once, cold, and compilers that work beside it for later calls do not keep anybody waiting.
 */
import { check } from './check.mjs';
import { flags, USERS, users } from './workload.mjs';

const [, , adapter, size] = process.argv;
const cpu = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1e3;
};
/** Bytes on V8's heap and outside it. Memory of WASM is among the latter, also what it grows by. */
const held = () => {
  for (let i = 0; i < 4; i++) gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

const BATCH = 50e6,
  BATCHES = 8;

/** Nanoseconds of one call: the lower quartile of some batches. `run(from, count)` calls so often. */
function time(run) {
  let count = 1,
    taken,
    from = 0;
  for (;;) {
    const start = cpu();
    run(from, count);
    taken = cpu() - start;
    from += count;
    if (taken > BATCH / 3) break;
    count *= taken < 1e5 ? 10 : 2;
  }
  count = Math.max(1, Math.round((count * BATCH) / taken));
  const batches = [];
  for (let i = 0; i < BATCHES; i++) {
    const start = cpu();
    run(from, count);
    batches.push((cpu() - start) / count);
    from += count;
  }
  return batches.sort((a, b) => a - b)[BATCHES >> 2];
}

const list = flags(Number(size)),
  keys = list.map(flag => flag.key);
const adapted = await import(`./adapters/${adapter}.mjs`);
const rules = adapted.rules(list);
// What is handed over stays with whoever hands it over: were it collected meanwhile, the engine would seem to hold less.
globalThis.rules = rules;
// What starting left behind goes the first time, and would else be taken for what the engine gave back.
held();
const before = held();
const start = performance.now();
const engine = await adapted.load(rules, keys);
engine.one(keys[0], engine.context(users[0]));
const load = (performance.now() - start) * 1e6;
const memory = adapted.hidesMemory ? null : held() - before;

const share = check(engine, list);
const { context, one, all, identify, read } = engine,
  N = keys.length;
let sink = 0;
const times = {
  fresh: time((from, count) => {
    for (let i = from; i < from + count; i++) if (one(keys[i % N], context(users[i % USERS]))) sink++;
  }),
  same: time((from, count) => {
    const user = context(users[4242]);
    for (let i = from; i < from + count; i++) if (one(keys[i % N], user)) sink++;
  }),
  all: time((from, count) => {
    for (let i = from; i < from + count; i++) sink += all(context(users[i % USERS]));
  }),
};
// Without a call of its own for it, reading again is evaluating again.
times.read = read
  ? time((from, count) => {
      identify(context(users[4242]));
      for (let i = from; i < from + count; i++) if (read(keys[i % N])) sink++;
    })
  : times.same;
console.log(JSON.stringify({ name: adapted.name, size: N, load, memory, share, ...times, sink: sink & 1 }));
process.exit(0);
