/**
 * The runner on the worker, over HTTP: documents by `PUT /api/admin/document`, questions by `POST /v1/evaluate`.
 *
 * Questions wait until a document follows or a thousand are there, so that a million of them are a thousand requests.
 */
import { imported } from './imported.mjs';
import { openRunner } from './runner.mjs';

const MOST = 1_000;
/** Stays below the worker's limit for a body. */
const MOST_BYTES = 4_000_000;

/** Answers lines in batches: `answer(line)` takes one, `flush()` answers those that wait, both resolve to answers in order. */
export function edgeRunner(server) {
  let waiting = [],
    bytes = 0,
    answers = [];
  let question;
  // The protocol judges lines; the question it would ask waits for the batch, and its place is marked.
  const judge = openRunner({
    document: () => true,
    ask: asked => {
      question = asked;
      return { reason: '' };
    },
    bucket: () => {
      throw new Error('buckets are not asked of the edge');
    },
  });
  let refused = false;

  const send = async () => {
    if (waiting.length === 0) return;
    const body = `{"evaluations":[${waiting.map(({ text }) => text).join(',')}]}`;
    const response = await server.asServer('/v1/evaluate', { body });
    if (response.status !== 200) throw new Error(`${response.status} ${response.text}`);
    // The results as they were printed: nothing between them but commas, and no answer holds a line break.
    const results = split(response.text.slice('{"results":['.length, -2));
    if (results.length !== waiting.length) throw new Error(`${waiting.length} questions, ${results.length} answers`);
    waiting.forEach(({ place }, index) => {
      answers[place] = results[index];
    });
    waiting = [];
    bytes = 0;
  };

  return {
    async take(line) {
      question = undefined;
      const answer = judge(line);
      if (answer === null) {
        await send();
        const text = line.slice(line.indexOf(':') + 1, line.lastIndexOf('}'));
        const response = await server.asAdmin('/api/admin/document?state=replace&reason=a%20test', { method: 'PUT', body: imported(text) });
        if (response.status !== 200 && response.status !== 422 && response.status !== 204)
          throw new Error(`${response.status} ${response.text}`);
        refused = response.status === 422;
        return;
      }
      if (question === undefined) return void answers.push(answer);
      if (refused) return void answers.push('{"error":"document refused"}');
      answers.push(null);
      // The worker has a clock; in the runner protocol an absent moment is 0.
      const text = JSON.parse(line).now === undefined ? `${line.slice(0, line.lastIndexOf('}'))},"now":0}` : line;
      waiting.push({ text, place: answers.length - 1 });
      bytes += line.length;
      if (waiting.length === MOST || bytes > MOST_BYTES) await send();
    },
    /** The answers so far, which are then forgotten. */
    async flush() {
      await send();
      const done = answers;
      answers = [];
      return done;
    },
  };
}

/** Splits JSON objects that stand behind one another with commas between. */
function split(text) {
  const parts = [];
  let depth = 0,
    quoted = false,
    start = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (quoted) {
      if (code === 92) at++;
      else if (code === 34) quoted = false;
    } else if (code === 34) quoted = true;
    else if (code === 123 || code === 91) depth++;
    else if (code === 125 || code === 93) {
      if (--depth === 0) {
        parts.push(text.slice(start, at + 1));
        start = at + 2;
      }
    }
  }
  return parts;
}
