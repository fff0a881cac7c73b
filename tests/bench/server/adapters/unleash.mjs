/** Unleash's SDK for Node, with its features given at start. */
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

const featureOf = flag => ({
  name: flag.key,
  type: 'release',
  enabled: true,
  stale: false,
  impressionData: false,
  project: 'default',
  variants: [],
  strategies: [strategy(flag, 100, ['userId', flag.allow]), strategy(flag, 100, [flag.attribute, flag.values]), strategy(flag, 10)],
});

export async function load(_, flags) {
  const client = new Unleash({
    appName: 'bench',
    // Port 9 discards: the features below are all that the client ever gets.
    url: 'http://127.0.0.1:9/api/',
    disableMetrics: true,
    refreshInterval: 0,
    skipInstanceCountWarning: true,
    bootstrap: { data: flags.map(featureOf) },
    storageProvider: new InMemStorageProvider(),
  });
  // An emitter without a listener would throw the refused connection.
  client.on('error', () => {});
  client.on('warn', () => {});
  await new Promise(resolve => client.once('ready', resolve));
  return {
    context: user => ({ userId: user.id, properties: { plan: user.plan, country: user.country, org: user.org } }),
    one: (key, context) => client.isEnabled(key, context, false),
    close: () => client.destroy(),
  };
}
