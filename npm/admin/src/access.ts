/** Access with an end: one request that schedules the override for now and its end for later, both or neither. */
import { type Api, take } from './api/client.js';
import type { Me, Schedule } from './api/model.js';
import { Refusal } from './api/refusal.js';
import type { ScheduledRequest } from './schedule-text.js';

const PATH = '/api/admin/feature-flags';
/**
 * The times from now to the beginning of the access, in milliseconds. A schedule's moment has to be one to come by the server's clock: the
 * second is for a device whose clock is behind it.
 */
const LEADS_MS = [2_000, 60_000];

/** The value that an override gives: a switch's state, a variant, or `null` for no override. */
export type Given = { readonly enabled: boolean | null } | { readonly variant: string };

/** The owner of an override, as requests name one. */
export type Owner = { readonly customerId: string } | { readonly organizationId: string };

/** An override of one flag with its end. */
export interface Access {
  readonly featureName: string;
  readonly owner: Owner;
  readonly given: Given;
  /** The override from the end on. */
  readonly afterwards: Given;
  /** The moment of the end, in RFC 3339. */
  readonly until: string;
  readonly reason: string;
}

/** True if the hub can end an access by the caller's right: that of an API token or of the break-glass token may itself end before. */
export function mayEndLater({ subject, breakGlass }: Me): boolean {
  return !subject.startsWith('token:') && breakGlass !== true;
}

/** Gives access with an end, and returns the answer of the schedule. Nothing is stored if the server refuses either step. */
export async function giveUntil(
  api: Api,
  query: { environment?: string },
  { featureName, owner, given, afterwards, until, reason }: Access,
) {
  for (const lead of LEADS_MS) {
    const begins = new Date(Date.now() + lead).toISOString();
    const step = (at: string, what: Given) => ({ at, method: 'POST', path: PATH, body: { featureName, ...owner, ...what, reason } });
    const body = { steps: [step(begins, given), step(until, afterwards)], reason };
    try {
      return await take(api.POST('/api/admin/schedules', { params: { query }, body }));
    } catch (error) {
      const isLate = error instanceof Refusal && error.problem?.pointer === '/steps/0/at';
      if (!isLate || lead === LEADS_MS.at(-1)) throw error;
    }
  }
  throw new Error('there is a last attempt');
}

/** The next scheduled change of an owner's override of a flag; `undefined` if there is none. */
export function nextChangeOf(schedules: readonly Schedule[], flag: string, owner: Owner): Schedule | undefined {
  const [[member, id]] = Object.entries(owner) as [[string, string]];
  return schedules.find(schedule => schedule.flag === flag && isAbout(schedule, member, id));
}

function isAbout({ path, body }: ScheduledRequest, member: string, id: string): boolean {
  return path === PATH && typeof body === 'object' && body !== null && (body as Record<string, unknown>)[member] === id;
}
