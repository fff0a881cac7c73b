/** `node bench.mjs | node table.mjs`: the README's rows of figures, of every engine. */
import { readFileSync } from 'node:fs';

import { weights } from './weights.mjs';

const ENGINES = ['Twinflag', 'GrowthBook', 'Unleash', 'flagd-core', 'Flipt (WASM)', 'Featurevisor'];

const measured = JSON.parse(readFileSync(0, 'utf8'));
const weighed = await weights();
const digits = number => (number < 10 ? number.toFixed(1) : String(Math.round(number)));
const time = nanoseconds => {
  const [amount, unit] =
    nanoseconds < 1e3 ? [nanoseconds, 'ns'] : nanoseconds < 1e6 ? [nanoseconds / 1e3, 'µs'] : [nanoseconds / 1e6, 'ms'];
  return `${unit === 'ns' ? Math.round(amount) : digits(amount)} ${unit}`;
};
const rows = {
  'a page loads, gzip': name => `${(weighed[name] / 1e3).toFixed(1)} kB`,
  'one flag, a new visitor': name => time(measured[name][100].fresh),
  'all 100 flags of a visitor': name => time(measured[name][100].all),
  'the same flag again': name => time(measured[name][100].read),
  'loading 1,000 flags': name => time(measured[name][1000].load),
};
const line = cells => `| ${cells.join(' | ')} |`;
console.log(line(['', ...ENGINES]));
console.log(line(['---', ...ENGINES.map(() => '---:')]));
for (const [name, figure] of Object.entries(rows)) console.log(line([name, ...ENGINES.map(figure)]));
