// The list of what the source documents name: each name that it calls ours stands where the list says.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));
const LIST = readFileSync(join(DOCS, 'source-documents.md'), 'utf8');

/** The rows of the tables with three columns: a name, ours, and what shows it. */
const rowsOf = text =>
  text
    .split('\n')
    .filter(line => line.startsWith('| '))
    .map(line => line.slice(2, -2).split(' | '))
    .filter(cells => cells.length === 3 && cells[0] !== 'named' && !cells[0].startsWith('---'));

/** The links of a cell, with what each names in its file: a text in code or in “quotes”; `undefined` for a link to a page as such. */
const linksOf = cell =>
  [...cell.matchAll(/\[(?:`([^`]+)`|“([^”]+)”|[^\]]+)\]\(([^)\s#]+)[^)]*\)/g)].map(([, code, quoted, path]) => ({
    name: code ?? quoted,
    path,
  }));

/** The faults of a row. */
function faultsOf([named, ours, shown]) {
  const faults = [];
  if (ours === '–') return shown.length < 40 ? [`${named}: no reason`] : [];
  for (const { name, path } of [...linksOf(ours), ...linksOf(shown)]) {
    const file = join(DOCS, path);
    if (!existsSync(file) || statSync(file).isDirectory()) faults.push(`${named}: there is no file ${path}`);
    else if (name !== undefined && !readFileSync(file, 'utf8').includes(name)) faults.push(`${named}: ${path} has no ${name}`);
  }
  if (linksOf(shown).length === 0 && !/`[a-z ]+`/.test(shown)) faults.push(`${named}: nothing shows it`);
  return faults;
}

test('every name of the source documents is found where the list says, or has a reason', t => {
  const rows = rowsOf(LIST);
  assert.deepEqual(rows.flatMap(faultsOf), []);
  const reasons = rows.filter(([, ours]) => ours === '–').length;
  const links = rows.flatMap(([, ours, shown]) => [...linksOf(ours), ...linksOf(shown)]).length;
  t.diagnostic(`${rows.length} rows, ${rows.length - reasons} resolved by ${links} links, ${reasons} with a reason`);
  assert.ok(rows.length >= 90 && links >= 150 && reasons <= 8, `${rows.length} rows, ${links} links, ${reasons} reasons`);
});

test('the check finds an absent file, an absent name, and a row without a reason', () => {
  const faults = rowsOf(`| a | [\`x\`](absent.md) | the suite \`tour\` |
| b | [\`no such name in it\`](README.md) | [“nor this title”](README.md) |
| c | – | none |
| d | here | there |`).flatMap(faultsOf);
  assert.deepEqual(faults, [
    'a: there is no file absent.md',
    'b: README.md has no no such name in it',
    'b: README.md has no nor this title',
    'c: no reason',
    'd: nothing shows it',
  ]);
});
