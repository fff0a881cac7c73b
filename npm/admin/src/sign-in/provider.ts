/** Sign-in and sign-out at the deployment's provider, and requests with tokens that are renewed there. */
import { createApi, take, withToken } from '../api/client.js';
import type { Provider } from '../api/model.js';
import { Refusal } from '../api/refusal.js';
import type { Credentials } from '../session.js';
import type { ProviderAnswer } from './answer.js';
import { keepAttempt } from './attempt.js';
import type * as OpenIdModule from './openid.js';

/** The script that speaks with the provider. It is no part of the first load. */
const SCRIPT = '/dashboard/openid.js';
/** The time before its end at which a token is renewed, in milliseconds; at most half of its life. */
const MARGIN_MS = 60_000;

/** The provider of the deployment; `undefined` if it has none. */
export async function deploymentsProvider(): Promise<Provider | null> {
  const api = createApi((path, init) => fetch(path, { ...init, credentials: 'omit' }));
  return (await take(api.GET('/dashboard/sign-in'))).openId ?? null;
}

/** The address to which the provider leads back: this page without its view. */
const ownAddress = () => location.origin + location.pathname;

async function discover(provider: Provider): Promise<OpenIdModule.OpenId> {
  const script = await (import(SCRIPT) as Promise<typeof OpenIdModule>).catch(() => {
    throw Refusal.unreachable();
  });
  return script.discover(provider);
}

/** Goes to the provider. The page that comes back opens the view that is open now. */
export async function beginSignIn(provider: Provider): Promise<void> {
  await goTo(await discover(provider));
}

async function goTo(openId: OpenIdModule.OpenId): Promise<void> {
  const { attempt, address } = await openId.begin(ownAddress(), location.hash);
  keepAttempt(attempt);
  location.assign(address);
}

/** The credentials that an answer of the provider brings. Throws an error whose message says what to do. */
export async function finishSignIn(provider: Provider, answer: ProviderAnswer): Promise<Credentials> {
  const openId = await discover(provider);
  const held = new HeldTokens(openId, await openId.finish(ownAddress(), answer));
  return { send: held.send, leave: () => held.leave(), again: () => goTo(openId) };
}

/** The tokens of the operator, in this object alone. */
class HeldTokens {
  private renewedAt = Date.now();
  private renewal: Promise<boolean> | undefined;

  constructor(
    private readonly openId: OpenIdModule.OpenId,
    private tokens: OpenIdModule.Tokens,
  ) {}

  /** Sends a request with a token that holds. What the server refuses in spite of that is sent once more with a new token. */
  readonly send: Credentials['send'] = async (path, init) => {
    if (this.endsSoon()) await this.renew();
    const { sent } = this.tokens;
    const response = await withToken(sent)(path, init);
    if (response.status !== 401) return response;
    // Another request may have renewed it meanwhile. A token that is new and is refused will be refused again.
    const isOther = sent !== this.tokens.sent || (Date.now() - this.renewedAt > MARGIN_MS && (await this.renew()));
    return isOther ? withToken(this.tokens.sent)(path, init) : response;
  };

  private endsSoon(): boolean {
    const lifeMs = this.tokens.seconds * 1_000;
    return Date.now() > this.renewedAt + lifeMs - Math.min(MARGIN_MS, lifeMs / 2);
  }

  /** Renews the tokens, once for all requests that wait for it: a provider that rotates refresh tokens takes each of them once. */
  private renew(): Promise<boolean> {
    if (this.tokens.refreshToken === undefined) return Promise.resolve(false);
    this.renewal ??= this.ask().finally(() => {
      this.renewal = undefined;
    });
    return this.renewal;
  }

  private async ask(): Promise<boolean> {
    try {
      const renewed = await this.openId.renew(this.tokens);
      if (renewed) {
        this.tokens = renewed;
        this.renewedAt = Date.now();
      } else {
        const { refreshToken: _, ...rest } = this.tokens;
        this.tokens = rest;
      }
      return renewed !== undefined;
    } catch {
      // The provider does not answer. The token may hold still, and the next request asks again.
      return false;
    }
  }

  /** Signs out at the provider, if it has an endpoint for that, which leaves this page. */
  leave(): void {
    const described = this.openId.signOutForm(this.tokens, ownAddress());
    if (!described) return;
    const form = document.createElement('form');
    form.method = 'post';
    form.action = described.action;
    for (const [name, value] of Object.entries(described.fields)) {
      const field = document.createElement('input');
      Object.assign(field, { type: 'hidden', name, value });
      form.append(field);
    }
    document.body.append(form);
    form.submit();
  }
}
