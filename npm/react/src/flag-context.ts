import type { FlagClient } from '@twinflag/client';
import { createContext, useContext } from 'react';

/** The client of the nearest provider above. */
export const FlagContext = createContext<FlagClient | undefined>(undefined);

/** The client of the nearest provider above. @throws where there is none */
export function useFlagClient(): FlagClient {
  const client = useContext(FlagContext);
  if (!client) throw new Error('no <FlagProvider> above this component');
  return client;
}
