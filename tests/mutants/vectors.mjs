/** The vectors as input of a runner, and how many of its answers are others than expected. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { documentText, questionLine, refusalText } from '../vectors/lines.mjs';

const FOLDER = fileURLToPath(new URL('../vectors', import.meta.url));
/** Of a document with very many flags so many are asked for. */
const ASKED = 20;

/** All vectors as one input for each way of answering, with what is to be answered: a text, or what the answer must not be. */
export function readVectors() {
  const ways = [false, true].map(byProgram => ({ byProgram, lines: [], expected: [], operators: {} }));
  for (const file of readdirSync(FOLDER).filter(name => /^[0-9]{2}-.*\.json$/.test(name))) {
    const { documents, cases, refusals = [], buckets = [] } = JSON.parse(readFileSync(join(FOLDER, file), 'utf8'));
    const current = [undefined, undefined];
    for (const each of cases) {
      const way = ways[each.known === undefined ? 0 : 1];
      if (current[Number(way.byProgram)] !== each.document)
        way.lines.push(`{"document":${onOneLine(documentText(documents[each.document]))}}`);
      current[Number(way.byProgram)] = each.document;
      way.lines.push(questionLine(each));
      way.operators[way.expected.length] = operatorsOf(documents[each.document].flags ?? {}, each.flag);
      way.expected.push(canonical(each.expected));
    }
    for (const each of refusals.filter(isJson)) {
      ways[0].lines.push(`{"document":${onOneLine(refusalText(each))}}`);
      for (const { flag, wanted } of afterRefusal(each)) {
        ways[0].lines.push(questionLine({ flag }));
        ways[0].expected.push(wanted);
      }
    }
    for (const { key, salt, unit, bucket, subkey } of buckets) {
      ways[0].lines.push(JSON.stringify({ bucket: { key, salt, unit } }));
      ways[0].expected.push(canonical({ bucket, subkey }));
    }
  }
  return ways.map(({ byProgram, lines, expected, operators }) => ({ byProgram, expected, operators, text: `${lines.join('\n')}\n` }));
}

/** The wrong answers of one way: for each, the operators of the flag that its question names. */
export const redOf = ({ expected, operators }, answers) =>
  expected.flatMap((wanted, at) => (isAsWanted(answers[at], wanted) ? [] : [operators[at] ?? []]));

/** The operators in the conditions of a flag; none where no flag has the key. */
function operatorsOf(flags, key) {
  return Object.hasOwn(flags, key) ? [...JSON.stringify(flags[key]).matchAll(/"op":"(\w+)"/g)].map(([, name]) => name) : [];
}

/** True if the text of a refusal is JSON: any other text makes no line of a runner. */
function isJson(refusal) {
  try {
    JSON.parse(refusalText(refusal));
    return true;
  } catch {
    return false;
  }
}

const REFUSED = canonical({ error: 'document refused' });
const LEFT_OUT = canonical({ reason: 'ERROR', errorCode: 'FLAG_NOT_FOUND' });

/** The flags to ask a document with errors for, and the answers: nothing of a refused one, else the sound flags and not the others. */
function afterRefusal({ document, refused, flags = [] }) {
  if (refused) return [{ flag: 'good', wanted: REFUSED }];
  const others = Object.keys(document?.flags ?? {}).filter(key => !flags.includes(key));
  return [
    ...flags.slice(0, ASKED).map(flag => ({ flag, wanted: { not: [REFUSED, LEFT_OUT] } })),
    ...others.slice(0, ASKED).map(flag => ({ flag, wanted: LEFT_OUT })),
  ];
}

const isAsWanted = (answer, wanted) =>
  typeof wanted === 'string' ? answer === wanted : answer !== undefined && !wanted.not.includes(answer);

/** A document's raw text may have lines; a line of a runner is one. */
const onOneLine = text => text.replace(/[\r\n]+/g, ' ');

/** JSON with sorted members: what is compared has no numbers that JavaScript prints otherwise. */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  return `{${Object.keys(value)
    .sort()
    .map(name => `${JSON.stringify(name)}:${canonical(value[name])}`)
    .join(',')}}`;
}
