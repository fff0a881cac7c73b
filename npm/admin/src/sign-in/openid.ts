/**
 * The dashboard as a public client of an OpenID Connect provider: authorization code with PKCE. A script of its own, which the page loads to
 * sign in. All of it is `oauth4webapi`'s; this file says which endpoints may be asked, and which token the server wants.
 */
import * as oauth from 'oauth4webapi';

import type { Provider } from '../api/model.js';
import type { ProviderAnswer } from './answer.js';
import type { Attempt } from './attempt.js';
import { boundedFetch } from './bounded-fetch.js';
import { faultOf, SignInFault, shown } from './sentences.js';

/** The difference between the provider's clock and this device's that is let pass, in seconds: the server's own. */
const SKEW = 60;
/** The longest token that the server reads, in bytes. */
const LONGEST_TOKEN = 8_000;

/** The tokens of one operator, in memory alone. */
export interface Tokens {
  /** The one that the server is sent: its `aud` is the deployment's. */
  readonly sent: string;
  /** The seconds that it lives, by the provider's own times; 0 if the provider tells none. */
  readonly seconds: number;
  readonly idToken: string;
  /** The `sub` of the id token; a renewed one must be of the same operator. */
  readonly subject: string;
  /** Absent if the provider gave none: then only another sign-in renews the tokens. */
  readonly refreshToken?: string;
}

/** The form by which an operator signs out at the provider. It is posted, so that no address has a token. */
export interface SignOutForm {
  readonly action: string;
  readonly fields: Readonly<Record<string, string>>;
}

type EndpointName = 'authorization_endpoint' | 'token_endpoint' | 'end_session_endpoint';

/** Asks the provider for its endpoints. Throws a {@link SignInFault}. */
export async function discover(provider: Provider): Promise<OpenId> {
  const { issuer, clientId } = provider;
  const host = new URL(issuer).host;
  try {
    const address = new URL(issuer);
    const response = await oauth.discoveryRequest(address, { algorithm: 'oidc', ...options(provider) });
    const server = await oauth.processDiscoveryResponse(address, response);
    return new OpenId(provider, server);
  } catch (error) {
    throw faultOf(error, host, clientId);
  }
}

/** The options of every request. Without TLS it goes to this machine alone, or the server would not have named the issuer. */
function options({ issuer }: Provider) {
  return { [oauth.customFetch]: boundedFetch, [oauth.allowInsecureRequests]: issuer.startsWith('http:') };
}

export class OpenId {
  readonly host: string;
  private readonly client: oauth.Client;

  constructor(
    private readonly provider: Provider,
    private readonly server: oauth.AuthorizationServer,
  ) {
    this.host = new URL(provider.issuer).host;
    this.client = { client_id: provider.clientId, [oauth.clockTolerance]: SKEW };
    // The server compares letter by letter.
    if (server.issuer !== provider.issuer)
      throw new SignInFault(
        `The issuer calls itself “${shown(server.issuer)}”, and JWT_ISSUER is “${provider.issuer}”. Set it to the issuer's own spelling.`,
      );
    for (const name of ['authorization_endpoint', 'token_endpoint'] as const)
      if (this.endpoint(name) === undefined) {
        const at = server[name] === undefined ? 'nowhere' : `at ${shown(server[name])}`;
        throw new SignInFault(`${this.host} has its ${name} ${at}, which this deployment does not allow. Name its origin in OIDC_ORIGINS.`);
      }
  }

  /** The address of an endpoint; `undefined` if the provider has none, or has it on an origin that the deployment does not name. */
  private endpoint(name: EndpointName): URL | undefined {
    const address = this.server[name];
    const url = typeof address === 'string' && URL.canParse(address) ? new URL(address) : undefined;
    return url && this.provider.origins.includes(url.origin) ? url : undefined;
  }

  /** Makes an attempt, and the address at which the operator signs in. */
  async begin(redirectUri: string, view: string): Promise<{ attempt: Attempt; address: string }> {
    const attempt = {
      state: oauth.generateRandomState(),
      nonce: oauth.generateRandomNonce(),
      verifier: oauth.generateRandomCodeVerifier(),
      view,
    };
    const address = new URL(this.endpoint('authorization_endpoint') ?? '');
    for (const [name, value] of Object.entries({
      client_id: this.provider.clientId,
      redirect_uri: redirectUri,
      response_type: 'code',
      scope: this.provider.scopes,
      state: attempt.state,
      nonce: attempt.nonce,
      code_challenge: await oauth.calculatePKCECodeChallenge(attempt.verifier),
      code_challenge_method: 'S256',
    }))
      address.searchParams.set(name, value);
    return { attempt, address: address.href };
  }

