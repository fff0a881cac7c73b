/** The answers of a client before the edge's first one: none by default, or those that a server wrote into the page. */
import { createAnswers } from './answers.js';
import type { FlagDetails } from './flag-client.js';
import type { FlagValue } from './types.js';
import { requestedType } from './values.js';

/** The answers that a page begins with. They stay the same, so that a page is taken over as its server rendered it. */
export interface FirstAnswers {
  /** `pending` without answers; `ready` with answers for the client's first context; `stale` if their server could not confirm them. */
  readonly status: 'pending' | 'ready' | 'stale';
  /** The version that the server answered from; absent without answers. */
  readonly version?: string | undefined;
  /** The answer, or the default with `PROVIDER_NOT_READY` and `pending`: the same object for the same flag and default. */
  get<T>(flagKey: string, defaultValue: T): FlagDetails<T>;
}

export const noAnswer = (): FlagDetails => ({ value: undefined, reason: 'ERROR', errorCode: 'PROVIDER_NOT_READY', pending: true });

/** No answers. */
export const noAnswers = (): FirstAnswers => ({ status: 'pending', get: createAnswers(noAnswer).get });

/** The answers while flags are switched off: the options' defaults where the caller's default is of the same type, else the caller's. */
export function offAnswers(defaults: Readonly<Record<string, FlagValue>>): FirstAnswers {
  const given = new Map(Object.entries(defaults).map(([flagKey, value]) => [flagKey, { value, reason: 'DISABLED' }]));
  const answers = createAnswers((): FlagDetails => ({ value: undefined, reason: 'DISABLED' }));
  return {
    status: 'ready',
    get<T>(flagKey: string, defaultValue: T): FlagDetails<T> {
      const own = given.get(flagKey) as FlagDetails<T> | undefined,
        kind = requestedType(defaultValue);
      return own && (!kind || kind === requestedType(own.value)) ? own : answers.get(flagKey, defaultValue);
    },
  };
}
