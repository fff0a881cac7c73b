import { ask, doc, failed, fallback, listed } from './help.mjs';

const flags = {
  drawn: { rollout: { status: 'active', percentage: 50 } },
  listed: { rollout: { status: 'active', percentage: 0, allow: ['7', '-7', '0', '9007199254740991', '-9007199254740991', '9007199254740992', 'true', '1e3', '1000', '7.0', '7.5', ' 7'] } },
  byUser: { unit: 'userId', rollout: { status: 'active', percentage: 0, allow: ['7'] } },
};
const raw = (text) => ({ contextText: text });
const drawnOf = (text, description, expected) => ask('units', 'drawn')(description, undefined, expected, { ...raw(text), bucket: true });
const listedOf = (text, description, expected) => ask('units', 'listed')(description, undefined, expected, raw(text));
const unfit = failed('INVALID_CONTEXT', true);
const missing = failed('TARGETING_KEY_MISSING', true);
const asked = (expected) => (each) => ({ ...each, default: true, expected });

export default {
  topic: 'units',
  about: 'What is a unit, what is missing and what is unfit.',
  documents: { units: doc(flags) },
  cases: [
    ...[
      ['{}', 'absent'],
      ['{"targetingKey":null}', 'null'],
      ['{"targetingKey":""}', 'the empty text'],
      ['{"userId":"u"}', 'a user is no targeting key'],
      ['{"TargetingKey":"u"}', 'names count case'],
    ].map(([text, description]) => asked(missing)(drawnOf(text, `missing: ${description}`))),
    ...[
      ['{"targetingKey":true}', 'true'],
      ['{"targetingKey":false}', 'false'],
      ['{"targetingKey":1.5}', 'a fraction'],
      ['{"targetingKey":-0.5}', 'a negative fraction'],
      ['{"targetingKey":1e-400}', 'not unfit, underflow is 0', true],
      ['{"targetingKey":5e-324}', 'the smallest double'],
      ['{"targetingKey":9007199254740992}', '2^53'],
      ['{"targetingKey":-9007199254740992}', '-2^53'],
      ['{"targetingKey":9007199254740991.5}', '2^53 less a half, which is 2^53'],
      ['{"targetingKey":9007199254740993}', '2^53 + 1, which is 2^53'],
      ['{"targetingKey":9007199254740994}', '2^53 + 2'],
      ['{"targetingKey":1e300}', 'a large whole number'],
      ['{"targetingKey":[]}', 'an empty list'],
      ['{"targetingKey":["u"]}', 'a list'],
      ['{"targetingKey":{}}', 'an empty object'],
      ['{"targetingKey":{"id":"u"}}', 'an object'],
    ].filter(([, , isFit]) => !isFit).map(([text, description]) => asked(unfit)(drawnOf(text, `unfit: ${description}`))),
    ...[
      ['{"targetingKey":7}', 'a number', 'listed'],
      ['{"targetingKey":"7"}', 'a text', 'listed'],
      ['{"targetingKey":7.0}', 'a float that is whole', 'listed'],
      ['{"targetingKey":70e-1}', 'a whole number with a negative exponent', 'listed'],
      ['{"targetingKey":-7}', 'a negative number', 'listed'],
      ['{"targetingKey":0}', 'zero', 'listed'],
      ['{"targetingKey":-0}', 'minus zero', 'listed'],
      ['{"targetingKey":-0.0}', 'minus zero as a float', 'listed'],
      ['{"targetingKey":0e5}', 'zero with an exponent', 'listed'],
      ['{"targetingKey":1e-400}', 'an underflow is zero', 'listed'],
      ['{"targetingKey":-1e-400}', 'a negative underflow is zero', 'listed'],
      ['{"targetingKey":9007199254740991}', '2^53 - 1', 'listed'],
      ['{"targetingKey":9007199254740991.4}', '2^53 - 1 and less than a half, which is 2^53 - 1', 'listed'],
      ['{"targetingKey":-9007199254740991}', '-2^53 + 1', 'listed'],
      ['{"targetingKey":"9007199254740992"}', 'the text of 2^53', 'listed'],
      ['{"targetingKey":1e3}', 'a thousand', 'listed'],
      ['{"targetingKey":"1e3"}', 'a text is not read as a number', 'listed'],
      ['{"targetingKey":"7.0"}', 'a text with a point', 'listed'],
      ['{"targetingKey":" 7"}', 'a text with a blank', 'listed'],
      ['{"targetingKey":"true"}', 'a text that says true', 'listed'],
      ['{"targetingKey":"\\u0037"}', 'an escape', 'listed'],
      ['{"targetingKey":"x","targetingKey":"7"}', 'the last of two', 'listed'],
    ].map(([text, description]) => listedOf(text, `on the list: ${description}`, listed('on', true))),
    ...[
      ['{"targetingKey":8}', 'another number'],
      ['{"targetingKey":"07"}', 'leading zeros'],
      ['{"targetingKey":"-0"}', 'the text -0'],
      ['{"targetingKey":"+7"}', 'a sign'],
      ['{"targetingKey":"7 "}', 'a trailing blank'],
      ['{"targetingKey":"７"}', 'a digit of another script'],
      ['{"targetingKey":"7","targetingKey":"x"}', 'the first of two'],
      ['{}', 'absent'],
      ['{"targetingKey":null}', 'null'],
      ['{"targetingKey":""}', 'the empty text'],
    ].map(([text, description]) => listedOf(text, `not on the list: ${description}`, fallback('off', false))),
    ...['{"targetingKey":7.5}', '{"targetingKey":true}', '{"targetingKey":[7]}', '{"targetingKey":9007199254740992}'].map((text) => asked(unfit)(listedOf(text, `unfit for the list: ${text}`))),
    ...['u', 'a b', '42', 'é', 'e\u0301', '日本語', '👨‍👩‍👧', '\u200b', '\uffff', '\ufeffu', 'U', 'x'.repeat(300)].map((unit) => ({
      ...ask('units', 'drawn')(`a drawn unit: ${unit.length < 20 ? JSON.stringify(unit) : `${unit.length} times x`}`, { targetingKey: unit }, { layer: undefined }, { bucket: true }),
      expected: { errorCode: undefined },
    })),
    ...[42, -42, 0, 9007199254740991].map((unit) => ({
      ...ask('units', 'drawn')(`a drawn number: ${unit}`, { targetingKey: unit }, {}, { bucket: true }),
      expected: { errorCode: undefined },
    })),
    ask('units', 'byUser')('the targeting key as the user', { targetingKey: 7 }, listed('on')),
    ask('units', 'byUser')('an unfit targeting key as the user', { targetingKey: [7] }, failed('INVALID_CONTEXT', true), { default: true }),
    ask('units', 'byUser')('an unfit user is not replaced by the targeting key', { userId: true, targetingKey: 7 }, failed('INVALID_CONTEXT', true), { default: true }),
    ask('units', 'byUser')('an empty user is missing and not replaced', { userId: '', targetingKey: 7 }, fallback('off')),
  ],
};
