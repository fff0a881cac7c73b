// @twinflag/edge as others use it: in Node, in a worker, and typed.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { startWorkerd } from '../edge/workerd.mjs';
import { ownServer } from '../own-server.mjs';
import { bundle, createProject } from './project.mjs';

const CHECK = `
  import { checkFeatureFlag } from '@twinflag/edge';
  import { createPilotRolloutManager, getFeatureFlagManager } from '@twinflag/edge/manager';

  export async function answers({ url, token, serverKey }) {
    const { source, stale, config } = await getFeatureFlagManager({ url, token }).getFlags({ customerId: 'customer-123' });
    const rollouts = createPilotRolloutManager({ url, token, serverKey });
    return {
      checked: await checkFeatureFlag('ada', 'profile_ui_revamp', { url, key: serverKey }),
      source, stale, phase2: config.sessionPersistence.phase2,
      rollouts: (await rollouts.listRollouts()).length > 0,
      write: (await rollouts.pauseRollout('phase2_enhanced_storage').finally(() => rollouts.resumeRollout('phase2_enhanced_storage'))).changed,
    };
  }`;
/** What the example flags are for customer-123 and ada. */
const EXPECTED = {
  checked: true,
  source: 'customer_override',
  phase2: { enhancedStorage: true, connectionMonitoring: true, retryLogic: false },
  rollouts: true,
  write: true,
};

const server = ownServer();
let project;
before(async () => {
  project = await createProject({
    ours: ['@twinflag/edge'],
    files: {
      'check.mjs': CHECK,
      'script.mjs': `
        import { answers } from './check.mjs';
        const [url, token, serverKey] = process.argv.slice(2);
        console.log(JSON.stringify(await answers({ url, token, serverKey })));`,
      'worker.mjs': `
        import { answers } from './check.mjs';
        export default { fetch: async (request, env) => Response.json(await answers({ url: env.URL, token: env.TOKEN, serverKey: env.KEY })) };`,
      'types.mts': `
        import { checkFeatureFlag } from '@twinflag/edge';
        import { getFeatureFlagManager, TwinflagError, type ChatWidgetFeatureFlags, type FlagChangeEvent, type FlagEvaluation, type RolloutConfig, type RolloutStats } from '@twinflag/edge/manager';
        const manager = getFeatureFlagManager({ url: '', token: async () => 'token' });
        const on: boolean = await checkFeatureFlag('u', 'f');
        const { config, source, evaluatedAt }: FlagEvaluation = await manager.getFlags({ customerId: 'c' });
        const tabSync: boolean = config.sessionPersistence.phase3.tabSync;
        const at: Date = evaluatedAt;
        const { changes } = await manager.setCustomerFlags('c', { sessionPersistence: { phase2: { enhancedStorage: true, retryLogic: null } }, ai_ga_enabled: 'off' });
        const before: boolean | undefined = changes[0]?.oldValue;
        // @ts-expect-error a number is no override
        await manager.setCustomerFlags('c', { sessionPersistence: { phase2: { enhancedStorage: 7 } } });
        // @ts-expect-error there is no such source
        const isOdd = source === 'somewhere';
        export { at, before, isOdd, on, tabSync, TwinflagError, type ChatWidgetFeatureFlags, type FlagChangeEvent, type RolloutConfig, type RolloutStats };`,
    },
  });
});
after(() => project?.remove());

test('Node: a script', async () => {
  const { stdout, stderr } = await project.node('script.mjs', server.url, server.adminToken, server.serverKey);
  assert.deepEqual([JSON.parse(stdout), stderr], [EXPECTED, '']);
});

test('types for both ways of resolving modules', async () => {
  const tsc = fileURLToPath(new URL('../../npm/node_modules/typescript/bin/tsc', import.meta.url));
  for (const [module, resolution] of [
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ]) {
    const resolving = ['--module', module, '--moduleResolution', resolution];
    const checked = await project
      .node(tsc, '--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2022,dom', ...resolving, 'types.mts')
      .catch(error => error);
    assert.equal(checked.stdout, '', checked.stdout);
  }
});

test('workerd: a worker', async () => {
  await bundle(project, ['worker.mjs'], '--out-extension:.js=.mjs');
  const config = project.path('dist/config.capnp');
  await writeFile(
    config,
    `using Workerd = import "/workerd/workerd.capnp";
    const config :Workerd.Config = (
      services = [(name = "main", worker = .worker), (name = "internet", network = (allow = ["public", "private", "local"]))],
      sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
    );
    const worker :Workerd.Worker = (
      modules = [(name = "worker.mjs", esModule = embed "worker.mjs")],
      compatibilityDate = "2026-10-01",
      bindings = [(name = "URL", text = "${server.url}"), (name = "TOKEN", text = "${server.adminToken}"), (name = "KEY", text = "${server.serverKey}")],
    );`,
  );
  const worker = await startWorkerd(config);
  try {
    assert.deepEqual(await (await fetch(worker.url)).json(), EXPECTED);
  } finally {
    await worker.stop();
  }
});
