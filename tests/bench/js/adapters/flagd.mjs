import { FlagdCore } from '@openfeature/flagd-core';

export const name = 'flagd-core';

export const rules = flags =>
  JSON.stringify({
    flags: Object.fromEntries(
      flags.map(flag => [
        flag.key,
        {
          state: 'ENABLED',
          variants: { on: true, off: false },
          defaultVariant: 'off',
          targeting: {
            if: [
              { in: [{ var: 'targetingKey' }, flag.allow] },
              'on',
              flag.even ? { '==': [{ var: 'country' }, 'DE'] } : { in: [{ var: 'plan' }, flag.values] },
              'on',
              {
                fractional: [
                  ['on', 10],
                  ['off', 90],
                ],
              },
            ],
          },
        },
      ]),
    ),
  });

export function load(json) {
  const core = new FlagdCore();
  core.setConfigurations(json);
  const logger = { error() {}, warn() {}, info() {}, debug() {} };
  return {
    context: user => ({ targetingKey: user.id, plan: user.plan, country: user.country, org: user.org }),
    one: (key, context) => core.resolveBooleanEvaluation(key, false, context, logger).value,
    all: context => core.resolveAll(context, logger).reduce((count, answer) => count + (answer.value === true ? 1 : 0), 0),
  };
}
