/** A provider for tests of components: flags that the test sets, without a network and without an engine. */
import { createClient, type FlagClient, type FlagValue } from '@twinflag/client';
import { noAnswers } from '@twinflag/client/bootstrap';
import { createElement, type ReactNode, useEffect, useMemo, useRef } from 'react';

import { FlagClientProvider } from './flag-provider.js';

export interface TestFlagProviderProps {
  /** The values by flag key; any other flag is its default. @default none */
  readonly flags?: Readonly<Record<string, FlagValue>>;
  /** True has every flag loading. @default false */
  readonly loading?: boolean;
  /** Hears the errors that components report of a flag. */
  readonly onFail?: (flagKey: string, error: unknown) => void;
  readonly children?: ReactNode;
}

/** Provides flags to the components under test. Other `flags` render the components again. */
export function TestFlagProvider({ flags = {}, loading = false, onFail, children }: TestFlagProviderProps): ReactNode {
  const text = JSON.stringify(flags);
  const latest = useRef(onFail);
  useEffect(() => {
    latest.current = onFail;
  });
  const client = useMemo(
    () => clientOf(JSON.parse(text) as Record<string, FlagValue>, loading, (...failure) => latest.current?.(...failure)),
    [text, loading],
  );
  return createElement(FlagClientProvider, { client }, children);
}

function clientOf(flags: Readonly<Record<string, FlagValue>>, loading: boolean, fail: FlagClient['fail']): FlagClient {
  const own = createClient({ url: '', clientKey: '', enabled: false, defaults: flags });
  if (!loading) return { ...own, fail };
  const first = noAnswers();
  return {
    ...own,
    ...first,
    first,
    fail,
    getValue: <T>(_: string, defaultValue: T) => defaultValue,
    isEnabled: () => false,
  };
}
