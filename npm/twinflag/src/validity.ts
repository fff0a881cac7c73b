/** The time for which a credential, a key or an API token, is valid. */
export interface Validity {
  /** The moment of its end; absent if it has none. */
  readonly expiresAt?: string;
  readonly revokedAt?: string;
}

/** Returns true if a credential opens the server now. */
export function isValid({ expiresAt, revokedAt }: Validity): boolean {
  return revokedAt === undefined && (expiresAt === undefined || Date.parse(expiresAt) > Date.now());
}

/** Returns the end of a credential for a table, such as `until 2027-01-31`. */
export function endOf(credential: Validity): string {
  const { expiresAt, revokedAt } = credential;
  if (revokedAt !== undefined) return `revoked ${revokedAt.slice(0, 10)}`;
  if (expiresAt === undefined) return 'for ever';
  return `${isValid(credential) ? 'until' : 'expired'} ${expiresAt.slice(0, 10)}`;
}
