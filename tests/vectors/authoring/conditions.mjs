/** For topics about conditions: one flag a condition, each asked whether it holds. */
import { ask, doc, fallback, ruled } from './help.mjs';

/**
 * `tests` is a list of `[condition, [[attribute value or raw context, whether it holds, description?]…]]`. A condition is asked over the
 * attribute `x` unless the value is given as `{context}` or `{contextText}`.
 */
export function conditionTopic(topic, about, tests, more = {}) {
  const flags = {};
  const cases = [];
  const seen = new Map();
  tests.forEach(([condition, asked], i) => {
    const flag = `c${i}`;
    flags[flag] = { rules: [{ if: condition, serve: 'on' }] };
    for (const [value, isHeld, note] of asked) {
      const given = value !== null && typeof value === 'object' && ('context' in value || 'contextText' in value) ? value : { context: { x: value } };
      const { context, ...rest } = given;
      let description = `${JSON.stringify(condition)} ${isHeld ? 'holds' : 'does not hold'} for ${note ?? JSON.stringify(given.contextText ?? context.x ?? context)}`;
      if (description.length > 240) description = `${description.slice(0, 236)} …`;
      const times = (seen.get(description) ?? 0) + 1;
      seen.set(description, times);
      if (times > 1) description += ` (${times})`;
      cases.push(ask('conditions', flag)(description, context, isHeld ? ruled('on', true) : fallback('off', false), rest));
    }
  });
  return { topic, about, documents: { conditions: doc(flags, more.document) }, cases: [...cases, ...(more.cases ?? [])], ...(more.refusals && { refusals: more.refusals }) };
}

/** A test of the attribute `x`. */
export const x = (op, value, ignoreCase) => ({ attribute: 'x', op, ...(value === undefined ? {} : { value }), ...(ignoreCase === undefined ? {} : { ignoreCase }) });

/** Every kind of value but the ones named. */
export function kindsBut(...kinds) {
  const all = { text: 'text', number: 5, boolean: true, list: ['text', 5, true], object: { x: 'text' }, null: null };
  return [...Object.entries(all).filter(([kind]) => !kinds.includes(kind)).map(([kind, value]) => [value, false, kind]), [{ context: {} }, false, 'absence']];
}

/** A document whose one flag has one condition that is wrong at `pointer` below the condition. */
export function wrongCondition(description, condition, pointer) {
  return {
    description,
    document: doc({ bad: { rules: [{ if: condition, serve: 'on' }] }, good: {} }),
    refused: false,
    errors: [`/flags/bad/rules/0/if${pointer}`],
    flags: ['good'],
  };
}
