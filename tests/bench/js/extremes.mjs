/** Documents at the edge of what is usual, which are measured beside a plain twin of their own instead of a peer. */
const document = flags => JSON.stringify({ schema: 'twinflag/1', bucketKey: '000102030405060708090a0b0c0d0e0f', flags });
const flags = (count, flag) =>
  document(Object.fromEntries(Array.from({ length: count }, (_, i) => [`flag-${String(i).padStart(4, '0')}`, flag(i)])));
const rule = condition => ({ rules: [{ if: condition, serve: 'on' }] });

/** Two names of 26 letters. */
export const NAMES = { ascii: 'Alexandra Konstantinopolis', cyrillic: 'Александра Константинополь' };

const patterns = (count, change = {}) =>
  flags(count, i => ({
    ...rule({ attribute: 'name', op: 'matches', value: `^[a-z]+-${i}-[0-9]{2,4}$` }),
    ...(i === count >> 1 ? change : {}),
  }));

/** Nearly 8 MB: the most flags of a document, each with a pattern and a list of 60 ids of 20 characters. */
const full = count =>
  flags(count, i => ({
    ...rule({ attribute: 'name', op: 'matches', value: `^[a-z]+-${i}-[0-9]{2,4}$` }),
    rollout: {
      status: 'active',
      percentage: 10,
      allow: Array.from({ length: 60 }, (_, k) => `usr_${String(i * 7919 + k * 104729).padStart(16, '0')}`),
    },
  }));

/** By the name of their file. */
export const EXTREMES = {
  'names-ascii': flags(100, () => rule({ attribute: 'name', op: 'contains', value: 'example', ignoreCase: true })),
  'names-cyrillic': flags(100, () => rule({ attribute: 'name', op: 'contains', value: 'пример', ignoreCase: true })),
  'patterns-1000': patterns(1000),
  'patterns-5000': patterns(5000),
  'patterns-5000-changed': patterns(5000, rule({ attribute: 'name', op: 'matches', value: '^other-[0-9]+$' })),
  'patterns-5000-killed': patterns(5000, { enabled: false }),
  'full-5000': full(5000),
  'attributes-1': flags(1, i => rule({ attribute: `attribute-${i}`, op: 'eq', value: 1 })),
  'attributes-5000': flags(5000, i => rule({ attribute: `attribute-${i}`, op: 'eq', value: 1 })),
  'chain-5000': flags(5000, i => ({
    prerequisites: i ? [{ flag: `flag-${String(i - 1).padStart(4, '0')}`, variants: ['on'] }] : [],
    ...rule({ attribute: 'plan', op: 'eq', value: 'pro' }),
  })),
};
