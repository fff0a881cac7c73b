/**
 * Makes the topic files from `authoring/`: `node tests/vectors/make.mjs`, or with `--check` only says whether they are up to date.
 *
 * A topic's source exports `{topic, about, documents, cases, refusals?, buckets?}`. Its expectations were written by hand. The reference
 * evaluator fills in the members that the hand left out; if the two disagree, no topic file is made.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { readDocument } from '../reference/document.mjs';
import { openRunner } from '../reference/runner.mjs';
import { documentText, questionLine, refusalText } from './lines.mjs';

const here = new URL('.', import.meta.url);
const isCheck = process.argv.includes('--check');
const wrong = [];

/** A function from a case of the topic to its answer's text. Each document is read once by each runtime. */
function runnersOf(topic) {
  const runners = new Map();
  return each => {
    const runtime = each.known === undefined ? 'evaluate' : 'program';
    const id = `${runtime} ${each.document}`;
    if (!runners.has(id)) {
      runners.set(id, openRunner({ runtime }));
      runners.get(id)(`{"document":${documentText(topic.documents[each.document])}}`);
    }
    return runners.get(id)(questionLine(each));
  };
}

function answerOf(topic, each, ask) {
  const text = ask(each);
  const answer = JSON.parse(text);
  if (answer.error !== undefined) wrong.push(`${topic.topic}: ${each.description}: ${text}`);
  for (const [name, hand] of Object.entries(each.expected)) {
    const same = hand === undefined ? answer[name] === undefined : isDeepStrictEqual(answer[name], hand);
    if (!same) wrong.push(`${topic.topic}: ${each.description}: ${name} by hand ${JSON.stringify(hand)}, by the reference ${text}`);
  }
  const order = ['value', 'variant', 'reason', 'errorCode', 'layer', 'bucket', 'step', 'metadata'];
  return Object.fromEntries(order.filter(name => answer[name] !== undefined).map(name => [name, answer[name]]));
}

function checkRefusal(topic, each) {
  const read = readDocument(refusalText(each));
  const found = { refused: read.refused };
  if (read.refused) {
    if (each.pointer !== undefined) found.pointer = read.errors[0].pointer;
  } else {
    found.errors = read.errors.map(({ pointer }) => pointer).sort();
    found.flags = [...read.flags.keys()].sort();
    if (each.errorCount !== undefined) found.errorCount = read.errorCount;
  }
  const hand = Object.fromEntries(
    ['refused', 'pointer', 'errors', 'flags', 'errorCount'].filter(name => each[name] !== undefined).map(name => [name, each[name]]),
  );
  if (!isDeepStrictEqual(found, hand)) {
    wrong.push(
      `${topic.topic}: ${each.description}: by hand ${JSON.stringify(hand)}, by the reference ${JSON.stringify({ ...found, all: read.errors })}`,
    );
  }
  return each;
}

/** One entry a line, so that a difference reads. */
function layOut(file) {
  const lists = ['cases', 'refusals', 'buckets'];
  const head = Object.entries(file).map(([name, value]) => {
    const key = `  ${JSON.stringify(name)}: `;
    if (lists.includes(name)) return `${key}[\n${value.map(each => `    ${JSON.stringify(each)}`).join(',\n')}\n  ]`;
    if (name === 'documents')
      return `${key}{\n${Object.entries(value)
        .map(([k, v]) => `    ${JSON.stringify(k)}: ${JSON.stringify(v)}`)
        .join(',\n')}\n  }`;
    return key + JSON.stringify(value);
  });
  return `{\n${head.join(',\n')}\n}\n`;
}

const files = [];
const index = [];
for (const name of readdirSync(new URL('authoring/', here))
  .filter(each => /^[0-9]{2}-.*\.mjs$/.test(each))
  .sort()) {
  const { default: topic } = await import(new URL(`authoring/${name}`, here));
  const ask = runnersOf(topic);
  const seen = new Set();
  for (const each of [...topic.cases, ...(topic.refusals ?? [])]) {
    if (seen.has(each.description)) wrong.push(`${topic.topic}: described twice: ${each.description}`);
    seen.add(each.description);
  }
  const file = {
    topic: topic.topic,
    about: topic.about,
    documents: topic.documents,
    cases: topic.cases.map(each => ({ ...each, expected: answerOf(topic, each, ask) })),
    ...(topic.refusals && { refusals: topic.refusals.map(each => checkRefusal(topic, each)) }),
    ...(topic.buckets && { buckets: topic.buckets }),
  };
  const fileName = name.replace(/\.mjs$/, '.json');
  files.push([fileName, layOut(file)]);
  index.push({
    file: fileName,
    topic: topic.topic,
    cases: file.cases.length,
    refusals: file.refusals?.length ?? 0,
    buckets: file.buckets?.length ?? 0,
  });
}
const total = name => index.reduce((sum, each) => sum + each[name], 0);
const totals = { cases: total('cases'), refusals: total('refusals'), buckets: total('buckets') };
files.push([
  'index.json',
  `{\n  "topics": [\n${index.map(each => `    ${JSON.stringify(each)}`).join(',\n')}\n  ],\n  "totals": ${JSON.stringify(totals)}\n}\n`,
]);

if (wrong.length > 0) {
  console.error(wrong.join('\n'));
  console.error(`${wrong.length} disagreements, nothing made`);
  process.exit(1);
}
for (const [name, text] of files) {
  if (!isCheck) writeFileSync(new URL(name, here), text);
  else if (readFileSync(new URL(name, here), 'utf8') !== text) {
    console.error(`${name} is not what its source makes`);
    process.exitCode = 1;
  }
}
console.log(JSON.stringify(totals));
