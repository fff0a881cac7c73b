// The functions that queries and policies call, beside the vectors: their forms, their bounds, and the table of lower case.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { startMigrated } from './postgres.mjs';

let postgres;
const DOCUMENT = {
  schema: 'twinflag/1',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  environment: 'production',
  flags: {
    new_checkout: { aliases: ['checkout'], unit: 'customerId', rollout: { status: 'active', percentage: 50 } },
    long: { rules: [{ if: { attribute: 'id', op: 'in', value: Array.from({ length: 50_000 }, (_, n) => `id-${n}`) }, serve: 'on' }] },
    theme: { type: 'string', variants: { light: 'white', dark: 'black' }, on: 'dark', off: 'light' },
  },
};
before(() => {
  postgres = startMigrated();
  publish(DOCUMENT, false);
});
after(() => postgres.stop());

function publish(document, replaces) {
  const rows = String(execFileSync(process.env.TWINFLAG_ROWS, { input: `${JSON.stringify(document)}\n`, maxBuffer: 2 ** 28 })).trim();
  return postgres.query(`select twinflag.publish($rows$${rows}$rows$, ${replaces})`);
}
const ask = (flag, context, more = '') =>
  JSON.parse(postgres.query(`select evaluate_feature('${flag}', '${JSON.stringify(context)}'${more})`)[0]);

test('a literal of no type is a context where it begins with a brace, else a user', () => {
  // bucket-sip1.json: the unit `ada` under the salt `new_ui` has the bucket 4469; here the flag's own buckets decide.
  const bucket = Number(postgres.query(`select feature_bucket('new_checkout', 'c1')`)[0]);
  const told =
    postgres.query(`select is_feature_enabled('new_checkout', '{"customerId":"c1"}'), is_feature_enabled('checkout', jsonb '{"customerId":"c1"}'),
    is_feature_enabled('new_checkout', 'c1')`);
  assert.deepEqual(told, [`${bucket < 50_000 ? 't|t' : 'f|f'}|f`]);
  assert.equal(ask('new_checkout', { customerId: 'c1' }).bucket, bucket < 50_000 ? bucket : undefined);
});

test('the bucket of the published reference is the bucket in SQL', () => {
  assert.deepEqual(
    postgres.query(`select twinflag.bucket(to_jsonb(twinflag.subkey('000102030405060708090a0b0c0d0e0f', 'new_ui')), 'ada')`),
    ['4469'],
  );
});

test('the vectors of the authors of SipHash-2-4 hold', () => {
  // Key and message are the bytes 0, 1, 2 and so on; the first and the last of `vectors_sip64`.
  const message = Buffer.from(Array.from({ length: 63 }, (_, n) => n)).toString('hex');
  const told = postgres.query(`select encode(int8send(twinflag.sip_hash(506097522914230528, 1084818905618843912, '')), 'hex'),
    encode(int8send(twinflag.sip_hash(506097522914230528, 1084818905618843912, '\\x${message}')), 'hex')`);
  const [empty, long] = ['310e0edd47db6f72', '724506eb4c328a95'].map(hex => Buffer.from(hex, 'hex').reverse().toString('hex'));
  assert.deepEqual(told, [`${empty}|${long}`]);
});

test('every character has the lower case that the core gives it', () => {
  const core = String(execFileSync(process.env.TWINFLAG_ROWS.replace(/sql-rows$/, 'lower-case')))
    .trim()
    .split('\n');
  const table = postgres.query('copy (select capital, small from twinflag.lower_case order by capital) to stdout');
  assert.deepEqual(table, core);
});

test('a list of 50,000 is found by its index', () => {
  assert.equal(ask('long', { id: 'id-49999' }).variant, 'on');
  assert.equal(ask('long', { id: 'id-50000' }).variant, 'off');
  const plan = postgres.query(
    `set enable_seqscan = on; analyze twinflag.lists; explain select from twinflag.lists where list = 0 and entry = 'sid-7'`,
  );
  assert.match(plan.join('\n'), /Index Only Scan using lists_pkey/);
});

