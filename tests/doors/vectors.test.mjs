// The vectors on the wasm builds in Node: whole documents, and programs in the engine of a page.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { documentText, questionLine } from '../vectors/lines.mjs';
import { canonical } from './door.mjs';
import { nodeDoor } from './node.mjs';

const folder = new URL('../vectors/', import.meta.url);
const topics = readdirSync(folder).filter((name) => /^\d\d-.*\.json$/.test(name)).map((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')));

for (const runtime of ['node', 'program']) {
  test(`every vector, by ${runtime}`, async () => {
    const door = await nodeDoor(runtime);
    let cases = 0;
    for (const { topic, documents, cases: all } of topics) {
      for (const [name, document] of Object.entries(documents ?? {})) {
        door(`{"document":${documentText(document)}}`);
        for (const each of all.filter((one) => one.document === name && (runtime === 'program' || one.known === undefined))) {
          const line = questionLine(each);
          assert.equal(door(line), canonical(each.expected), `${topic}: ${each.description}\n${line}`);
          cases++;
        }
      }
    }
    assert.ok(cases >= 2000, `only ${cases} cases`);
  });
}
