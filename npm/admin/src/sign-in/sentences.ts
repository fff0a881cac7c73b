/** The failures of a sign-in at the provider, each as a sentence with what to do. */
import * as oauth from 'oauth4webapi';

import { TooLong, Unanswered } from './bounded-fetch.js';

/** The most characters that are shown of a text of the provider. */
const MOST = 200;

export const shown = (text: unknown): string => String(text).slice(0, MOST);

/** A failure whose message is for the operator, and says what to do. */
export class SignInFault extends Error {}

/** The failure of a step; `host` is the provider's, `client` the id of the dashboard's client there. */
export function faultOf(error: unknown, host: string, client: string): SignInFault {
  return error instanceof SignInFault ? error : new SignInFault(sentenceOf(error, host, client), { cause: error });
}

function sentenceOf(error: unknown, host: string, client: string): string {
  const here = location.origin + location.pathname;
  if (error instanceof Unanswered)
    return `${host} does not answer, or does not let this page ask it. Check that it is running, that JWT_ISSUER is its address, and that it allows requests from ${location.origin} (CORS). Until then, sign in with a token.`;
  if (error instanceof TooLong)
    return `${host} sends more than ${error.bytes.toLocaleString('en')} bytes, which is no OpenID Connect. Check that JWT_ISSUER is its address.`;
  if (error instanceof oauth.AuthorizationResponseError)
    return `${host} did not sign you in: ${told(error)}. Try again; if it stays so, ask the administrator of ${host}.`;
  if (error instanceof oauth.ResponseBodyError) {
    if (error.error === 'invalid_grant') return `${host} refused the code: it was used before, or is too old. Sign in again.`;
    return `${host} refused the exchange of the code: ${told(error)}. The client “${client}” there must be a public one (no secret, PKCE) with the redirect URI ${here}.`;
  }
  switch (error instanceof Error && 'code' in error ? error.code : undefined) {
    case oauth.JWT_TIMESTAMP_CHECK:
      return `By this device's clock the token of ${host} is not valid now. Set the clock of this device, then sign in again.`;
    case oauth.JWT_CLAIM_COMPARISON:
    case oauth.JSON_ATTRIBUTE_COMPARISON:
      return `The answer of ${host} was made for another sign-in, client or issuer, and was dropped. Sign in again; if it stays so, compare JWT_ISSUER and OIDC_CLIENT_ID with what ${host} says.`;
    case oauth.RESPONSE_IS_NOT_CONFORM:
    case oauth.RESPONSE_IS_NOT_JSON:
    case oauth.PARSE_ERROR:
    case oauth.INVALID_RESPONSE:
    case oauth.INVALID_SERVER_METADATA:
    case oauth.MISSING_SERVER_METADATA:
      return `${host} answered something that is no OpenID Connect: ${shown((error as Error).message)}. Check JWT_ISSUER.`;
    default:
      return error instanceof Error ? shown(error.message) : shown(error);
  }
}

function told({ error, error_description: more }: oauth.AuthorizationResponseError | oauth.ResponseBodyError): string {
  return shown(more === undefined ? error : `${error}, “${shown(more)}”`);
}
