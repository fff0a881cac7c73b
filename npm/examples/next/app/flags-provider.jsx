'use client';

import { outcomes } from '@twinflag/client/outcomes';
import { FlagProvider } from '@twinflag/react';
import { useMemo } from 'react';

/** The provider of a page: functions do not cross from a server component, so what reports outcomes is made here. */
export function Flags({ options, children }) {
  const reported = useMemo(() => outcomes(), []);
  return <FlagProvider options={{ ...options, outcomes: reported }}>{children}</FlagProvider>;
}
