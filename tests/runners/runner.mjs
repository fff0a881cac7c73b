/**
 * The runner protocol in JavaScript: a line in, its answer out. This module checks the lines; a runtime answers them.
 *
 * @typedef {object} Runtime
 * @property {(text: string) => boolean} document takes a document's text; false where it is refused
 * @property {(question: Question) => import('../../npm/client/src/types.ts').EvaluationDetails | string} ask the answer, or what is wrong with the line
 * @property {(key: string, salt: string, unit: string) => { bucket: number, subkey: [string, string] }} bucket
 *
 * @typedef {{ flag: string, context: unknown, default: unknown, now: number, known?: unknown }} Question
 */

/** Members of an answer that are always printed, and those that are printed where the question has them as `true`. */
const MEMBERS = ['value', 'variant', 'reason', 'errorCode', 'layer'],
  WISHES = ['bucket', 'step', 'metadata'];

/** Opens a runner on a runtime. */
export function openRunner(runtime) {
  let document = 'no document';
  return line => {
    let asked;
    try {
      asked = JSON.parse(line);
    } catch {
      return error('not JSON');
    }
    if (typeof asked !== 'object' || asked === null || Array.isArray(asked)) return error('not JSON');
    if (Object.hasOwn(asked, 'document')) {
      document = runtime.document(documentText(line)) ? '' : 'document refused';
      return null;
    }
    const { flag, context = {}, default: callers, now = 0, bucket } = asked;
    if (flag === undefined && isBucketQuestion(bucket)) return bucketAnswer(runtime, bucket);
    if (typeof flag !== 'string' || !Number.isInteger(now) || Math.abs(now) > 2 ** 53 || overflows(callers)) return error('invalid line');
    if (WISHES.some(name => Object.hasOwn(asked, name) && typeof asked[name] !== 'boolean')) return error('invalid line');
    if (document) return error(document);
    const answer = runtime.ask({ flag, context, default: callers, now, known: asked.known });
    if (typeof answer === 'string') return error(answer);
    const printed = [...MEMBERS, ...WISHES.filter(name => asked[name] === true)];
    return canonical(Object.fromEntries(printed.map(name => [name, answer[name]])));
  };
}

/** A document's text as it stands in its line; parsing and printing it would lose members that stand twice. */
function documentText(line) {
  return line.slice(line.indexOf(':') + 1, line.lastIndexOf('}'));
}

function isBucketQuestion(bucket) {
  return typeof bucket === 'object' && bucket !== null;
}

function bucketAnswer(runtime, { key, salt, unit }) {
  if (![key, salt, unit].every(text => typeof text === 'string' && text.isWellFormed())) return error('invalid line');
  try {
    return canonical(runtime.bucket(key, salt, unit));
  } catch {
    return error('invalid line');
  }
}

function overflows(value) {
  if (typeof value === 'number') return !Number.isFinite(value);
  return typeof value === 'object' && value !== null && Object.values(value).some(overflows);
}

const error = why => `{"error":"${why}"}`;

/** RFC 8785: members sorted by their UTF-16 units, no spaces; numbers and strings as ECMAScript prints them. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const names = Object.keys(value)
    .filter(name => value[name] !== undefined)
    .sort();
  return `{${names.map(name => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`;
}
