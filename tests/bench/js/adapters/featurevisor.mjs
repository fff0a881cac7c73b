import { createInstance } from '@featurevisor/sdk';

export const name = 'Featurevisor';

const conditions = flag =>
  flag.even ? [{ attribute: 'country', operator: 'equals', value: 'DE' }] : [{ attribute: 'plan', operator: 'in', value: flag.values }];

export const rules = flags =>
  JSON.stringify({
    schemaVersion: '2',
    revision: '1',
    segments: Object.fromEntries(flags.map(flag => [`s${flag.i}`, { key: `s${flag.i}`, conditions: conditions(flag) }])),
    features: Object.fromEntries(
      flags.map(flag => [
        flag.key,
        {
          key: flag.key,
          bucketBy: 'userId',
          force: [{ conditions: [{ attribute: 'userId', operator: 'in', value: flag.allow }], enabled: true }],
          traffic: [
            { key: 'seg', segments: [`s${flag.i}`], percentage: 100000, enabled: true },
            { key: 'all', segments: '*', percentage: 10000 },
          ],
        },
      ]),
    ),
  });

export function load(json) {
  const instance = createInstance({ datafile: json, logLevel: 'fatal' });
  return {
    context: user => ({ userId: user.id, plan: user.plan, country: user.country, org: user.org }),
    one: (key, context) => instance.isEnabled(key, context),
    all: context => Object.values(instance.getAllEvaluations(context)).reduce((count, answer) => count + (answer.enabled ? 1 : 0), 0),
  };
}
