import { FliptClient } from '@flipt-io/flipt-client-js';

export const name = 'Flipt (WASM)';
/** Its tables lie in WASM memory that nobody outside can measure. */
export const hidesMemory = true;

const segments = (key, constraint) => ({
  value: true,
  segmentOperator: 'OR_SEGMENT_OPERATOR',
  segments: [{ key, matchType: 'ANY_SEGMENT_MATCH_TYPE', constraints: [constraint] }],
});
const STRING = 'STRING_CONSTRAINT_COMPARISON_TYPE';

export const rules = flags =>
  JSON.stringify({
    namespace: { key: 'default' },
    flags: flags.map(flag => ({
      key: flag.key,
      name: flag.key,
      type: 'BOOLEAN_FLAG_TYPE',
      enabled: false,
      description: '',
      rules: [],
      rollouts: [
        {
          type: 'SEGMENT_ROLLOUT_TYPE',
          rank: 1,
          segment: segments(`allow-${flag.i}`, {
            type: 'ENTITY_ID_CONSTRAINT_COMPARISON_TYPE',
            property: 'entity',
            operator: 'isoneof',
            value: JSON.stringify(flag.allow),
          }),
        },
        {
          type: 'SEGMENT_ROLLOUT_TYPE',
          rank: 2,
          segment: segments(
            `rule-${flag.i}`,
            flag.even
              ? { type: STRING, property: 'country', operator: 'eq', value: 'DE' }
              : { type: STRING, property: 'plan', operator: 'isoneof', value: JSON.stringify(flag.values) },
          ),
        },
        { type: 'THRESHOLD_ROLLOUT_TYPE', rank: 3, threshold: { percentage: 10, value: true } },
      ],
    })),
  });

export async function load(json, keys) {
  const fetcher = async () => new Response(json, { status: 200, headers: { 'content-type': 'application/json' } });
  const client = await FliptClient.init({ namespace: 'default', updateInterval: 0, fetcher });
  return {
    context: user => ({ entityId: user.id, context: { plan: user.plan, country: user.country, org: user.org } }),
    one: (flagKey, { entityId, context }) => client.evaluateBoolean({ flagKey, entityId, context }).enabled,
    all: ({ entityId, context }) =>
      client
        .evaluateBatch(keys.map(flagKey => ({ flagKey, entityId, context })))
        .responses.reduce((count, answer) => count + (answer.booleanEvaluationResponse.enabled ? 1 : 0), 0),
  };
}
