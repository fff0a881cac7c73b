// A provider of OpenID Connect of the tests: the package `oidc-provider`, with a login page of its own and accounts that are named by their role.
import { createRequire } from 'node:module';

import { pair } from '../edge/issuer.mjs';

const require = createRequire(import.meta.url);

/** The audience of the access tokens of clients with `hasApi`. */
export const AUDIENCE = 'flags-api';
const RESOURCE = 'urn:flags:api';

/**
 * Starts a provider. An account has the role by which it is named; `nobody` has none.
 *
 * @param {number} port its port on this machine
 * @param {{ id: string, page: string, hasApi?: boolean, hasRefresh?: boolean }[]} clients `page`: the address of the dashboard. `hasApi`: the access
 *   token is a JWT for {@link AUDIENCE}. `hasRefresh`: there are refresh tokens, each of which is good once.
 */
export async function startProvider(port, clients) {
  const { Provider } = await import(require.resolve('oidc-provider'));
  const { jwk, privateKey } = await pair('ES256', 'test-1');
  const of = client => clients.find(({ id }) => id === client.clientId);
  const url = `http://127.0.0.1:${port}`;
  /** The seconds that an id token lives; a test may change it. */
  const life = { idToken: 3600 };
  const provider = new Provider(url, {
    jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), kid: jwk.kid, alg: jwk.alg, use: 'sig' }] },
    cookies: { keys: ['test-only'], long: { httpOnly: true, sameSite: 'lax' } },
    clients: clients.map(({ id, page, hasRefresh }) => ({
      client_id: id,
      token_endpoint_auth_method: 'none',
      redirect_uris: [page],
      post_logout_redirect_uris: [page],
      response_types: ['code'],
      grant_types: ['authorization_code', ...(hasRefresh ? ['refresh_token'] : [])],
      id_token_signed_response_alg: 'ES256',
    })),
    pkce: { methods: ['S256'], required: () => true },
    clientBasedCORS: (_, origin, client) => new URL(of(client).page).origin === origin,
    scopes: ['openid', 'flags'],
    claims: { openid: ['sub'], flags: ['role'] },
    conformIdTokenClaims: false,
    findAccount: async (_, id) => ({ accountId: id, claims: async () => ({ sub: id, ...roleOf(id) }) }),
    issueRefreshToken: async (_, client) => client.grantTypeAllowed('refresh_token'),
    extraTokenClaims: async (_, token) => (token.kind === 'AccessToken' ? roleOf(token.accountId) : undefined),
    interactions: { url: (_, interaction) => `/login/${interaction.uid}` },
    loadExistingGrant: async ({ oidc: { client, session, params } }) => {
      const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope(params.scope);
      grant.addResourceScope(RESOURCE, 'flags');
      await grant.save();
      return grant;
    },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: async (ctx, form) => {
          ctx.body = `<!doctype html><link rel="icon" href="data:,"><title>Sign out</title>${form}<button form="op.logoutForm" name="logout" value="yes">Yes</button>`;
        },
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: (_, client) => (of(client).hasApi ? RESOURCE : undefined),
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          scope: 'flags',
          audience: AUDIENCE,
          accessTokenTTL: 300,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
    },
    ttl: { AccessToken: 300, IdToken: () => life.idToken, Interaction: 600, Session: 3600, Grant: 3600, RefreshToken: 3600 },
  });
  /** The kinds of grants that were made, and the errors of those that were refused. */
  const grants = [];
  provider.on('grant.success', ({ oidc }) => grants.push(oidc.params.grant_type));
  provider.on('grant.error', (_, error) => grants.push(error.error));
  provider.use((ctx, next) => (ctx.path.startsWith('/login/') ? logIn(provider, ctx) : next()));
  let server = await listening(provider, port);
  const stop = () => closed(server);
  const start = async () => {
    server = await listening(provider, port);
  };
  return { url, host: `127.0.0.1:${port}`, jwks: `${url}/jwks`, life, grants, stop, start };
}

const roleOf = id => (id === 'nobody' ? {} : { role: id });

/** The login page: a name and no password, or the refusal to sign in. */
async function logIn(provider, ctx) {
  if (ctx.method === 'GET') {
    ctx.body = `<!doctype html><link rel="icon" href="data:,"><title>Log in</title><form method="post"><label>Name <input name="name"></label>
      <button>Log in</button> <button name="cancel" value="yes">Cancel</button></form>`;
    return;
  }
  const pieces = [];
  for await (const piece of ctx.req) pieces.push(piece);
  const form = new URLSearchParams(Buffer.concat(pieces).toString());
  const result = form.has('cancel')
    ? { error: 'access_denied', error_description: 'cancelled' }
    : { login: { accountId: form.get('name') } };
  ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, result));
}

async function listening(provider, port) {
  const server = provider.listen(port, '127.0.0.1');
  await new Promise((resolve, reject) => server.once('listening', resolve).once('error', reject));
  return server;
}

function closed(server) {
  return new Promise(resolve => {
    server.close(resolve);
    server.closeAllConnections();
  });
}
