/** The customer that a host's page is about, and the organization that the host knows for them. */
import { createContext, useContext } from 'react';

export interface About {
  readonly customerId?: string | undefined;
  readonly organizationId?: string | undefined;
}

export const AboutContext = createContext<About>({});

/** The organization that the host names for a customer; `undefined` for any other customer, and outside of a host's page. */
export function useHostsOrganization(customerId: string): string | undefined {
  const about = useContext(AboutContext);
  return about.customerId === customerId ? about.organizationId : undefined;
}