test('a refused context answers INVALID_CONTEXT, and an absent one is empty', () => {
  for (const context of ['[]', 'null', '{"a": 1e400}', `{"a": ${'['.repeat(16)}${']'.repeat(16)}}`, `{"a": "${'x'.repeat(65_536)}"}`])
    assert.equal(
      JSON.parse(postgres.query(`select evaluate_feature('theme', jsonb '${context}')`)[0]).errorCode,
      'INVALID_CONTEXT',
      context.slice(0, 40),
    );
  assert.equal(JSON.parse(postgres.query(`select evaluate_feature('theme', null)`)[0]).value, 'white');
  assert.deepEqual(
    postgres.query(`select is_feature_enabled('theme', '{"a":"\\u0000"}'), is_feature_enabled('new_checkout', null::jsonb)`),
    ['f|f'],
  );
});

test('a default of another type, an unknown flag and a flag that no document defines any more answer the default', () => {
  assert.deepEqual(ask('theme', {}, `, '7'`), { errorCode: 'TYPE_MISMATCH', reason: 'ERROR', value: 7 });
  assert.deepEqual(ask('nowhere', {}, `, '"x"'`), { errorCode: 'FLAG_NOT_FOUND', reason: 'ERROR', value: 'x' });
  const { theme, ...rest } = DOCUMENT.flags;
  publish({ ...DOCUMENT, flags: rest }, false);
  assert.equal(ask('theme', {}).errorCode, 'FLAG_NOT_FOUND');
  publish(DOCUMENT, false);
  assert.equal(ask('theme', {}).value, 'white');
});

test('a publication keeps the state that is there, unless it replaces it', () => {
  postgres.query(`update feature_flags set enabled = false where name = 'new_checkout'`);
  publish(DOCUMENT, false);
  assert.equal(ask('new_checkout', { customerId: 'c1' }).reason, 'DISABLED');
  publish(DOCUMENT, true);
  assert.notEqual(ask('new_checkout', { customerId: 'c1' }).reason, 'DISABLED');
});

test('an explanation tells the steps that were asked', () => {
  postgres.query(`update feature_rollouts set percentage = 100 where feature_name = 'new_checkout'`);
  const told = JSON.parse(postgres.query(`select explain_feature('new_checkout', '{"customerId": "c1"}')`)[0]);
  assert.deepEqual(
    told.steps.map(step => [step.do, step.answers]),
    [
      ['overrides', false],
      ['deny', false],
      ['allow', false],
      ['rollout', true],
    ],
  );
  assert.deepEqual([told.reason, told.value, told.layer], ['SPLIT', true, 'rollout']);
});

test('a customer whose organization is known is answered by its overrides', () => {
  postgres.query(`insert into organizations values ('o'); insert into customer_configs values ('c-9', 'o');
    insert into organization_feature_flags (organization_id, flags) values ('o', '{"new": {"x": 1}, "theme": "dark"}')`);
  assert.deepEqual([ask('theme', { customerId: 'c-9' }).layer, ask('theme', { customerId: 'c-9' }).value], ['organization', 'black']);
});

test('an override may be spelled as a tree, and a leaf that names no variant is passed over', () => {
  const leaf = tree =>
    postgres.query(
      `select twinflag.leaf('${JSON.stringify(tree)}', '{a.b.c,d}', '[{"name":"on","value":true},{"name":"off","value":false}]', 'boolean')`,
    )[0];
  assert.deepEqual(
    [
      { a: { b: { c: true } } },
      { 'a.b': { c: false } },
      { a: { 'b.c': 'off' } },
      { d: false },
      { 'a.b.c': 'none', a: { b: { c: true } } },
      { 'a.b': true },
    ].map(leaf),
    ['0', '1', '1', '1', '0', ''],
  );
});
