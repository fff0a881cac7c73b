/** flagd's provider for Node, in the process, behind OpenFeature's client: the only way in that it has. */
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { FlagdProvider } from '@openfeature/flagd-provider';
import { OpenFeature } from '@openfeature/server-sdk';

export const name = 'flagd';

const flagOf = flag => ({
  state: 'ENABLED',
  variants: { on: true, off: false },
  defaultVariant: 'off',
  targeting: {
    if: [
      { in: [{ var: 'targetingKey' }, flag.allow] },
      'on',
      { in: [{ var: flag.attribute }, flag.values] },
      'on',
      {
        fractional: [
          ['on', 10],
          ['off', 90],
        ],
      },
    ],
  },
});

export async function load(_, flags) {
  const file = join(tmpdir(), `twinflag-bench-flagd-${process.pid}.json`);
  await writeFile(file, JSON.stringify({ flags: Object.fromEntries(flags.map(flag => [flag.key, flagOf(flag)])) }));
  await OpenFeature.setProviderAndWait(new FlagdProvider({ resolverType: 'in-process', offlineFlagSourcePath: file }));
  const client = OpenFeature.getClient();
  return {
    context: user => ({ targetingKey: user.id, plan: user.plan, country: user.country, org: user.org }),
    one: (key, context) => client.getBooleanValue(key, false, context),
    close: async () => {
      await OpenFeature.close();
      await rm(file);
    },
  };
}
