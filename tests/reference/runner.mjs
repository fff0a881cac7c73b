/**
 * The runner protocol (section 7): JSON lines in, canonical JSON lines out.
 *
 *     node tests/reference/runner.mjs [--runtime evaluate|program] < lines > answers
 */
import { pathToFileURL } from 'node:url';
import { hex64, readKey, sipBucket, subkey } from './bucket.mjs';
import { canonical } from './canonical.mjs';
import { EMPTY, extendsKnown, isContext } from './context.mjs';
import { readDocument } from './document.mjs';
import { error, evaluate } from './evaluate.mjs';
import { scan } from './json.mjs';
import { Untranslatable } from './pattern.mjs';

const EXACT = 2 ** 53;
const INVALID = { error: 'invalid line' };
/** Members of an answer that are printed only where the question has them as `true`. */
const WISHES = ['bucket', 'step', 'metadata'];

/**
 * A function from a line to its answer, `null` for a line that sets the document.
 *
 * `runtime` "program" answers by the law of section 6: a context that does not extend `known` is not ready, every other is evaluated.
 */
export function openRunner({ runtime = 'evaluate' } = {}) {
  let ruleset = null;
  let trouble = { error: 'no document' };

  const setDocument = text => {
    ruleset = null;
    try {
      const read = readDocument(text);
      if (read.refused) trouble = { error: 'document refused' };
      else ruleset = read;
    } catch (caught) {
      if (!(caught instanceof Untranslatable)) throw caught;
      trouble = { error: caught.message };
    }
  };

  const ask = line => {
    const question = readQuestion(line, runtime);
    if (question === null) return INVALID;
    if (ruleset === null) return trouble;
    const { flag, context, callersDefault, now, known, wishes } = question;
    if (runtime === 'program' && known !== undefined && isContext(context) && !extendsKnown(context, known)) {
      return error('PROVIDER_NOT_READY', callersDefault);
    }
    const details = evaluate(ruleset, flag, context, now, callersDefault);
    return Object.fromEntries(Object.entries(details).filter(([name]) => wishes[name] !== false));
  };

  return text => {
    let line;
    try {
      line = scan(text);
    } catch {
      return print({ error: 'not JSON' });
    }
    if (line.type !== 'object') return print({ error: 'not JSON' });
    if (line.has('document')) {
      const at = line.names.lastIndexOf('document');
      setDocument(text.slice(line.starts[at], line.ends[at]));
      return null;
    }
    if (line.has('flag')) return print(ask(line));
    return print(line.get('bucket')?.type === 'object' ? answerBucket(line.get('bucket')) : INVALID);
  };
}

function readQuestion(line, runtime) {
  const flag = line.get('flag');
  const now = line.get('now');
  const known = runtime === 'program' ? line.get('known') : undefined;
  const callersDefault = line.get('default');
  if (flag.type !== 'string') return null;
  if (now !== undefined && !(Number.isInteger(now.value) && Math.abs(now.value) <= EXACT)) return null;
  if (known !== undefined && !isContext(known)) return null;
  if (WISHES.some(name => line.has(name) && line.get(name).type !== 'boolean')) return null;
  if (callersDefault !== undefined && overflows(callersDefault)) return null;
  return {
    flag: flag.value,
    context: line.get('context') ?? EMPTY,
    callersDefault,
    now: now?.value ?? 0,
    known,
    wishes: Object.fromEntries(WISHES.map(name => [name, line.get(name)?.value === true])),
  };
}

/** Whether a value holds a number that cannot be printed. */
function overflows(root) {
  const open = [root];
  while (open.length > 0) {
    const value = open.pop();
    if (value.type === 'number' && !Number.isFinite(value.value)) return true;
    if (value.type === 'list') for (const item of value.items) open.push(item);
    if (value.type === 'object') for (const member of value.entries().values()) open.push(member);
  }
  return false;
}

function answerBucket(question) {
  const texts = ['key', 'salt', 'unit'].map(name => question.get(name));
  if (texts.some(text => text?.type !== 'string' || !text.value.isWellFormed())) return INVALID;
  const [key, salt, unit] = texts.map(text => text.value);
  const parsed = readKey(key);
  if (parsed === null) return INVALID;
  const sub = subkey(parsed, salt);
  return { bucket: sipBucket(sub, unit), subkey: sub.map(hex64) };
}

/** An answer's members in canonical order, without those that are `undefined`; `value` and `metadata` are scanned JSON, the rest is plain. */
function print(answer) {
  const members = Object.keys(answer)
    .filter(name => answer[name] !== undefined)
    .sort();
  const text = name => (['value', 'metadata'].includes(name) ? canonical(answer[name]) : JSON.stringify(answer[name]));
  return `{${members.map(name => `"${name}":${text(name)}`).join(',')}}`;
}

/** Answers every line of standard input. A line that is not UTF-8 is not JSON. */
async function main() {
  const at = process.argv.indexOf('--runtime');
  const runner = openRunner({ runtime: at === -1 ? 'evaluate' : process.argv[at + 1] });
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let out = [];
  const flush = async () => {
    const text = out.join('');
    out = [];
    if (text !== '' && !process.stdout.write(text)) await new Promise(done => process.stdout.once('drain', done));
  };
  const take = bytes => {
    let text;
    try {
      text = decoder.decode(bytes);
    } catch {
      out.push('{"error":"not JSON"}\n');
      return;
    }
    const answer = runner(text);
    if (answer !== null) out.push(`${answer}\n`);
  };

  let kept = [];
  for await (const chunk of process.stdin) {
    let from = 0;
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
      take(Buffer.concat([...kept, chunk.subarray(from, end)]));
      kept = [];
      from = end + 1;
    }
    if (from < chunk.length) kept.push(chunk.subarray(from));
    await flush();
  }
  if (kept.length > 0) take(Buffer.concat(kept));
  await flush();
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
