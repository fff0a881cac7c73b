/** What a question costs in SQL: the median of one row among 10,000, each asked and timed inside the database. Prints JSON, in milliseconds. */
import { execFileSync } from 'node:child_process';
import { startMigrated } from '../../sql/postgres.mjs';

const document = {
  schema: 'twinflag/1',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: {
    share: { unit: 'userId', rollout: { status: 'active', percentage: 10 } },
    rules: {
      unit: 'userId',
      rules: Array.from({ length: 10 }, (_, n) => ({ if: { attribute: 'plan', op: 'in', value: [`plan-${n}`] }, serve: 'on' })),
      rollout: { status: 'active', percentage: 10 },
    },
    list: {
      rules: [{ if: { attribute: 'userId', op: 'in', value: Array.from({ length: 50_000 }, (_, n) => `u-${2 * n}`) }, serve: 'on' }],
    },
  },
};
const ROWS = 10_000;

const postgres = startMigrated();
try {
  const rows = String(execFileSync(process.env.TWINFLAG_ROWS, { input: `${JSON.stringify(document)}\n`, maxBuffer: 2 ** 28 })).trim();
  postgres.query(`select twinflag.publish($rows$${rows}$rows$); analyze`);
  const figures = {};
  for (const flag of Object.keys(document.flags)) {
    const told = postgres.query(`
      create temporary table times (took double precision);
      do $$
      declare
        began timestamptz;
        answer boolean;
      begin
        for n in 1 .. ${ROWS + 500} loop
          began := clock_timestamp();
          answer := is_feature_enabled('${flag}', jsonb_build_object('userId', 'u-' || n, 'plan', 'free'));
          if n > 500 then
            insert into times values (extract(epoch from clock_timestamp() - began) * 1000);
          end if;
        end loop;
      end
      $$;
      select jsonb_build_object('p50', percentile_cont(0.5) within group (order by took), 'p99', percentile_cont(0.99) within group (order by took)) from times`);
    figures[flag] = JSON.parse(told[0]);
  }
  console.log(JSON.stringify(figures));
} finally {
  postgres.stop();
}
