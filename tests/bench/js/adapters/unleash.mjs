import { InMemStorageProvider, Unleash } from 'unleash-client';

export const name = 'Unleash';

/** Strategies of a feature are alternatives: one that applies switches it on. */
const strategy = (flag, rollout, ...constraints) => ({
  name: 'flexibleRollout',
  parameters: { rollout: String(rollout), stickiness: 'userId', groupId: flag.key },
  constraints: constraints.map(([contextName, values]) => ({
    contextName,
    operator: 'IN',
    values,
    inverted: false,
    caseInsensitive: false,
  })),
});

export const rules = flags =>
  JSON.stringify({
    version: 2,
    features: flags.map(flag => ({
      name: flag.key,
      type: 'release',
      enabled: true,
      stale: false,
      impressionData: false,
      project: 'default',
      variants: [],
      strategies: [strategy(flag, 100, ['userId', flag.allow]), strategy(flag, 100, [flag.attribute, flag.values]), strategy(flag, 10)],
    })),
  });

export async function load(json, keys) {
  const client = new Unleash({
    appName: 'bench',
    // Port 9 discards: the rules below are all that the client ever gets.
    url: 'http://127.0.0.1:9/api/',
    disableMetrics: true,
    refreshInterval: 0,
    skipInstanceCountWarning: true,
    bootstrap: { data: JSON.parse(json).features },
    storageProvider: new InMemStorageProvider(),
  });
  // An emitter without a listener would throw the refused connection.
  client.on('error', () => {});
  client.on('warn', () => {});
  await new Promise(resolve => client.once('ready', resolve));
  return {
    context: user => ({ userId: user.id, properties: { plan: user.plan, country: user.country, org: user.org } }),
    one: (key, context) => client.isEnabled(key, context, false),
    all: context => keys.reduce((count, key) => count + (client.isEnabled(key, context, false) ? 1 : 0), 0),
  };
}
