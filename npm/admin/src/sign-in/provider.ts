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
/** The least time between two renewals, in milliseconds. */
const RETRY_MS = 5_000;

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
  const again = () => goTo(openId);
  return { send: held.send, again, ...(openId.hasSignOut && { leave: () => held.leave() }) };
}

/** The tokens of the operator, in this object alone. */
class HeldTokens {
  /** The moment from which the tokens are renewed, by this device's clock. */
  private dueAt: number;
  private renewal: Promise<void> | undefined;

  constructor(
    private readonly openId: OpenIdModule.OpenId,
    private tokens: OpenIdModule.Tokens,
  ) {
    this.dueAt = dueAtOf(tokens);
  }

  /** Sends a request with a token that holds, if the provider renews it. */
  readonly send: Credentials['send'] = async (path, init) => {
    if (Date.now() >= this.dueAt) await this.renew();
    return withToken(this.tokens.sent)(path, init);
  };

  /** Renews the tokens, once for all requests that wait for it: a provider that rotates refresh tokens takes each of them once. */
  private renew(): Promise<void> {
    this.renewal ??= this.ask().finally(() => {
      this.renewal = undefined;
    });
    return this.renewal;
  }

  private async ask(): Promise<void> {
    try {
      this.tokens = await this.openId.renew(this.tokens);
      this.dueAt = dueAtOf(this.tokens);
    } catch {
      // The provider does not answer. The token may hold still.
      this.dueAt = Date.now() + RETRY_MS;
    }
  }

  /** Signs out at the provider, which leaves this page. */
  leave(): void {
    const described = this.openId.signOutForm(this.tokens, ownAddress());
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

function dueAtOf({ seconds, refreshToken }: OpenIdModule.Tokens): number {
  if (refreshToken === undefined) return Number.POSITIVE_INFINITY;
  const lifeMs = seconds * 1_000;
  return Date.now() + Math.max(lifeMs - Math.min(MARGIN_MS, lifeMs / 2), RETRY_MS);
}
