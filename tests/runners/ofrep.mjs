/**
 * Questions as OpenFeature's protocol can put them, on the worker and by the native runner, and answers in the words of both.
 *
 * The protocol has no default and no time: a line keeps its flag and its context, and is asked as of `now`, for the worker answers by
 * its clock. An answer is the line `{"errorCode"?,"key","metadata"?,"reason"?,"status","value"?,"variant"?}`; of the metadata the
 * worker's version is left out, which only it has; a refused context has none, and where nothing else is told it is absent too.
 */
import { spawnSync } from 'node:child_process';
import { imported } from './imported.mjs';
import { rawMembers } from './members.mjs';
import { canonical } from './runner.mjs';

/** The number of requests that are under way at once. */
const AT_ONCE = 16;

/** The question of a line: its key and the text of its context. Undefined if the key cannot be part of a URL. */
function questionOf(line) {
  const members = rawMembers(line);
  const key = JSON.parse(members.get('flag'));
  // A URL has no lone surrogates, and its path none of these three.
  if (!key.isWellFormed() || key === '' || key === '.' || key === '..') return undefined;
  return { key, context: members.get('context') };
}

const isDocument = line => line.startsWith('{"document"');

/** The runner on the worker, one request a question. */
export function edgeOfrepRunner(server) {
  let waiting = [],
    answers = [],
    refused = false;
  const ask = async ({ key, context }) => {
    const body = `{"context":${context ?? '{}'}}`;
    const { status, json } = await server.asServer(`/ofrep/v1/evaluate/flags/${encodeURIComponent(key)}`, { body });
    const { key: echoed, value, variant, reason, errorCode, metadata: { version, ...metadata } = {} } = json();
    return canonical({ status, key: echoed, metadata: unlessEmpty(metadata), value, variant, reason, errorCode });
  };
  const send = async () => {
    const asked = waiting,
      said = new Array(asked.length);
    waiting = [];
    let next = 0;
    const worker = async () => {
      for (let index = next++; index < asked.length; index = next++) said[index] = await ask(asked[index]);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    answers.push(...said);
  };
  return {
    async take(line) {
      if (isDocument(line)) {
        await send();
        const response = await server.asAdmin('/api/admin/document?state=replace&reason=a%20test', {
          method: 'PUT',
          body: imported(line.slice(line.indexOf(':') + 1, line.lastIndexOf('}'))),
        });
        if (response.status !== 200 && response.status !== 422) throw new Error(`${response.status} ${response.text}`);
        refused = response.status === 422;
        return;
      }
      const question = questionOf(line);
      if (question && !refused) waiting.push(question);
    },
    async flush() {
      await send();
      const done = answers;
      answers = [];
      return done;
    },
  };
}

/** The native runner (`program`), asked the same as of `now`, and its answers as the protocol would put them. */
export function nativeOfrepRunner(program, now) {
  let document = '',
    lines = [],
    keys = [];
  return {
    async take(line) {
      if (isDocument(line)) {
        document = line;
        return void lines.push(line);
      }
      const question = questionOf(line);
      if (!question) return;
      keys.push(question.key);
      const context = question.context === undefined ? '' : `,"context":${question.context}`;
      lines.push(`{"flag":${JSON.stringify(question.key)}${context},"now":${now},"metadata":true}`);
    },
    async flush() {
      const { status, stdout } = spawnSync(program, [], {
        input: `${lines.join('\n')}\n`,
        maxBuffer: 2 ** 30,
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      if (status !== 0) throw new Error(`${program} ended with ${status}`);
      const said = stdout.toString().split('\n');
      const answers = keys.map((key, index) => inProtocol(key, JSON.parse(said[index]))).filter(answer => answer !== undefined);
      // The next runner starts where this one ended.
      [lines, keys] = [[document], []];
      return answers;
    },
    async close() {},
  };
}

const unlessEmpty = object => (Object.keys(object).length > 0 ? object : undefined);

/** An answer of the runner as the protocol puts it; undefined where there was no document to answer from. */
function inProtocol(key, { error, value, variant, reason, errorCode, layer, metadata: own }) {
  if (error === 'document refused') return undefined;
  if (error !== undefined) throw new Error(`${key}: ${error}`);
  const metadata = unlessEmpty({ ...own, ...(layer && { layer }) });
  // An error has its code and no reason; its status says whether there is such a flag.
  if (errorCode !== undefined) return canonical({ status: errorCode === 'FLAG_NOT_FOUND' ? 404 : 400, key, metadata, errorCode });
  return canonical({ status: 200, key, metadata, value, variant, reason });
}
