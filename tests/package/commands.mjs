// The commands of the packed package on a development server of a test file's own.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { after, before } from 'node:test';

import { ask, install } from './own.mjs';

/** The commands of this file: empty until its tests run. */
export function ownCommands() {
  const own = {};
  before(async () => {
    own.twinflag = await install();
    own.server = await own.twinflag.serve(own.twinflag.data('commands'), { command: 'dev', more: ['--rate-limits', 'off'] });
  });
  after(async () => {
    await own.server?.stop();
    await own.twinflag?.remove();
  });
  /** Runs a command on the server of this file. */
  const command = (...args) => own.twinflag.run([...args, '--data', own.server.data]);
  /** Runs a command that must succeed. */
  const succeeds = async (...args) => {
    const answer = await command(...args);
    assert.equal(answer.code, 0, `${args.join(' ')}\n${answer.err}`);
    return answer;
  };
  /** Returns the lines of a command that must succeed. */
  const lines = async (...args) => (await succeeds(...args)).out.trimEnd().split('\n');
  /** Returns the notes on standard error of a command that must succeed. */
  const notes = async (...args) => (await succeeds(...args)).err.trimEnd().split('\n');
  /** Returns the lines on standard error of a command that must fail. */
  const refusal = async (...args) => {
    const { code, out, err } = await command(...args);
    assert.deepEqual([code, out], [1, ''], args.join(' '));
    return err.trimEnd().split('\n');
  };
  const json = async (...args) => JSON.parse((await lines(...args, '--json'))[0]);
  const exported = async () => JSON.parse((await lines('export')).join('\n'));
  const keys = async () => JSON.parse(await readFile(join(own.server.data, 'keys.json'), 'utf8'));
  /** Returns the value of a flag for a context, as a server is answered. */
  const value = async (flag, context) => {
    const { serverKey } = await keys();
    const url = `${own.server.url}/ofrep/v1/evaluate/flags/${flag}`;
    return (await ask(url, { key: serverKey, method: 'POST', body: { context } })).body.value;
  };
  return Object.assign(own, { command, lines, notes, refusal, json, exported, value });
}

/** Starts a server that answers as `answer` says, with the environment in which commands find it. */
export async function standIn(answer) {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json').setHeader('etag', '"e.1"');
    answer(request, response, new URL(request.url, 'http://localhost'));
  });
  await new Promise(resolve => server.listen(0, '127.0.0.1', resolve));
  const env = { TWINFLAG_URL: `http://127.0.0.1:${server.address().port}`, TWINFLAG_TOKEN: 't' };
  return { env, close: () => server.close() };
}
