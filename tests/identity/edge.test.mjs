// The worker answers generated questions over its routes as native Rust does, and a digest notices whatever is changed on the way.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { ownServer } from '../own-server.mjs';
import { edgeRunner } from '../runners/edge.mjs';
import { edgeOfrepRunner, nativeOfrepRunner } from '../runners/ofrep.mjs';
import { Digest } from './digest.mjs';

const { TWINFLAG_RUNNER, TWINFLAG_LINES } = process.env;
const PAIRS = '600';
/** A flag that answers by the moment alone: few generated ones do. */
const TIMED = [
  '{"document":{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f","flags":{"timed":{"rules":[{"if":{"attribute":"now","op":"before","value":"2026-01-01T00:00:00Z"},"serve":"on"}]}}}}',
  '{"flag":"timed","context":{},"now":1800000000000}',
];
const generated = `${spawnSync(TWINFLAG_LINES, ['--pairs', PAIRS, '--seed', '7'], { maxBuffer: 2 ** 30 }).stdout.toString()}${TIMED.join('\n')}\n`;
const lines = generated.split('\n').slice(0, -1);

const server = ownServer();

/** The digest of a runner's answers to all lines, and how many there were. */
async function digestOf(runner) {
  for (const line of lines) await runner.take(line);
  const answers = await runner.flush();
  const digest = new Digest();
  for (const answer of answers) digest.add(answer);
  return { digest: digest.finish(), count: answers.length };
}

function nativeDigest() {
  const { stdout } = spawnSync(TWINFLAG_RUNNER, [], { input: generated, maxBuffer: 2 ** 30 });
  const digest = new Digest();
  for (const answer of stdout.toString().split('\n').slice(0, -1)) digest.add(answer);
  return digest.finish();
}

/** A server that lies once: `spoil` gets an answer's text until it has changed one. `request` may change what is sent. */
function lying({ spoil, request = body => body, document = body => body }) {
  let done = false;
  return {
    asAdmin: (path, options) => server.asAdmin(path, { ...options, body: document(options.body) }),
    asServer: async (path, options) => {
      const answer = await server.asServer(path, { ...options, body: request(options.body) });
      if (done || !spoil) return answer;
      const { text = answer.text, status = answer.status } = spoil(answer) ?? {};
      done = text !== answer.text || status !== answer.status;
      return { ...answer, text, status, json: () => JSON.parse(text) };
    },
  };
}

const swap = (pattern, by) => answer => ({ text: answer.text.replace(pattern, by) });

/** The lies that the digest must notice on either route. */
const LIES = {
  'a value': { spoil: swap('"value":true', '"value":false') },
  'a variant': { spoil: swap('"variant":"on"', '"variant":"off"') },
  'a variant that is left out': { spoil: swap(',"variant":"on"', '') },
  'a reason': { spoil: swap('"reason":"DEFAULT"', '"reason":"STATIC"') },
  'an error code': { spoil: swap('INVALID_CONTEXT', 'TARGETING_KEY_MISSING') },
  'another user': { request: body => body.replaceAll('"targetingKey":"', '"targetingKey":"not ') },
  'a bucket key': { document: body => body.replace(/"bucketKey":"[0-9a-f]{2}/, '"bucketKey":"5c') },
};

test('by /v1/evaluate: the native digest', async () => {
  const { digest, count } = await digestOf(edgeRunner(server));
  assert.deepEqual({ digest, count }, { digest: nativeDigest(), count: Number(PAIRS) + 1 });
});

test("by OpenFeature's protocol: the native digest, as the protocol puts it", async () => {
  const expected = await digestOf(nativeOfrepRunner(TWINFLAG_RUNNER, Date.now()));
  assert.ok(expected.count > 0.95 * Number(PAIRS), `${expected.count} can be asked`);
  assert.deepEqual(await digestOf(edgeOfrepRunner(server)), expected);
});

for (const [what, lie] of Object.entries({
  ...LIES,
  'a layer': { spoil: swap('"layer":"default"', '"layer":"rule"') },
  'the moment': { request: body => body.replaceAll(/"now":\d+/g, '"now":0') },
})) {
  test(`by /v1/evaluate, notices ${what}`, async () => {
    const { digest } = await digestOf(edgeRunner(lying(lie)));
    assert.notEqual(digest, nativeDigest());
  });
}

test('by /v1/evaluate, notices an answer that is missing', async () => {
  const lost = answer => ({ text: answer.text.replace(/\},\{[^{}]*\}/, '}') });
  await assert.rejects(digestOf(edgeRunner(lying({ spoil: lost }))), /questions, \d+ answers/);
});

for (const [what, lie] of Object.entries({
  ...LIES,
  'a status': { spoil: ({ status }) => ({ status: status === 404 ? 200 : status }) },
  'a key': { spoil: swap('"key":"', '"key":"x') },
})) {
  test(`by OpenFeature's protocol, notices ${what}`, async () => {
    const [{ digest: expected }, { digest }] = [
      await digestOf(nativeOfrepRunner(TWINFLAG_RUNNER, Date.now())),
      await digestOf(edgeOfrepRunner(lying(lie))),
    ];
    assert.notEqual(digest, expected);
  });
}
