// A document with more than ten thousand canaries, one in every place for an id, a name or a value of single visitors.
import { canary } from './search.mjs';

const numbers = count => Array.from({ length: count }, (_, number) => number);
const ids = (kind, count, at) => numbers(count).map(number => canary(kind, number, at));

/** The ids in each place of the document, and the attribute with which a visitor matches one. */
export const PLACES = {
  allowed: { attribute: 'customerId', ids: ids('allowed', 1_000) },
  denied: { attribute: 'customerId', ids: ids('denied', 1_000) },
  targeted: { attribute: 'userId', ids: ids('targeted', 1_000, '@') },
  ruled: { attribute: 'customerId', ids: ids('ruled', 1_000) },
  mailed: { attribute: 'email', ids: ids('mailed', 1_000, '@') },
  folded: { attribute: 'email', ids: ids('folded', 900, '@') },
  segmented: { attribute: 'organizationId', ids: ids('segmented', 1_000) },
  single: { attribute: 'customerId', ids: ids('single', 50) },
  customer: { attribute: 'customerId', ids: ids('customer', 1_000) },
  organization: { attribute: 'organizationId', ids: ids('organization', 1_000) },
};
/** Customers that the test assigns to the organization of the same number; assignments are not in the document. */
export const MEMBERS = ids('member', 50);
/** The names and values of variants that only single customers and owners of overrides get. */
const VARIANTS = ids('variant', 500),
  VALUES = ids('value', 500);
/** Names and notes that only operators may read. */
const NAMES = ids('name', 50);
/** The value in a condition that the edge cannot decide, so that every program has to contain it. */
export const SHOWN = canary('shown', 0);

export const ALL = [...Object.values(PLACES).flatMap(({ ids }) => ids), ...VARIANTS, ...VALUES, ...NAMES, SHOWN];

/** The canaries that a visitor in this place may see: the visitor's id, and the variant of that visitor alone. */
export function ownOf(place, number) {
  if (place === 'member') return ownOf('organization', number).add(MEMBERS[number]);
  const own = [PLACES[place].ids[number]];
  if (['single', 'customer', 'organization'].includes(place)) own.push(VARIANTS[number % 500], VALUES[number % 500]);
  return new Set(own);
}

const compares = (attribute, op, value, more) => ({ attribute, op, value, ...more });
const called = NAMES.values();
const name = () => called.next().value;
const rule = (condition, serve = 'on') => ({ name: name(), if: condition, serve });
const { allowed, denied, targeted, ruled, mailed, folded, segmented, single, customer, organization } = PLACES;
const owners = ({ ids }) => Object.fromEntries(ids.map((id, number) => [id, { secret: VARIANTS[number % 500] }]));
const segment = name();

export const DOCUMENT = {
  schema: 'twinflag/1',
  environment: 'production',
  bucketKey: '0011aa22bb33cc44dd55ee66ff778899',
  segments: { [segment]: compares('organizationId', 'in', segmented.ids) },
  flags: {
    listed: { unit: 'customerId', salt: name(), rollout: { status: 'active', percentage: 10, allow: allowed.ids, deny: denied.ids } },
    targeted: { targets: [{ attribute: 'userId', values: targeted.ids, variant: 'on' }] },
    ruled: {
      description: name(),
      owner: name(),
      tags: [name(), name()],
      environments: { [name()]: 'on' },
      rules: [
        rule(compares('customerId', 'in', ruled.ids)),
        rule(compares('email', 'in', mailed.ids)),
        rule({ segment }),
        rule({
          not: compares(
            'email',
            'notIn',
            folded.ids.map(id => id.toUpperCase()),
            { ignoreCase: true },
          ),
        }),
        rule({
          all: [
            compares('plan', 'eq', 'pro'),
            { any: [compares('customerId', 'startsWith', name()), compares('organizationId', 'contains', name())] },
          ],
        }),
        rule({ any: [compares('customerId', 'matches', `^(${name()}|${name()})$`), compares('organizationId', 'endsWith', name())] }),
        rule(compares('email', 'eq', name())),
        rule(compares('email', 'neq', name()), 'off'),
      ],
    },
    secret: {
      type: 'string',
      variants: { plain: 'for all', ...Object.fromEntries(VARIANTS.map((variant, number) => [variant, VALUES[number]])) },
      on: 'plain',
      off: 'plain',
      rules: single.ids.map((id, number) => ({ name: `rule-${number}`, if: compares('customerId', 'eq', id), serve: VARIANTS[number] })),
    },
    // The compiler leaves this flag out, and the log reports it.
    broken: { type: 'colour', description: name() },
    shown: { rules: [{ name: 'open', if: compares('plan', 'startsWith', SHOWN), serve: 'on' }] },
  },
  overrides: { customers: owners(customer), organizations: owners(organization) },
};
for (const rest of called) DOCUMENT.flags.ruled.tags.push(rest);
