/** Tokens for the admin routes, signed with a deployment's `JWT_SECRET` (RFC 7519, HS256). */
import { createHmac } from 'node:crypto';

/** The roles that a token may have. */
export const ROLES = ['service', 'admin', 'operator', 'viewer', 'organization_admin', 'member'] as const;
/** The roles that are for one organization. */
const LOCAL_ROLES: readonly string[] = ['organization_admin', 'member'];

/** The longest life of a token that the worker takes: a day. */
export const LONGEST_MINUTES = 24 * 60;

/** The content of a token. */
export interface Grant {
  readonly subject: string;
  readonly role: string;
  readonly minutes: number;
  readonly organization?: string | undefined;
  /** The environments that the token is for; `undefined` for all. */
  readonly environments?: readonly string[] | undefined;
  /** The `iss` and the `aud` that the deployment expects by `JWT_ISSUER` and `JWT_AUDIENCE`. */
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
}

/** Returns what is wrong with a grant, or `undefined`. */
export function faultOf({ role, organization }: Grant): string | undefined {
  const isLocal = LOCAL_ROLES.includes(role);
  if (isLocal === (organization !== undefined)) return undefined;
  return isLocal ? `the role ${role} needs --organization` : `the role ${role} is not for one organization`;
}

/** Returns the token in its compact form, valid from now. */
export function mint(secret: string, { subject, role, minutes, organization, environments, issuer: iss, audience: aud }: Grant): string {
  const issuedAt = Math.floor(Date.now() / 1000);
  const app_metadata = { role, ...(organization !== undefined && { organizationId: organization }), ...(environments && { environments }) };
  return sign(secret, { sub: subject, iat: issuedAt, exp: issuedAt + minutes * 60, iss, aud, app_metadata });
}

function sign(secret: string, claims: object): string {
  const signed = [{ alg: 'HS256', typ: 'JWT' }, claims].map(part => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}
