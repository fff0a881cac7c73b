// `cargo xtask releases` builds for minutes, so no suite runs it. What it edits must be there all the same.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { around } from '../mutants/workshop.mjs';
import { COUNT, forms, MIGRATION, releases } from './edits.mjs';

for (const [name, edits] of Object.entries(releases)) {
  test(`every edit of the release "${name}" has its place`, () => {
    for (const edit of edits) assert.equal(around({ name, ...edit }).length, 2);
  });
}

test('the release that is edited has as many migrations as there are files, and the next one begins with one more', () => {
  const source = readFileSync(new URL('../../edge-worker/src/store/sqlite/migrations.rs', import.meta.url), 'utf8');
  assert.equal(source.match(/include_str!/g).length, COUNT);
  assert.match(MIGRATION.file, new RegExp(`/0*${COUNT + 1}_notes\\.sql$`));
});

test('the forms in a built module can be replaced by others in place', () => {
  assert.equal(MIGRATION.text.split(forms(COUNT, COUNT)).length, 2);
  assert.equal(forms(9, 10).length, forms(COUNT, COUNT + 1).length);
});
