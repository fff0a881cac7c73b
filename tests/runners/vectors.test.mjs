// The vectors on the artefacts, each in its runtime: the wasm builds in Node and in Chromium, the worker on workerd.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { documentText, questionLine } from '../vectors/lines.mjs';
import { openAny, RUNTIMES } from './open.mjs';
import { canonical } from './runner.mjs';

const folder = new URL('../vectors/', import.meta.url);
const names = readdirSync(folder).filter(name => /^\d\d-.*\.json$/.test(name));
const topics = names.map(name => JSON.parse(readFileSync(new URL(name, folder), 'utf8')));

/** The lines of all topics, and for each question what it is and what is expected. */
function questions(byProgram) {
  const lines = [],
    expected = [];
  for (const { topic, documents, cases: all } of topics) {
    for (const [name, document] of Object.entries(documents ?? {})) {
      lines.push(`{"document":${documentText(document).replace(/[\r\n]+/g, ' ')}}`);
      for (const each of all.filter(one => one.document === name && (byProgram || one.known === undefined))) {
        const line = questionLine(each);
        lines.push(line);
        expected.push({ answer: canonical(each.expected), told: `${topic}: ${each.description}\n${line}` });
      }
    }
  }
  return { lines, expected };
}

for (const runtime of RUNTIMES) {
  test(`every vector, by ${runtime}`, async () => {
    const { lines, expected } = questions(runtime.endsWith('program'));
    assert.ok(expected.length >= 2000, `only ${expected.length} cases`);
    const runner = await openAny(runtime);
    try {
      for (const line of lines) await runner.take(line);
      const answers = await runner.flush();
      assert.equal(answers.length, expected.length);
      for (const [index, { answer, told }] of expected.entries()) assert.equal(answers[index], answer, told);
    } finally {
      await runner.close();
    }
  });
}
