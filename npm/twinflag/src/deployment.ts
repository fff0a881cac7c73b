/** The settings of a deployment about the tokens that it takes. */
import { EXIT, Failure } from './failure.js';
import type { Folder } from './folder.js';
import type { Settings } from './settings.js';

/** The settings for tokens, but no secret: a server writes them into its folder, for commands in another environment. */
export interface TokenSettings {
  /** The secret of HS256: that of the folder, `JWT_SECRET` of the server's environment, or none. */
  readonly secret: 'folder' | 'environment' | 'none';
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
  /** The claim with roles, if it is another one than that of our tokens. */
  readonly roleClaim?: string | undefined;
  /** The names that `ROLE_MAP` maps to roles: then a role's own name gives none. */
  readonly mapped?: readonly string[] | undefined;
}

/** Returns the settings in an environment. */
export function tokenSettings({ JWT_SECRET, JWT_ISSUER, JWT_AUDIENCE, ROLE_CLAIM, ROLE_MAP }: Settings): TokenSettings {
  return {
    secret: JWT_SECRET === undefined ? 'folder' : JWT_SECRET === '' ? 'none' : 'environment',
    // The worker takes an empty setting for none.
    issuer: JWT_ISSUER || undefined,
    audience: JWT_AUDIENCE || undefined,
    roleClaim: ROLE_CLAIM === 'app_metadata.role' ? undefined : ROLE_CLAIM || undefined,
    mapped: ROLE_MAP ? namesIn(ROLE_MAP) : undefined,
  };
}

/** Returns the names of the members of a JSON object; none if it is none, which the worker refuses. */
function namesIn(text: string): readonly string[] {
  try {
    return Object.keys(JSON.parse(text) as object);
  } catch {
    return [];
  }
}

/** Fails if the deployment on a folder gives no role to a token that names the role. */
export function checkRole({ path }: Folder, { roleClaim, mapped }: TokenSettings, role: string): void {
  const why =
    roleClaim !== undefined
      ? `reads roles from the claim ${roleClaim}`
      : mapped !== undefined && !mapped.includes(role)
        ? `maps names to roles by ROLE_MAP, and "${role}" is none of the names`
        : undefined;
  if (why !== undefined)
    throw new Failure(`the server on ${path} ${why}`, EXIT.usage, 'pass a token of its issuer with --token or TWINFLAG_TOKEN');
}

/** Returns the secret with which the deployment on a folder checks tokens. Fails if it has none, or if it is not to be had here. */
export function secretOf(folder: Folder, { secret }: TokenSettings): string {
  switch (secret) {
    case 'folder': {
      const kept = folder.secrets()?.jwtSecret;
      if (kept === undefined)
        throw new Failure(
          `there are no keys in ${folder.path}`,
          EXIT.failed,
          'name the folder of the server with --data, or a file with its JWT_SECRET with --secret-file',
        );
      return kept;
    }
    case 'environment': {
      const { JWT_SECRET } = process.env;
      if (!JWT_SECRET)
        throw new Failure(
          `the server on ${folder.path} has its JWT_SECRET from its environment, not from the folder`,
          EXIT.usage,
          'set the same JWT_SECRET here, or pass a token with --token or TWINFLAG_TOKEN',
        );
      return JWT_SECRET;
    }
    case 'none':
      throw new Failure(
        `the server on ${folder.path} has no JWT_SECRET`,
        EXIT.usage,
        'pass a token of its issuer with --token or TWINFLAG_TOKEN',
      );
  }
}
