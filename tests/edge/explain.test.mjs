// Explanations of answers, for operators (`/v1/explain`) and for the demo page (`/demo/explain`).
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ownServer } from '../own-server.mjs';

const DOCUMENT = {
  schema: 'twinflag/1',
  environment: 'test',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: {
    plain: { default: 'on' },
    ruled: { rules: [{ name: 'pro', if: { attribute: 'plan', op: 'eq', value: 'pro' }, serve: 'on' }] },
    killed: { enabled: false, rollout: { status: 'rolled_back' }, metadata: { team: 'chat' } },
    back: { rollout: { status: 'rolled_back', tier: 0 } },
    timed: { rules: [{ name: 'later', if: { attribute: 'now', op: 'after', value: '2026-01-01T00:00:00Z' }, serve: 'on' }] },
  },
};

const server = ownServer({ document: DOCUMENT });

const explain = (body, options) => server.asAdmin('/v1/explain', { body, ...options });
const explainAll = (body, options) => server.asClient('/demo/explain', { body, ...options });

test('an explanation has the answer and the steps that led to it', async () => {
  const answer = await explain({ flag: 'ruled', context: { plan: 'pro' } });
  assert.equal(answer.status, 200);
  const { evaluation, steps } = answer.json();
  assert.deepEqual(evaluation, { layer: 'rule', reason: 'TARGETING_MATCH', step: 7, value: true, variant: 'on' });
  const [step] = steps.filter(step => step.answered);
  assert.equal(step.pointer, '/flags/ruled/rules/0');
  assert.equal(step.conditions[0].held, true);
});

test('an explanation tells a killed flag from one whose rollout was rolled back', async () => {
  const of = async flag => (await explain({ flag })).json();
  const [killed, back] = [await of('killed'), await of('back')];
  const answer = { layer: 'kill', reason: 'DISABLED', value: false, variant: 'off' };
  assert.deepEqual(
    [killed.evaluation, back.evaluation],
    [
      { ...answer, metadata: { team: 'chat' }, step: 0 },
      { ...answer, step: 1 },
    ],
  );
  const places = [killed, back].map(({ steps }) => steps.map(({ step, pointer }) => [step, pointer]));
  assert.deepEqual(places, [[['kill', '/flags/killed/enabled']], [['kill', '/flags/back/rollout/status']]]);
});

test('an explanation is for the moment that the request names', async () => {
  const at = async now => (await explain({ flag: 'timed', now })).json().evaluation.value;
  assert.equal(await at(Date.parse('2025-01-01')), false);
  assert.equal(await at(Date.parse('2026-06-01')), true);
});

test('an unknown flag is explained with FLAG_NOT_FOUND', async () => {
  const { epoch, ...answer } = (await explain({ flag: 'absent' })).json();
  assert.deepEqual(answer, { change: null, evaluation: { errorCode: 'FLAG_NOT_FOUND', reason: 'ERROR' }, steps: [], version: 1 });
  assert.match(epoch, /^[0-9a-f]{12}$/);
});

test('a wrong request is refused with 400', async () => {
  const bodies = [
    '',
    '[]',
    '{}',
    '{"flag":1}',
    '{"flag":"plain","context":null}',
    '{"flag":"plain","now":"x"}',
    '{"flag":"plain","now":1.5}',
    '{"flag":"plain","flag":"plain"}',
  ];
  for (const body of bodies) {
    const answer = await explain(body);
    assert.equal(answer.status, 400, body);
    assert.equal(answer.type, 'application/problem+json');
  }
});

test('a key or no credentials cannot use /v1/explain', async () => {
  for (const token of [undefined, server.clientKey, server.serverKey])
    assert.equal((await explain({ flag: 'plain' }, { token })).status, 401);
});

test('the demo page gets the explanations of all flags, or of those that it names, as operators do', async () => {
  const now = Date.parse('2026-06-01');
  const { explanations } = (await explainAll({ context: { plan: 'pro' }, now })).json();
  assert.deepEqual(explanations.map(({ flag }) => flag).sort(), ['back', 'killed', 'plain', 'ruled', 'timed']);
  for (const { flag, ...explanation } of explanations) {
    // Operators also get the record of the last change to the layer that answered.
    const { change, epoch, version, ...same } = (await explain({ flag, context: { plan: 'pro' }, now })).json();
    assert.deepEqual([explanation, change.flagPath, version], [same, flag, 1]);
  }
  const named = (await explainAll({ flags: ['ruled', 'absent', 'ruled'], context: {} })).json().explanations;
  assert.deepEqual(
    named.map(({ flag, evaluation }) => [flag, evaluation.reason]),
    [
      ['ruled', 'DEFAULT'],
      ['absent', 'ERROR'],
      ['ruled', 'DEFAULT'],
    ],
  );
  assert.deepEqual((await explainAll({ flags: [] })).json(), { explanations: [] });
});

test('the demo page needs a client key, and at most a thousand flag keys', async () => {
  assert.equal((await explainAll({}, { token: undefined })).status, 401);
  for (const body of ['{"flags":"plain"}', '{"flags":[1]}', '{"context":[]}', { flags: Array(1_001).fill('plain') }]) {
    assert.equal((await explainAll(body)).status, 400);
  }
});
