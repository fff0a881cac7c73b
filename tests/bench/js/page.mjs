/**
 * What a page feels besides the common workload: `node page.mjs` prints one line of JSON, in nanoseconds.
 *
 * `first` is cold, as in a page: the program of 1,000 flags loaded, a context set and one flag read. The others are CPU time of the
 * process: for all 100 flags of a name that a test reads without case; and, by the engine as a script beside the module, for one flag and for all 100
 * flags of the common workload, each time of another user.
 */
import fs from 'node:fs';

import { loadScriptEngine } from '../../../npm/client/dist/bundle/script-engine.js';
import { load, rules } from './adapters/twinflag.mjs';
import { NAMES } from './extremes.mjs';
import { flags, users } from './workload.mjs';

const keys = flags(1000).map(flag => flag.key),
  program = rules(keys);
const first = engine => {
  const start = performance.now();
  const loaded = load(program, keys, engine);
  loaded.identify(loaded.context(users[0]));
  loaded.read(keys[0]);
  return (performance.now() - start) * 1e6;
};
const cold = { first: first(), 'first, script': first(loadScriptEngine()) };

const ROUNDS = 2000,
  BATCHES = 9;
const cpu = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1e3;
};
const keysOf = Array.from({ length: 100 }, (_, i) => `flag-${String(i).padStart(4, '0')}`);
/** Nanoseconds of one call: the lower quartile of some batches. */
const time = run => {
  const batches = Array.from({ length: BATCHES }, () => {
    const start = cpu();
    for (let i = 0; i < ROUNDS; i++) run(i);
    return (cpu() - start) / ROUNDS;
  });
  return batches.sort((a, b) => a - b)[BATCHES >> 2];
};
const ofNames = alphabet => {
  const engine = load(new Uint8Array(fs.readFileSync(new URL(`dist/names-${alphabet}.bin`, import.meta.url))), keysOf);
  return time(() => engine.all({ name: NAMES[alphabet] }));
};
const common = flags(100).map(flag => flag.key);
const ofUsers = engine => {
  const { context, one, all } = load(rules(common), common, engine);
  return [time(i => one(common[i % 100], context(users[i]))), time(i => all(context(users[i])))];
};
const [one, all] = ofUsers(),
  [oneByScript, allByScript] = ofUsers(loadScriptEngine());
const figures = {
  ascii: ofNames('ascii'),
  cyrillic: ofNames('cyrillic'),
  one,
  all,
  'one, script': oneByScript,
  'all, script': allByScript,
};
console.log(JSON.stringify({ ...cold, ...figures }));
process.exit(0);
