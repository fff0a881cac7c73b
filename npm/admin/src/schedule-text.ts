/** Scheduled requests in words: what the hub will do, behind the name of the flag that the request is about. */
import type { Schedule } from './api/model.js';

type Json = Record<string, unknown>;

/** A request as a schedule or its record holds it. */
export interface ScheduledRequest {
  readonly method?: string;
  readonly path?: string;
  readonly body?: unknown;
}

/** A request in words, such as `set to 50 %`; one that this page does not know stands with its method and path. */
export function requestText({ method = '', path, body }: ScheduledRequest): string {
  if (path === undefined) return 'a request of another release of the server';
  const route = routeOf(path);
  const said = isObject(body) ? body : {};
  const verb = /^rollout\/(\w+)$/.exec(route)?.[1];
  if (verb !== undefined) return rolloutText(verb, said);
  if (route === 'feature-flags') return featureText(said);
  const [area = '', name = '', more] = route.split('/').map(decoded);
  const what = DEFINITIONS[area];
  if (what !== undefined && more === 'restore') return `restore the ${what} ${name}`;
  if (what !== undefined) return `${method === 'DELETE' ? 'delete' : 'change'} the ${what} ${name}`;
  if (area === 'overrides' && method === 'POST') return `set overrides${ownerText('of', said)}`;
  if (area === 'overrides') return `remove all overrides${ownerText('of', Object.fromEntries(new URLSearchParams(path.split('?')[1])))}`;
  if (area === 'customers')
    return `assign${ownerText('', { customerId: said.customerId })} to ${named(said.organizationId) ?? 'no organization'}`;
  if (area === 'changes' && more === 'revert') return `revert the change ${name}`;
  if (area === 'keys' && method === 'DELETE') return `revoke the key ${name}`;
  if (area === 'tokens' && method === 'DELETE') return `revoke the API token ${name}`;
  return `${method} ${path}`;
}

/** The request in the record of a schedule, in words; `undefined` if the record does not hold it, because it was long or of another release. */
export function recordedText({ oldJson, newJson }: { readonly oldJson?: unknown; readonly newJson?: unknown }): string | undefined {
  // The record of a refusal has the reason as what is new.
  const request = [oldJson, newJson].filter(isObject).find(({ path }) => typeof path === 'string');
  return request && requestText(request);
}

/** The effect of a step on everyone in a word, such as `50 %`; `undefined` if it is about lists, the guard, or one owner. */
export function shareText({ path, body }: ScheduledRequest): string | undefined {
  const route = routeOf(path ?? '');
  const said = isObject(body) ? body : {};
  switch (route) {
    case 'feature-flags':
      return said.action === 'kill' ? 'off' : said.action === 'revive' ? 'back on' : undefined;
    case 'rollout/percentage':
      return percent(said.percentage);
    case 'rollout/create':
      return said.start === true && said.percentage !== undefined ? percent(said.percentage) : undefined;
    case 'rollout/start':
      return 'start';
    case 'rollout/advance':
      return 'tier';
    case 'rollout/rollback':
      return 'roll back';
    case 'rollout/pause':
    case 'rollout/resume':
    case 'rollout/complete':
      return route.slice('rollout/'.length);
    default:
      return undefined;
  }
}

/** The earliest scheduled step of each flag that changes what everyone gets, by the flag's key. `schedules` come as the server sorts them. */
export function nextSteps(schedules: readonly Schedule[]): ReadonlyMap<string, Schedule> {
  const next = new Map<string, Schedule>();
  for (const schedule of schedules) {
    const { flag } = schedule;
    if (flag !== undefined && !next.has(flag) && shareText(schedule) !== undefined) next.set(flag, schedule);
  }
  return next;
}

/** The reasons for which the hub refused a request when it was due, by their codes. */
const REFUSALS: Readonly<Record<string, string>> = {
  ILLEGAL_STEP: 'The rollout was in a state that does not allow this step.',
  TOO_EARLY: 'The tier had not lasted long enough.',
  GATE_CLOSED: 'The gate was closed: too few exposures, or too many errors.',
  FORBIDDEN: 'The right by which it was scheduled had ended.',
  ENVIRONMENT_NOT_FOUND: 'The environment had been closed.',
  FLAG_NOT_FOUND: 'The flag was gone.',
  FLAG_ARCHIVED: 'The flag had been removed.',
  REVERT_CONFLICT: 'What the change wrote had been written over.',
  KEY_NOT_FOUND: 'The key was gone.',
  CHANGE_NOT_FOUND: 'The change was gone.',
  VERSION_MISMATCH: 'The definition had been changed since it was scheduled.',
  UNSAFE_CHANGE: 'It would have taken something away that nobody allowed.',
  OTHER_ENVIRONMENT: 'A backup of another environment had been restored.',
  RESTORED: 'Its moment had passed before a backup was restored.',
  UNREADABLE: 'Another release of the server had scheduled it, and this one cannot read it.',
};

/** The reason in a record of a refused schedule: a sentence for its code, and what the server said. */
export function refusalText(record: unknown): { readonly text: string; readonly detail: string } {
  const { code, detail } = isObject(record) ? record : ({} as Json);
  const known = typeof code === 'string' && Object.hasOwn(REFUSALS, code) ? REFUSALS[code] : undefined;
  return { text: known ?? `Refused: ${named(code) ?? 'no code was recorded'}.`, detail: named(detail) ?? '' };
}

const DEFINITIONS: Readonly<Record<string, string>> = { flags: 'definition of the flag', segments: 'segment' };

function rolloutText(verb: string, body: Json): string {
  switch (verb) {
    case 'create':
      return `${body.start === true ? 'begin' : 'plan'} a rollout ${body.percentage === undefined ? 'in tiers' : `at ${percent(body.percentage)}`}`;
    case 'start':
      return 'start the rollout';
    case 'advance':
      return body.force === true ? 'advance to the next tier, whatever the gate says' : 'advance to the next tier';
    case 'percentage':
      return `set to ${percent(body.percentage)}`;
    case 'lists':
      return 'change the lists';
    case 'guard':
      return 'change the guard';
    case 'rollback':
      return 'roll back';
    default:
      return `${verb} the rollout`;
  }
}

function featureText(body: Json): string {
  if (body.action === 'kill') return 'turn off for everyone';
  if (body.action === 'revive') return 'turn back on';
  if (body.enabled === null) return `remove the override${ownerText('of', body)}`;
  const value = body.enabled === true ? 'on' : body.enabled === false ? 'off' : (named(body.variant) ?? 'a variant');
  return `give ${value}${ownerText('to', body)}`;
}

/** The owner behind a word, such as ` of the customer c-1`; empty without an owner. */
function ownerText(word: string, { customerId, organizationId }: Json): string {
  const customer = named(customerId);
  const organization = named(organizationId);
  if (customer === undefined && organization === undefined) return '';
  const owner = customer === undefined ? `the organization ${organization}` : `the customer ${customer}`;
  return word === '' ? ` ${owner}` : ` ${word} ${owner}`;
}

/** A percentage with its sign; a value that is none stands as it is. */
function percent(value: unknown): string {
  return `${typeof value === 'number' ? value : String(value)} %`;
}

/** The path behind that of the admin API, without its query. */
function routeOf(path: string): string {
  return (path.split('?')[0] ?? '').replace(/^\/api\/admin\//, '');
}

function named(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A segment of a path; as it stands if it is not well formed. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