  /** Exchanges the code of an answer. Throws a {@link SignInFault}. */
  async finish(redirectUri: string, { parameters, attempt }: ProviderAnswer): Promise<Tokens> {
    if (!attempt)
      throw new SignInFault('This tab has no open sign-in: the answer is of another tab, or was used already. Sign in here once more.');
    if (parameters.get('state') !== attempt.state)
      throw new SignInFault(
        'The answer is not for the sign-in that this tab began, and was dropped. If you did not open it yourself, close it; then sign in again.',
      );
    try {
      const { server, client } = this;
      const checked = oauth.validateAuthResponse(server, client, parameters, attempt.state);
      const response = await oauth.authorizationCodeGrantRequest(
        server,
        client,
        oauth.None(),
        checked,
        redirectUri,
        attempt.verifier,
        options(this.provider),
      );
      const answer = await oauth.processAuthorizationCodeResponse(server, client, response, {
        expectedNonce: attempt.nonce,
        requireIdToken: true,
      });
      return this.tokensOf(answer);
    } catch (error) {
      throw faultOf(error, this.host, this.provider.clientId);
    }
  }

  /** Renews tokens by their refresh token. Answers the same without one if the provider gives no more; rejects if it does not answer. */
  async renew(tokens: Tokens): Promise<Tokens> {
    const { refreshToken = '', ...rest } = tokens;
    const { server, client } = this;
    const response = await oauth.refreshTokenGrantRequest(server, client, oauth.None(), refreshToken, options(this.provider));
    if (response.status >= 500) throw new Error(`${this.host} answered ${response.status}`);
    try {
      const renewed = this.tokensOf(await oauth.processRefreshTokenResponse(server, client, response), tokens);
      return renewed.subject === tokens.subject ? renewed : rest;
    } catch {
      return rest;
    }
  }

  /** True if the provider has an endpoint at which operators sign out. */
  get hasSignOut(): boolean {
    return this.endpoint('end_session_endpoint') !== undefined;
  }

  /** The form that signs out at the provider and leads back. */
  signOutForm({ idToken }: Tokens, redirectUri: string): SignOutForm {
    const action = this.endpoint('end_session_endpoint')?.href ?? '';
    return { action, fields: { id_token_hint: idToken, client_id: this.provider.clientId, post_logout_redirect_uri: redirectUri } };
  }

  /** The tokens of an answer; what a renewal leaves out stays as it was `before`. */
  private tokensOf(answer: oauth.TokenEndpointResponse, before?: Tokens): Tokens {
    const { audience } = this.provider;
    const [sent] = [answer.access_token, answer.id_token].flatMap(token => {
      const claims = token === undefined ? undefined : claimsOf(token);
      return token !== undefined && claims && [claims.aud].flat().includes(audience) ? [{ token, claims }] : [];
    });
    if (!sent)
      throw new SignInFault(
        `No token of ${this.host} is for “${audience}”. Set JWT_AUDIENCE to “${this.provider.clientId}”, for which the id token is, or name a scope in OIDC_SCOPES for which the access token is a JWT with that audience.`,
      );
    if (sent.token.length > LONGEST_TOKEN)
      throw new SignInFault(
        `The token of ${this.host} has ${sent.token.length} bytes; the server reads ${LONGEST_TOKEN}. Have the issuer put fewer groups into it.`,
      );
    const { exp, iat } = sent.claims;
    const seconds = typeof exp === 'number' && typeof iat === 'number' ? exp - iat : (answer.expires_in ?? 0);
    const refreshToken = answer.refresh_token ?? before?.refreshToken;
    return {
      sent: sent.token,
      seconds,
      idToken: answer.id_token ?? before?.idToken ?? '',
      subject: oauth.getValidatedIdTokenClaims(answer)?.sub ?? before?.subject ?? '',
      ...(refreshToken !== undefined && { refreshToken }),
    };
  }
}

interface ReadClaims {
  readonly aud?: unknown;
  readonly exp?: unknown;
  readonly iat?: unknown;
}

/** The claims of a JWT, unchecked: the server checks them. `undefined` for a token of another form. */
function claimsOf(token: string): ReadClaims | undefined {
  try {
    const [, payload = ''] = token.split('.');
    const bytes = Uint8Array.from(atob(payload.replaceAll('-', '+').replaceAll('_', '/')), letter => letter.charCodeAt(0));
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof claims === 'object' && claims !== null ? claims : undefined;
  } catch {
    return undefined;
  }
}
