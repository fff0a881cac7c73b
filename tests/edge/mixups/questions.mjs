// Similar requests: every combination of few visitors, keys, origins and media types.
import { random } from '../malformed/random.mjs';

const CUSTOMERS = 12,
  ORGANIZATIONS = 2;
const BINARY = 'application/vnd.twinflag.program';
const ids = (letter, count) => Array.from({ length: count }, (_, number) => `${letter}-${number}`);
const own = id => `own-${id}.`;

/** A flag that gives each customer or organization a value that contains its id. */
function named(letter, count) {
  const variants = Object.fromEntries(ids(letter, count).map(id => [id, own(id)]));
  return { type: 'string', variants: { nobody: 'nobody', ...variants }, on: 'nobody', off: 'nobody' };
}
const owners = (letter, count, flag) => Object.fromEntries(ids(letter, count).map(id => [id, { [flag]: id }]));

export const DOCUMENT = {
  schema: 'twinflag/1',
  environment: 'test',
  bucketKey: '000102030405060708090a0b0c0d0e0f',
  flags: {
    customer: named('c', CUSTOMERS),
    organization: named('o', ORGANIZATIONS),
    drawn: { unit: 'userId', rollout: { status: 'active', percentage: 50 } },
  },
  overrides: { customers: owners('c', CUSTOMERS, 'customer'), organizations: owners('o', ORGANIZATIONS, 'organization') },
};

/** The ids that an answer's values contain. */
export const namedIn = body => [...body.toString('latin1').matchAll(/own-([co]-\d+)\./g)].map(([, id]) => id);

/** The routes, with the media types that they accept, and how they take a context. */
const ROUTES = [
  { method: 'POST', url: '/ofrep/v1/evaluate/flags' },
  { method: 'POST', url: '/ofrep/v1/evaluate/flags/customer' },
  { method: 'POST', url: '/v1/program', accepts: [BINARY, 'application/json', `application/json, ${BINARY};q=0.5`, '*/*', 'text/html'] },
  { method: 'POST', url: '/v1/program?format=2', accepts: [BINARY, 'application/json'] },
  { method: 'POST', url: '/v1/evaluate', wrap: context => ({ evaluations: [{ flag: 'customer', context, default: '' }] }) },
  { method: 'GET', url: '/api/widget/config', isPlain: true },
  { method: 'HEAD', url: '/api/widget/config', isPlain: true },
];
const ORIGINS = [undefined, undefined, 'https://one.example', 'https://other.example', 'https://evil.example'];
export const ORIGINS_ALLOWED = 'https://one.example, https://other.example';

/** The entity tags of earlier answers. `draw` makes an `If-None-Match` of other answers' tags and sometimes the request's own. */
export function createTags() {
  const byQuestion = new Map(),
    all = new Set();
  const key = ({ method, url, body, headers: { accept } }) => `${method} ${url} ${accept} ${body}`;
  return {
    learn(request, tag) {
      if (!tag) return;
      byQuestion.set(key(request), tag);
      all.add(tag);
    },
    draw(r, request) {
      const own = byQuestion.get(key(request)),
        others = Array.from({ length: r.below(3) }, () => r.pick([...all]));
      const drawn = (own && r.chance(0.5) ? [...others, own] : others).filter(Boolean);
      return drawn.length ? { 'if-none-match': drawn.join(', ') } : {};
    },
  };
}

/**
 * A request by its number.
 *
 * @returns {{ request: object, visitor: string[] }} `visitor`: the ids that the answer may contain.
 */
export function question(seed, index, { clientKey, serverKey }, tags) {
  const r = random(seed, index);
  const route = r.pick(ROUTES);
  const context = {};
  if (r.chance(0.9)) context.customerId = `c-${r.below(CUSTOMERS)}`;
  if (r.chance(0.5)) context.organizationId = `o-${r.below(ORGANIZATIONS)}`;
  if (r.chance(0.2)) context.userId = `u-${r.below(2)}`;
  const visitor = [context.customerId, context.organizationId].filter(Boolean);
  const headers = { accept: r.pick(route.accepts ?? ['*/*', 'application/json']), ...credentials(r, clientKey, serverKey) };
  const origin = r.pick(ORIGINS);
  if (origin) headers.origin = origin;
  if (r.chance(0.05)) headers['cache-control'] = r.pick(['no-cache', 'max-age=0', 'max-age=600']);
  const { method, url, wrap = context => ({ context }) } = route;
  const request = route.isPlain
    ? { method, url: `${url}?${new URLSearchParams(context)}`, headers }
    : { method, url, headers, body: JSON.stringify(wrap(context)) };
  if (r.chance(0.6)) Object.assign(headers, tags.draw(r, request));
  return { request, visitor };
}

function credentials(r, clientKey, serverKey) {
  const key = r.pick([clientKey, clientKey, clientKey, serverKey, 'tf_client_wrong', undefined]);
  if (key === undefined) return {};
  return r.chance(0.3) ? { 'x-api-key': key } : { authorization: `Bearer ${key}` };
}
