/** One flag of a server: its state, and its definition, which other flags' changes do not touch. */
import type { Answer, Api, Query } from './api.js';
import { Failure } from './failure.js';
import { HINTS, Refused } from './refused.js';
import type { Change, Flag, ListedFeature, Written } from './wire.js';

/** The most attempts at a change while other operators change the same flag. */
const ATTEMPTS = 5;

/** A flag's definition, as the server has it. */
export interface Definition {
  /** The key. */
  readonly name: string;
  readonly definition: Flag;
  /** The tag of the definition alone. */
  readonly etag: string;
  readonly lastChange: Change | null;
  /** The definition that was imported last, and has errors; the one before it serves. */
  readonly refused?: unknown;
  /** The settings by operators. */
  readonly state: { readonly enabled?: boolean; readonly rollout?: { readonly status: string; readonly percentage?: number } };
}

/** A step of a JSON Patch (RFC 6902). */
type Step = { readonly op: 'add'; readonly path: string; readonly value: unknown } | { readonly op: 'remove'; readonly path: string };

/** Returns the state of a flag. @param name its key, or an alias */
export async function featureOf(api: Api, name: string): Promise<ListedFeature> {
  const { body } = await api.ask<{ features: readonly ListedFeature[] }>({
    path: '/api/admin/feature-flags',
    query: { featureName: name },
  });
  const [feature] = body.features;
  if (feature === undefined) throw new Failure(`no flag has the key or alias "${name}"`, undefined, HINTS.FLAG_NOT_FOUND);
  return feature;
}

/** Returns the definition of a flag. @param name its key, or an alias */
export async function definitionOf(api: Api, name: string): Promise<Definition> {
  const read = async (key: string): Promise<Definition> => (await api.ask<Definition>({ path: pathOf(key) })).body;
  try {
    return await read(name);
  } catch (error) {
    if (!(error instanceof Refused) || error.refusal.status !== 404) throw error;
    return read((await featureOf(api, name)).flagPath);
  }
}

/** Writes the definition of a flag that the server does not have. */
export async function createFlag(api: Api, key: string, flag: Flag, reason: string | undefined): Promise<Written> {
  try {
    return (await api.ask<Written>({ method: 'PUT', path: pathOf(key), body: flag, query: { reason } })).body;
  } catch (error) {
    // Only the change of a definition that is there needs its tag.
    if (error instanceof Refused && error.refusal.code === 'PRECONDITION_REQUIRED') throw new Failure(`there is a flag "${key}" already`);
    throw error;
  }
}

/** Brings a flag back that was removed, with its state and its overrides. */
export async function restoreFlag(api: Api, name: string, reason: string | undefined): Promise<Written> {
  return (await api.ask<Written>({ method: 'POST', path: `${pathOf(name)}/restore`, body: { reason } })).body;
}

/** Removes a flag, if its definition is still the one that was read. */
export async function removeFlag(api: Api, { name, etag }: Definition, query: Query): Promise<Written> {
  return (await api.ask<Written>({ method: 'DELETE', path: pathOf(name), ifMatch: etag, query })).body;
}

/** A change of a flag, and its definition before. */
export interface Edited {
  readonly before: Definition;
  readonly written: Written;
}

/** Reads a flag and patches it by the steps of `edit`; again, if another operator changed it in between. */
export async function patchFlag(
  api: Api,
  name: string,
  reason: string | undefined,
  edit: (before: Definition) => readonly Step[],
): Promise<Edited> {
  for (let attempt = 1; ; attempt++) {
    const before = await definitionOf(api, name);
    const patch = { method: 'PATCH', path: pathOf(before.name), body: edit(before), ifMatch: before.etag, query: { reason } } as const;
    try {
      const { body: written }: Answer<Written> = await api.ask(patch);
      return { before, written };
    } catch (error) {
      if (!(error instanceof Refused) || error.refusal.code !== 'VERSION_MISMATCH' || attempt === ATTEMPTS) throw error;
    }
  }
}

/** The variants of a flag that names none. */
export const BOOLEAN_VARIANTS = { on: true, off: false };

/** Returns the names of a flag's variants. */
export function variantsOf({ variants = BOOLEAN_VARIANTS }: Flag): readonly string[] {
  return Object.keys(variants);
}

function pathOf(key: string): string {
  return `/api/admin/flags/${encodeURIComponent(key)}`;
}
