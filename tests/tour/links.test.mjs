// Every link in a text of ours leads somewhere: to a file, and to a heading in it. Links to other sites are not followed.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { dataFolder } from '../server.mjs';
import { anchorsOf, faultsOf, linksOf, markdownIn } from './links.mjs';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const NPM = join(ROOT, 'npm');

let own;
before(async () => {
  own = await dataFolder();
});
after(() => own?.remove());

test('every link between our texts leads to a file and a heading', () => {
  const files = markdownIn(ROOT);
  assert.ok(files.length >= 15 && files.flatMap(file => linksOf(readFileSync(file, 'utf8'))).length >= 100, 'there are links');
  assert.deepEqual(
    files.flatMap(file => faultsOf(file, ROOT).map(fault => `${relative(ROOT, file)}: ${fault}`)),
    [],
  );
});

test('no link of a published package leaves the package, so that it works on the page of the registry', () => {
  const packages = readdirSync(NPM, { withFileTypes: true })
    .filter(entry => entry.isDirectory())
    .map(entry => join(NPM, entry.name))
    .filter(folder => readdirSync(folder).includes('package.json'));
  assert.ok(packages.length >= 5, 'there are packages');
  assert.deepEqual(
    packages.flatMap(folder =>
      markdownIn(folder).flatMap(file => faultsOf(file, folder).map(fault => `${relative(ROOT, file)}: ${fault}`)),
    ),
    [],
  );
});

test('the check finds a missing file, a missing heading, and a link that leaves the folder', () => {
  mkdirSync(join(own.path, 'package'));
  const write = (name, text) => writeFileSync(join(own.path, name), text);
  write('other.md', '# Other\n\n## Same\n\n## Same\n\n```sh\n# no heading\n```\n');
  write('package/README.md', '[up](../other.md) [self](#a-flags-life) [code](../absent.md)\n\n## A flag’s `life`\n');
  write(
    'one.md',
    '[a](other.md#same-1) [b](other.md#same-2) [c](absent.md) [d](other.md#no-heading) `[e](absent.md)` <https://a.example>\n',
  );
  assert.deepEqual(faultsOf(join(own.path, 'one.md'), own.path), [
    'other.md#same-2: there is no such heading',
    'absent.md: there is no such file',
    'other.md#no-heading: there is no such heading',
  ]);
  assert.deepEqual(faultsOf(join(own.path, 'package/README.md'), join(own.path, 'package')), [
    `../other.md: leaves ${join(own.path, 'package')}`,
    `../absent.md: leaves ${join(own.path, 'package')}`,
  ]);
});

test('anchors are those that GitHub gives', () => {
  // GitHub's rule: lower case, no punctuation but hyphens and underscores, a hyphen for each space.
  for (const [heading, anchor] of [
    ["One flag's way through the house", 'one-flags-way-through-the-house'],
    ['Metadata, lifetime, expiry', 'metadata-lifetime-expiry'],
    ['`exports` and types', 'exports-and-types'],
    ['[Unreleased]', 'unreleased'],
    ['A – B', 'a--b'],
    ['snake_case', 'snake_case'],
  ]) {
    assert.deepEqual(anchorsOf(`## ${heading}`), [anchor]);
  }
});
