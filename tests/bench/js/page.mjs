/**
 * What a page feels besides the common workload: `node page.mjs` prints one line of JSON, in nanoseconds.
 *
 * `first` is cold, as in a page: the program of 1,000 flags loaded, a context set and one flag read. The others are CPU time of the
 * process for all 100 flags of a name that a test reads without case.
 */
import fs from 'node:fs';

import { load, rules } from './adapters/twinflag.mjs';
import { NAMES } from './extremes.mjs';
import { flags, users } from './workload.mjs';

const keys = flags(1000).map(flag => flag.key),
  program = rules(keys);
const start = performance.now();
const engine = load(program, keys);
engine.identify(engine.context(users[0]));
engine.read(keys[0]);
const first = (performance.now() - start) * 1e6;

const ROUNDS = 2000,
  BATCHES = 9;
const cpu = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1e3;
};
const keysOf = Array.from({ length: 100 }, (_, i) => `flag-${String(i).padStart(4, '0')}`);
const all = alphabet => {
  const engine = load(new Uint8Array(fs.readFileSync(new URL(`dist/names-${alphabet}.bin`, import.meta.url))), keysOf);
  const batches = Array.from({ length: BATCHES }, () => {
    const start = cpu();
    for (let i = 0; i < ROUNDS; i++) engine.all({ name: NAMES[alphabet] });
    return (cpu() - start) / ROUNDS;
  });
  return batches.sort((a, b) => a - b)[BATCHES >> 2];
};
console.log(JSON.stringify({ first, ascii: all('ascii'), cyrillic: all('cyrillic') }));
process.exit(0);
