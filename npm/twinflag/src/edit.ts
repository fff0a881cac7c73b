/** Edits of one flag's definition in the document of a server. */
import { type Api, type Query, Refused } from './api.js';
import { Failure } from './failure.js';
import type { Document, Flag, Imported, Target } from './wire.js';

/** The most attempts at an edit while other operators change the document. */
const ATTEMPTS = 5;
/** The attribute of a user's id; the server takes `targetingKey` for it where a context has no `userId`. */
const USER = 'userId';

/** Reads the document, and replaces it by what `edit` makes of it, if nobody else changed it in between; else again. */
export async function editDocument(api: Api, reason: string | undefined, edit: (document: Document) => Document): Promise<Imported> {
  for (let attempt = 1; ; attempt++) {
    const { body, etag } = await api.ask<Document>({ path: '/api/admin/document' });
    try {
      return await putDocument(api, JSON.stringify(edit(body)), etag, { reason });
    } catch (error) {
      if (!(error instanceof Refused) || error.problem.code !== 'VERSION_MISMATCH' || attempt === ATTEMPTS) throw error;
    }
  }
}

/** Imports a document over the version with a tag. */
export async function putDocument(api: Api, document: string, ifMatch: string | undefined, query: Query): Promise<Imported> {
  return (await api.ask<Imported>({ method: 'PUT', path: '/api/admin/document', body: document, ifMatch, query })).body;
}

/** Returns an edit that changes one flag. @param name the key of the flag, or an alias */
export function editFlag(name: string, edit: (flag: Flag) => Flag): (document: Document) => Document {
  return ({ flags = {}, ...rest }) => {
    const key = name in flags ? name : Object.keys(flags).find(key => flags[key]?.aliases?.includes(name));
    const flag = key === undefined ? undefined : flags[key];
    if (key === undefined || flag === undefined)
      throw new Failure(`no flag has the key or alias "${name}"`, undefined, '`twinflag list` shows all flags');
    return { ...rest, flags: { ...flags, [key]: edit(flag) } };
  };
}

/** Returns the flag with its individual targets changed: these users get a variant, or none of their own if it is `undefined`. */
export function withUsers(flag: Flag, users: readonly string[], variant: string | undefined): Flag {
  const others = (flag.targets ?? [])
    .map(target => (isOfUsers(target) ? { ...target, values: target.values.filter(value => !users.includes(String(value))) } : target))
    .filter(({ values }) => values.length > 0);
  if (variant === undefined) return { ...flag, targets: others };
  const at = others.findIndex(target => isOfUsers(target) && target.variant === variant);
  const target = others[at];
  if (target === undefined) return { ...flag, targets: [...others, { attribute: USER, values: users, variant }] };
  return { ...flag, targets: others.with(at, { ...target, values: [...target.values, ...users] }) };
}

/** Returns the users with a target of their own, each with the variant. */
export function usersOf(flag: Flag): readonly (readonly [user: string, variant: string])[] {
  return (flag.targets ?? []).filter(isOfUsers).flatMap(({ values, variant }) => values.map(value => [String(value), variant] as const));
}

function isOfUsers({ attribute }: Target): boolean {
  return attribute === USER;
}
