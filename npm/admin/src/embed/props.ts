/**
 * Sends a request to the server on behalf of one operator, and adds the credentials.
 *
 * `path` begins with `/api/admin/`, or is `/v1/explain`, `/v1/program` (its answer is bytes) or `/health`, and has its query. `init` has the method, the headers, the body as text and
 * a signal that ends the request: after 20 seconds, or for `/api/admin/watch`, whose answer is a stream, when the component needs it no more. The answer is the server's, unchanged: refusals are read from its status and its body.
 */
export type AdminClient = (path: string, init: RequestInit) => Promise<Response>;

/** The props that a host gives {@link FeatureFlagManager}. */
export interface FeatureFlagManagerProps {
  /** Sends each request: through the host's back end, or to a server that lists the page's origin in `ADMIN_ORIGINS`. A new function does not start the component anew; the first one stays in use. */
  readonly client: AdminClient;
  /** The customer that the component begins with, at most 256 bytes; without one it begins with the list of flags. */
  readonly customerId?: string | undefined;
  /** The customer's organization, for one that the server knows none of; its overrides count in what is shown. */
  readonly organizationId?: string | undefined;
  /** The environment that the component begins with; the first one by default. */
  readonly environment?: string | undefined;
}
