/** `node bench.mjs [ROUNDS]`: every engine at every size in each round, in a new order; the smallest of the rounds counts. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';

import { SIZES } from './workload.mjs';

const rounds = Number(process.argv[2] ?? 3);
const here = new URL('.', import.meta.url);
const adapters = fs.readdirSync(new URL('adapters/', here)).map(file => file.replace('.mjs', ''));
const measured = {};
for (let round = 0; round < rounds; round++) {
  for (const size of SIZES) {
    for (const adapter of adapters
      .map(name => [Math.random(), name])
      .sort()
      .map(([, name]) => name)) {
      const said = execFileSync(process.execPath, ['--expose-gc', 'worker.mjs', adapter, String(size)], {
        cwd: here,
        timeout: 240_000,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const { name, sink, ...figures } = JSON.parse(said.toString().trim().split('\n').pop());
      const cell = ((measured[name] ??= {})[size] ??= {});
      for (const [figure, value] of Object.entries(figures))
        cell[figure] = value === null ? null : Math.min(cell[figure] ?? Infinity, value);
    }
  }
  console.error(`round ${round + 1} of ${rounds}`);
}
console.log(JSON.stringify(measured));
