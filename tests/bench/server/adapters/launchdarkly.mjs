/** LaunchDarkly's SDK for Node, with its flags from a file. */
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { init, integrations } from '@launchdarkly/node-server-sdk';

export const name = 'LaunchDarkly';

const clause = (attribute, values) => ({ contextKind: 'user', attribute, op: 'in', values, negate: false });

const flagOf = flag => ({
  key: flag.key,
  on: true,
  version: 1,
  variations: [true, false],
  offVariation: 1,
  salt: flag.key,
  targets: [{ values: flag.allow, variation: 0 }],
  rules: [{ id: 'rule', clauses: [clause(flag.attribute, flag.values)], variation: 0 }],
  fallthrough: {
    rollout: {
      variations: [
        { variation: 0, weight: 10_000 },
        { variation: 1, weight: 90_000 },
      ],
    },
  },
});

export async function load(_, flags) {
  const file = join(tmpdir(), `twinflag-bench-${process.pid}.json`);
  await writeFile(file, JSON.stringify({ flags: Object.fromEntries(flags.map(flag => [flag.key, flagOf(flag)])), segments: {} }));
  const silent = { error() {}, warn() {}, info() {}, debug() {} };
  const updateProcessor = new integrations.FileDataSourceFactory({ paths: [file] }).getFactory();
  const client = init('sdk-none', { updateProcessor, sendEvents: false, diagnosticOptOut: true, logger: silent });
  await client.waitForInitialization({ timeout: 10 });
  await rm(file);
  return {
    context: user => ({ kind: 'user', key: user.id, plan: user.plan, country: user.country, org: user.org }),
    one: (key, context) => client.boolVariation(key, context, false),
    close: () => client.close(),
  };
}
