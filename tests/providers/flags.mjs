// The flags of this suite, and what OpenFeature's client answers for them if a provider passes on all that the edge says.

/** A flag for each type of value, each layer of the hierarchy, and each error code that one flag's answer can have. */
export const DOCUMENT = {
  schema: 'twinflag/1',
  environment: 'test',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: {
    on: { default: 'on' },
    off: {},
    killed: { enabled: false, default: 'on' },
    'killed.null': { enabled: false, off: null },
    callers: { default: null },
    text: { type: 'string', variants: { a: 'alpha', b: 'béta "2" 😀' }, on: 'b', off: 'a', default: 'b' },
    'text.empty': { type: 'string', variants: { a: '' }, on: 'a', off: 'a' },
    integer: { type: 'number', variants: { largest: 9007199254740991 }, on: 'largest', off: 'largest' },
    zero: { type: 'number', variants: { zero: 0 }, on: 'zero', off: 'zero' },
    float: { type: 'number', variants: { half: -0.5 }, on: 'half', off: 'half' },
    object: { type: 'object', variants: { plain: { label: 'Pay', sizes: [1, 2.5], note: null } }, on: 'plain', off: 'plain' },
    'object.empty': { type: 'object', variants: { none: {} }, on: 'none', off: 'none' },
    staff: { targets: [{ attribute: 'userId', values: ['ada'], variant: 'on' }] },
    rule: { rules: [{ name: 'europe', if: { attribute: 'country', op: 'in', value: ['DE', 'FR'] }, serve: 'on' }] },
    adult: { rules: [{ name: 'adults', if: { attribute: 'age', op: 'gte', value: 18 }, serve: 'on' }] },
    everybody: { rollout: { status: 'active', percentage: 100 } },
    allowed: { rollout: { status: 'active', percentage: 0, allow: ['ada'] } },
    needs: { prerequisites: [{ flag: 'off', variants: ['on'] }], default: 'on' },
    drawn: { unit: 'customerId', rollout: { status: 'active', percentage: 50 } },
    gift: {},
    told: { metadata: { team: 'chat', weight: 0.5, count: 3, public: true } },
  },
  overrides: { customers: { 'c-1': { gift: true } }, organizations: { 'org-1': { gift: true } } },
};

/** The answer of a flag that answers every context alike. */
const fixed = (flag, fallback, value, variant) => ({ flag, fallback, expected: { value, variant, reason: 'STATIC' } });
/** A refusal: OpenFeature's client answers the caller's own default. */
const error = (flag, fallback, errorCode, more) => ({ flag, fallback, ...more, expected: { value: fallback, reason: 'ERROR', errorCode } });
const mismatch = (flag, fallback) => error(flag, fallback, 'TYPE_MISMATCH');

/**
 * A question and its answer. `kind` tells languages with several types of numbers that the caller asks for a float; without it, numbers are
 * integers. `metadata` is the flag's own, without the members that the edge adds.
 *
 * @type {{ flag: string, fallback: unknown, kind?: 'float', context?: object, expected: { value: unknown, variant?: string, reason: string, errorCode?: string, metadata?: object } }[]}
 */
export const CASES = [
  fixed('on', false, true, 'on'),
  fixed('off', true, false, 'off'),
  fixed('text', 'none', 'béta "2" 😀', 'b'),
  fixed('text.empty', 'none', '', 'a'),
  fixed('integer', 1, 9007199254740991, 'largest'),
  fixed('zero', 1, 0, 'zero'),
  { ...fixed('float', 1, -0.5, 'half'), kind: 'float' },
  { ...fixed('zero', 1, 0, 'zero'), kind: 'float' },
  fixed('object', {}, { label: 'Pay', sizes: [1, 2.5], note: null }, 'plain'),
  fixed('object.empty', { a: 1 }, {}, 'none'),
  { flag: 'told', fallback: true, expected: { value: false, variant: 'off', reason: 'STATIC', metadata: DOCUMENT.flags.told.metadata } },
  { flag: 'killed', fallback: true, expected: { value: false, variant: 'off', reason: 'DISABLED' } },
  { flag: 'killed.null', fallback: true, expected: { value: true, reason: 'DISABLED' } },
  { flag: 'callers', fallback: true, expected: { value: true, reason: 'DEFAULT' } },
  { flag: 'staff', fallback: false, context: { userId: 'ada' }, expected: { value: true, variant: 'on', reason: 'TARGETING_MATCH' } },
  { flag: 'staff', fallback: true, context: { userId: 'leo' }, expected: { value: false, variant: 'off', reason: 'DEFAULT' } },
  // A context may have nothing else than OpenFeature's own attribute.
  { flag: 'staff', fallback: false, context: { targetingKey: 'ada' }, expected: { value: true, variant: 'on', reason: 'TARGETING_MATCH' } },
  { flag: 'rule', fallback: false, context: { country: 'FR' }, expected: { value: true, variant: 'on', reason: 'TARGETING_MATCH' } },
  { flag: 'rule', fallback: true, context: { country: null }, expected: { value: false, variant: 'off', reason: 'DEFAULT' } },
  { flag: 'rule', fallback: true, expected: { value: false, variant: 'off', reason: 'DEFAULT' } },
  { flag: 'adult', fallback: false, context: { age: 18 }, expected: { value: true, variant: 'on', reason: 'TARGETING_MATCH' } },
  { flag: 'adult', fallback: true, context: { age: 17.5 }, expected: { value: false, variant: 'off', reason: 'DEFAULT' } },
  { flag: 'everybody', fallback: false, context: { targetingKey: 'leo' }, expected: { value: true, variant: 'on', reason: 'SPLIT' } },
  {
    flag: 'allowed',
    fallback: false,
    context: { targetingKey: 'ada' },
    expected: { value: true, variant: 'on', reason: 'TARGETING_MATCH' },
  },
  { flag: 'needs', fallback: true, expected: { value: false, variant: 'off', reason: 'PREREQUISITE_FAILED' } },
  { flag: 'gift', fallback: false, context: { customerId: 'c-1' }, expected: { value: true, variant: 'on', reason: 'TARGETING_MATCH' } },
  {
    flag: 'gift',
    fallback: false,
    context: { organizationId: 'org-1' },
    expected: { value: true, variant: 'on', reason: 'TARGETING_MATCH' },
  },
  // Overrides stand outside the flag, which answers everybody else alike.
  { flag: 'gift', fallback: true, context: { customerId: 'c-2' }, expected: { value: false, variant: 'off', reason: 'STATIC' } },
  error('absent', true, 'FLAG_NOT_FOUND'),
  error('absent', 'bye', 'FLAG_NOT_FOUND'),
  error('absent', { a: 1 }, 'FLAG_NOT_FOUND'),
  error('drawn', true, 'TARGETING_KEY_MISSING'),
  error('drawn', true, 'INVALID_CONTEXT', { context: { customerId: { id: 'c-1' } } }),
  mismatch('text', true),
  mismatch('on', 'text'),
  mismatch('on', 7),
  mismatch('integer', { a: 1 }),
  mismatch('object', 7),
];

/** True if the edge leaves the answer of a case to the caller: it answers 200 without a value. */
export const asksForDefault = ({ expected }) => expected.variant === undefined && expected.errorCode === undefined;

export const titleOf = ({ flag, fallback, kind, context = {} }) =>
  `${flag} for ${JSON.stringify(context)}, or else ${kind ? `the ${kind} ` : ''}${JSON.stringify(fallback)}`;
