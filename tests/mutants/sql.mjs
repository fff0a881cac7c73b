/**
 * Faults of the functions in SQL, in the form of `mutants.mjs`. Every one must turn a vector red where the database answers.
 */
import { readFileSync } from 'node:fs';
import { sqlRunner } from '../runners/sql.mjs';
import { startMigrated } from '../sql/postgres.mjs';
import { redOf } from './vectors.mjs';
import { around } from './workshop.mjs';

const VALUES = 'edge-worker/migrations/postgres/20261129000200_twinflag_values.sql';
const CONDITIONS = 'edge-worker/migrations/postgres/20261129000300_twinflag_conditions.sql';
const WALK = 'edge-worker/migrations/postgres/20261129000400_twinflag_walk.sql';

export const sqlMutants = [
  { name: 'SQL: the hash ends a round early', file: VALUES, find: '      rounds := 4;', replacement: '      rounds := 3;' },
  {
    name: 'SQL: a bucket loses the first bit',
    file: VALUES,
    find: '((drawn >> 32) & 4294967295)',
    replacement: '((drawn >> 32) & 2147483647)',
  },
  { name: 'SQL: half a pair is sound', file: VALUES, find: "!~ '\\\\u(0000|[dD][89a-fA-F])'\n$$;", replacement: "!~ '\\\\u0000'\n$$;" },
  { name: 'SQL: a context may have 17 levels', file: VALUES, find: 'bool_or(walk.level > 16', replacement: 'bool_or(walk.level > 17' },
  { name: 'SQL: null is a value', file: VALUES, find: "  return nullif(value, 'null');", replacement: '  return value;' },
  {
    name: 'SQL: the locale folds',
    file: VALUES,
    find: 'coalesce(known.small, lower(part.scalar collate "C"))',
    replacement: 'lower(part.scalar)',
  },
  {
    name: 'SQL: a number with leading zeros is longer',
    file: VALUES,
    find: "  one := ltrim(coalesce(one, ''), '0');",
    replacement: "  one := coalesce(one, '');",
  },
  {
    name: 'SQL: a mapped address is of version 6',
    file: VALUES,
    find: "starts_with(hexadecimal, '00000000000000000000ffff')",
    replacement: 'false',
  },
  {
    name: 'SQL: the end of a text finds nothing',
    file: VALUES,
    find: "  return state < (automaton -> 'end')::int;",
    replacement: '  return state = 0;',
  },
  { name: 'SQL: a list without the kind holds', file: CONDITIONS, find: "return condition ->> 'kinds' = '' and", replacement: 'return' },
  { name: 'SQL: no member is looked for', file: CONDITIONS, find: "when 'members' then", replacement: "when 'member' then" },
  { name: 'SQL: any is all', file: CONDITIONS, find: "segments) = (op = 'any') then", replacement: 'segments) = false then' },
  {
    name: 'SQL: a rollout lets its own bound in',
    file: WALK,
    find: 'elsif drawn < threshold then',
    replacement: 'elsif drawn <= threshold then',
  },
  {
    name: 'SQL: a list in tier 1 is no audience',
    file: WALK,
    find: "rollout.current_tier = 'tier_1_internal' and",
    replacement: 'false and',
  },
  {
    name: 'SQL: a missing unit goes on',
    file: WALK,
    find: "case when not (step -> 'continue')::boolean then",
    replacement: 'case when false then',
  },
  {
    name: 'SQL: who is let in is not kept out',
    file: WALK,
    find: "case action when 'deny' then rollout.blacklisted_customers",
    replacement: "case action when 'none' then rollout.blacklisted_customers",
  },
  {
    name: 'SQL: a prerequisite is always met',
    file: WALK,
    find: "if not coalesce(step -> 'variants' ?",
    replacement: "if false and not coalesce(step -> 'variants' ?",
  },
];

/** Puts each fault into the functions of one database, asks the vectors, and takes it out; answers how many turned none red. */
export async function workOnSql(chosen, way, tell) {
  if (chosen.length === 0) return 0;
  const postgres = startMigrated();
  const reds = async () => {
    const runner = await sqlRunner(postgres, process.env.TWINFLAG_ROWS);
    try {
      for (const line of way.text.split('\n').slice(0, -1)) await runner.take(line);
      return redOf(way, await runner.flush()).length;
    } catch (caught) {
      // A function that fails has answered something else.
      return String(caught);
    } finally {
      await runner.close();
    }
  };
  let survivors = 0;
  try {
    if ((await reds()) !== 0) throw new Error('vectors are red in SQL without any fault');
    for (const mutant of chosen) {
      const parts = around(mutant);
      postgres.query(parts.join(mutant.replacement));
      const red = await reds();
      postgres.query(readFileSync(new URL(`../../${mutant.file}`, import.meta.url), 'utf8'));
      survivors += red === 0 ? 1 : 0;
      tell(mutant, red !== 0);
      console.log(`${mutant.name.padEnd(56)} ${String(red).slice(0, 40).padStart(11)}`);
    }
  } finally {
    postgres.stop();
  }
  return survivors;
}
