// A test file that is killed leaves no server behind.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';

import { dataFolder } from '../server.mjs';

const PATIENCE_MS = 20_000;
const STARTED = {
  'cargo xtask dev': ["import { startServer } from './tests/server.mjs';", 'startServer({ data })'],
  workerd: ["import { hostWorker } from './tests/edge/workerd.mjs';", 'hostWorker({ data })'],
};

let folder;
before(async () => {
  folder = await dataFolder();
});
after(() => folder.remove());

/** True if a server answers at all. */
const answers = url =>
  fetch(`${url}/health`, { signal: AbortSignal.timeout(5_000) }).then(
    () => true,
    () => false,
  );

for (const [name, [imported, start]] of Object.entries(STARTED)) {
  test(`${name} ends when the test that started it is killed`, { timeout: 120_000 }, async () => {
    const script = `${imported}
      const data = ${JSON.stringify(folder.path)};
      console.log((await ${start}).url);`;
    const test = spawn(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: new URL('../../', import.meta.url),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [url] = await once(test.stdout.setEncoding('utf8'), 'data');
    assert.ok(await answers(url.trim()), 'the control: it answers as long as the test runs');
    test.kill('SIGKILL');
    await once(test, 'exit');
    for (const end = Date.now() + PATIENCE_MS; await answers(url.trim()); ) assert.ok(Date.now() < end, 'it still answers');
  });
}
