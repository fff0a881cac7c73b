import { GrowthBookClient } from '@growthbook/growthbook';

export const name = 'GrowthBook';

export const rules = flags =>
  JSON.stringify({
    features: Object.fromEntries(
      flags.map(flag => [
        flag.key,
        {
          defaultValue: false,
          rules: [
            { condition: { id: { $in: flag.allow } }, force: true },
            { condition: flag.even ? { country: 'DE' } : { plan: { $in: flag.values } }, force: true },
            { coverage: 0.1, hashAttribute: 'id', hashVersion: 2, seed: flag.key, force: true },
          ],
        },
      ]),
    ),
  });

export function load(json, keys) {
  const client = new GrowthBookClient({}).initSync({ payload: JSON.parse(json) });
  return {
    context: user => ({ attributes: { id: user.id, plan: user.plan, country: user.country, org: user.org } }),
    one: (key, context) => client.isOn(key, context),
    all: context => keys.reduce((count, key) => count + (client.isOn(key, context) ? 1 : 0), 0),
  };
}
