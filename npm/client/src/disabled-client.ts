/** A client that is switched off: defaults, and nothing is asked of anybody. */
import { createAnswers } from './answers.js';
import type { ClientOptions, FlagClient, FlagDetails } from './flag-client.js';
import { run } from './run.js';
import { requestedType } from './values.js';

export function disabledClient({ defaults = {} }: ClientOptions): FlagClient {
  const given = new Map(
    Object.entries(defaults).map(([flagKey, value]): [string, FlagDetails] => [flagKey, { value, reason: 'DISABLED' }]),
  );
  const answers = createAnswers(() => ({ value: undefined, reason: 'DISABLED' }));
  const nothing = () => Promise.resolve();
  const get = <T>(flagKey: string, defaultValue: T) => {
    const own = given.get(flagKey),
      kind = requestedType(defaultValue);
    return own && (kind === 0 || kind === requestedType(own.value)) ? (own as FlagDetails<T>) : answers.get(flagKey, defaultValue);
  };
  return {
    first: { status: 'ready', get },
    get,
    getValue: <T>(flagKey: string, defaultValue: T) => get(flagKey, defaultValue).value,
    isEnabled: flagKey => get(flagKey, false).value,
    subscribe: () => () => undefined,
    run: (flagKey, sides) => run(get(flagKey, false).value, sides),
    fail: () => undefined,
    track: () => undefined,
    setContext: nothing,
    status: 'ready',
    ready: nothing,
    refresh: nothing,
    close: () => undefined,
  };
}
