import type { FlagClient } from '@twinflag/client';
import { createContext, useContext } from 'react';

/** The client of the nearest provider above; another object, though perhaps the same client, when the provider was given another context. */
export const FlagContext = createContext<{ readonly client: FlagClient } | undefined>(undefined);

/** The client of the nearest provider above. @throws where there is none */
export function useFlagClient(): FlagClient {
  const provided = useContext(FlagContext);
  if (!provided) throw new Error('no <FlagProvider> above this component');
  return provided.client;
}
