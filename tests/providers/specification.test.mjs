/**
 * OpenFeature's evaluation scenarios, by its own providers. The scenarios are others' data, which this repository does not have: the
 * variable `CONFORMANCE` names a folder in which `openfeature-spec` has them as cases, beside a checkout of the specification's assets.
 */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';

import { ownServer } from '../own-server.mjs';
import { closeAll, lostDefault, PROVIDERS, pick } from './providers.mjs';

const FOLDER = process.env.CONFORMANCE;
/** The members of a case that the client's details have, too. */
const DETAILS = ['value', 'variant', 'reason', 'errorCode', 'flagKey', 'metadata'];
/** The conditions of the scenarios' flags, which are written in a language of their own, with the variant for which they hold. */
const CONDITIONS = {
  "email == 'ballmer@macrosoft.com' ? 'zero' : ''": ['zero', { attribute: 'email', op: 'eq', value: 'ballmer@macrosoft.com' }],
  "!customer && email == 'ballmer@macrosoft.com' && age > 10 ? 'internal' : ''": [
    'internal',
    {
      all: [
        { not: { attribute: 'customer', op: 'eq', value: true } },
        { attribute: 'email', op: 'eq', value: 'ballmer@macrosoft.com' },
        { attribute: 'age', op: 'gt', value: 10 },
      ],
    },
  ],
};

/** A flag of the scenarios as one of ours; a disabled flag answers the caller's default. */
function flagOf({ variants, defaultVariant = null, disabled = false, contextEvaluator, flagMetadata }) {
  const [first] = Object.keys(variants);
  const [variant, condition] = contextEvaluator ? (CONDITIONS[contextEvaluator] ?? assert.fail(contextEvaluator)) : [];
  return {
    type: typeof variants[first],
    variants,
    on: first,
    off: disabled ? null : first,
    default: defaultVariant,
    enabled: !disabled,
    ...(condition && { rules: [{ if: condition, serve: variant }] }),
    ...(flagMetadata && { metadata: flagMetadata }),
  };
}

const read = async path => JSON.parse(await readFile(join(FOLDER, 'openfeature-spec', path), 'utf8'));

/** The reason for which no provider can pass a case, if there is one, by the provider's own code. */
function obstacle({ reason, fallback }, { losesDefaults }) {
  if (reason === 'CACHED') return { why: 'the provider holds no answers of an earlier run', expected: { reason: 'STATIC' } };
  if (reason === 'DISABLED' && losesDefaults)
    return { why: 'the provider takes a missing value for an error', expected: lostDefault(fallback) };
  return undefined;
}

if (FOLDER) {
  const { cases, flags_file } = await read('derived_cases.json');
  const flags = Object.fromEntries(Object.entries(await read(flags_file)).map(([key, flag]) => [key, flagOf(flag)]));
  const server = ownServer({ document: { schema: 'twinflag/1', environment: 'test', flags } });
  after(closeAll);

  for (const provider of PROVIDERS) {
    describe(provider.name, () => {
      let opened;
      before(async () => {
        opened = await provider.open(server);
      });
      for (const each of cases) {
        const barred = obstacle(each, provider);
        test(`${each.id}${barred ? `: cannot pass, because ${barred.why}` : ''}`, async () => {
          const answer = await opened.ask(each);
          const stated = DETAILS.filter(name => name in each).map(name => [name, each[name]]);
          const expected = barred?.expected ?? Object.fromEntries(stated);
          assert.deepEqual(pick(answer, expected), expected);
          if (barred) await assertEdge(server, each);
        });
      }
      test('as many cases pass as the provider lets pass', () => {
        const passing = cases.filter(each => !obstacle(each, provider)).length;
        assert.deepEqual([passing, cases.length], [provider.losesDefaults ? 58 : 63, 65]);
      });
    });
  }
} else {
  test("OpenFeature's scenarios", t => t.diagnostic('did not run: CONFORMANCE names no folder that has them'));
}

/** Asserts that the edge says what the scenario asks for, in the protocol's words: a disabled flag's value is the caller's. */
async function assertEdge(server, { flag, context, reason }) {
  const answer = await server.asClient(`/ofrep/v1/evaluate/flags/${flag}`, { body: { context } });
  const body = answer.json();
  assert.equal(answer.status, 200);
  if (reason === 'DISABLED') assert.deepEqual([body.reason, 'value' in body, body.errorCode], ['DISABLED', false, undefined]);
  else assert.deepEqual([body.reason, 'value' in body], ['STATIC', true]);
}
