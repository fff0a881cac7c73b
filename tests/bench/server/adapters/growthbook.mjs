/** GrowthBook's client for servers, with the flags of the page's bench. */
import { GrowthBookClient } from '@growthbook/growthbook';

export const name = 'GrowthBook';

const featureOf = flag => ({
  defaultValue: false,
  rules: [
    { condition: { id: { $in: flag.allow } }, force: true },
    { condition: { [flag.attribute]: { $in: flag.values } }, force: true },
    { coverage: 0.1, hashAttribute: 'id', hashVersion: 2, seed: flag.key, force: true },
  ],
});

export function load(_, flags) {
  const features = Object.fromEntries(flags.map(flag => [flag.key, featureOf(flag)]));
  const client = new GrowthBookClient({}).initSync({ payload: { features } });
  return {
    context: user => ({ attributes: { id: user.id, plan: user.plan, country: user.country, org: user.org } }),
    one: (key, context) => client.isOn(key, context),
    close: () => client.destroy(),
  };
}
