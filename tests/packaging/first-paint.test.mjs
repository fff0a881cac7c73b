// A page that an edge renders with its answers: @twinflag/server in a worker, and the elements in its HTML.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';

import { startWorkerd } from '../edge/workerd.mjs';
import { ownServer } from '../own-server.mjs';
import { bundle, createProject } from './project.mjs';

const WORKER = `
  import { bootstrapScript, createServerClient } from '@twinflag/server';
  import { flagShadow } from '@twinflag/elements/server';

  let flags;
  export default {
    async fetch(request, env, ctx) {
      flags ??= createServerClient({ url: env.URL, serverKey: env.KEY, outcomes: false });
      const bootstrap = await flags.bootstrap(['new_checkout'], { customerId: new URL(request.url).searchParams.get('customer') });
      return new Response(
        bootstrapScript(bootstrap) + '<feature-flag flag="new_checkout">' + flagShadow(bootstrap, 'new_checkout') + '</feature-flag>',
        { headers: { 'content-type': 'text/html' } },
      );
    },
  };`;

const server = ownServer({
  document: {
    schema: 'twinflag/1',
    bucketKey: '000102030405060708090a0b0c0d0e0f',
    flags: {
      new_checkout: { rules: [{ name: 'r', if: { attribute: 'customerId', op: 'eq', value: 'c-1' }, serve: 'on' }] },
      secret: { default: 'on' },
    },
  },
});
let project;
before(async () => {
  project = await createProject({
    ours: ['@twinflag/client', '@twinflag/edge', '@twinflag/server', '@twinflag/elements'],
    files: { 'worker.js': WORKER },
  });
});
after(() => project?.remove());

test("a worker writes each visitor's answers into the page, and the slots of the elements", async () => {
  await bundle(project, ['worker.js'], '--conditions=workerd', '--loader:.wasm=copy', '--asset-names=[name]');
  const config = project.path('dist/config.capnp');
  await writeFile(
    config,
    `using Workerd = import "/workerd/workerd.capnp";
    const config :Workerd.Config = (
      services = [(name = "main", worker = .worker), (name = "internet", network = (allow = ["public", "private", "local"]))],
      sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
    );
    const worker :Workerd.Worker = (
      modules = [(name = "worker.js", esModule = embed "worker.js"), (name = "full.wasm", wasm = embed "full.wasm")],
      compatibilityDate = "2026-10-01",
      bindings = [(name = "URL", text = "${server.url}"), (name = "KEY", text = "${server.serverKey}")],
    );`,
  );
  const worker = await startWorkerd(config);
  try {
    for (const [customer, isOn] of [
      ['c-1', true],
      ['c-2', false],
    ]) {
      const html = await (await fetch(`${worker.url}?customer=${customer}`)).text();
      const { version, flags } = JSON.parse(/<script type="application\/json" id="twinflag">(.*?)<\/script>/.exec(html)[1]);
      assert.match(version, /^[0-9a-f]{12}\.\d+$/);
      assert.deepEqual([Object.keys(flags), flags.new_checkout.value], [['new_checkout'], isOn]);
      const slots = [...html.matchAll(/<slot name="(.*?)">/g)].map(([, name]) => name);
      assert.deepEqual(slots, isOn ? ['on', ''] : ['off']);
    }
  } finally {
    await worker.stop();
  }
});
