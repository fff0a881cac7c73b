/** Writes the workload for those who do not read JavaScript: `node dump.mjs` → `dist/`. */
import fs from 'node:fs';

import { EXTREMES } from './extremes.mjs';
import { document, eppo, flags, SIZES, users } from './workload.mjs';

const dist = new URL('dist/', import.meta.url);
fs.mkdirSync(dist, { recursive: true });
fs.writeFileSync(new URL('users.json', dist), JSON.stringify(users));
for (const size of SIZES) {
  fs.writeFileSync(new URL(`flags-${size}.json`, dist), JSON.stringify(flags(size)));
  fs.writeFileSync(new URL(`document-${size}.json`, dist), document(flags(size)));
  fs.writeFileSync(new URL(`eppo-${size}.json`, dist), eppo(flags(size)));
}
for (const [name, text] of Object.entries(EXTREMES)) fs.writeFileSync(new URL(`${name}.json`, dist), text);
