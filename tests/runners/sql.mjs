/**
 * The runner on Postgres: documents are compiled to rows by the core and published, questions are asked of the functions that decide in SQL.
 *
 * Questions wait until a document follows or many are there. A context goes to the database as the text it had in its line.
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { rawMembers } from './members.mjs';
import { openRunner } from './runner.mjs';

const MOST = 2_000;
/** Documents between two clean-ups of the rows that they left dead. */
const CLEANED = 200;

/** The tables by which text reaches the functions; they go with the session. */
const TABLES = `
  create temporary table asked (place int, flag text, context json, wanted text, now double precision);
  create temporary table published (compiled jsonb);
  create temporary table drawn (key text, salt text, unit text)`;

/** Opens a runner on a database, a Postgres of `tests/sql/postgres.mjs` with the migrations; `rows` is the path of the program `sql-rows`. */
export async function sqlRunner(postgres, rows) {
  const psql = postgres.session();
  await psql.run(TABLES);
  const program = spawn(rows, { stdio: ['pipe', 'pipe', 'inherit'] });
  const compiled = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
  let waiting = [],
    answers = [],
    refused = false,
    documents = 0,
    question;
  const buckets = [];
  // The protocol judges lines; the question that it would ask waits for the batch, and its place is marked.
  const judge = openRunner({
    document: () => true,
    ask: asked => {
      question = asked;
      return { reason: '' };
    },
    bucket: (key, salt, unit) => {
      if (!/^[0-9a-fA-F]{32}$/.test(key)) throw new Error('no key');
      buckets.push({ key, salt, unit });
      return {};
    },
  });

  const send = async () => {
    if (waiting.length === 0) return;
    const asked = waiting;
    waiting = [];
    const lines = asked.map(({ flag, context, wanted, now }, index) => [index, flag, context, wanted, now].map(field).join('\t'));
    await psql.run('truncate asked');
    await psql.copy('asked', lines);
    const told = await psql.json(`select twinflag.answer(decided.flag, decided.decision) from asked
      cross join lateral twinflag.decide(flag, twinflag.read_context(context), wanted, now, false) as decided order by place`);
    if (told.length !== asked.length) throw new Error(`${asked.length} questions, ${told.length} answers`);
    asked.forEach(({ line, callers, place }, index) => {
      const answer = JSON.parse(told[index]);
      const answering = openRunner({ document: () => true, ask: () => ({ ...answer, value: 'value' in answer ? answer.value : callers }) });
      answering('{"document":{}}');
      answers[place] = answering(line);
    });
  };

  return {
    async take(line) {
      question = undefined;
      buckets.length = 0;
      const answer = judge(line);
      if (answer === null) {
        await send();
        program.stdin.write(`${line.slice(line.indexOf(':') + 1, line.lastIndexOf('}'))}\n`);
        const { value: published } = await compiled.next();
        refused = published === 'null';
        if (refused) return;
        await psql.run('truncate published');
        await psql.copy('published', [field(published)]);
        await psql.run('select twinflag.publish(compiled, true) from published');
        if (++documents % CLEANED === 0) await psql.run('vacuum');
        return;
      }
      if (buckets.length > 0) return void answers.push(await drawn(psql, buckets[0]));
      if (question === undefined) return void answers.push(answer);
      if (refused) return void answers.push('{"error":"document refused"}');
      answers.push(null);
      const { flag, default: callers, now } = question;
      waiting.push({
        line,
        callers,
        now,
        // A text that Postgres cannot hold is no flag's key, and neither is the empty one.
        flag: flag.includes('\0') || !flag.isWellFormed() ? '' : flag,
        context: rawMembers(line).get('context') ?? '{}',
        wanted: typeOf(callers),
        place: answers.length - 1,
      });
      if (waiting.length === MOST) await send();
    },
    async flush() {
      await send();
      const done = answers;
      answers = [];
      return done;
    },
    async close() {
      program.stdin.end();
      await psql.end();
    },
  };
}

async function drawn(psql, { key, salt, unit }) {
  await psql.run('truncate drawn');
  await psql.copy('drawn', [[key.toLowerCase(), salt, unit].map(field).join('\t')]);
  const [told] = await psql.json(`select jsonb_build_object('bucket', twinflag.bucket(to_jsonb(subkey), unit), 'subkey',
    array[encode(int8send(subkey[1]), 'hex'), encode(int8send(subkey[2]), 'hex')])
    from drawn cross join lateral twinflag.subkey(key, salt) as made (subkey)`);
  const { bucket, subkey } = JSON.parse(told);
  return JSON.stringify({ bucket, subkey });
}

function typeOf(value) {
  if (value === undefined || value === null) return null;
  return typeof value;
}

/** A field of COPY's text format. */
function field(value) {
  if (value === null) return '\\N';
  return String(value).replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n').replaceAll('\r', '\\r');
}
