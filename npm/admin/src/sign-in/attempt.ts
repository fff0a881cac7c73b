/** A sign-in at the provider that has begun: what this tab keeps of it until the provider's answer. It holds no token. */

/** The name under which the tab's session storage has the attempt. */
const NAME = 'twinflag.sign-in';
/** The most characters of an attempt; a longer text is none of ours. */
const MOST = 8_192;

export interface Attempt {
  /** Comes back with the answer, and so tells that this tab asked for it. */
  readonly state: string;
  /** Comes back inside of the id token, and so tells that it was made for this attempt. */
  readonly nonce: string;
  /** The secret of PKCE, without which the code is worth nothing. */
  readonly verifier: string;
  /** The view that was asked for: the address from `#` on. */
  readonly view: string;
}

/** Keeps an attempt in place of an earlier one of this tab. Throws if the browser lets the page keep nothing. */
export function keepAttempt(attempt: Attempt): void {
  try {
    sessionStorage.setItem(NAME, JSON.stringify(attempt));
  } catch {
    throw new Error('This browser lets the page store nothing until the answer comes. Allow this site to store data, then sign in again.');
  }
}

/** Takes the attempt out of the storage; `undefined` if this tab has none. */
export function takeAttempt(): Attempt | undefined {
  try {
    const text = sessionStorage.getItem(NAME);
    sessionStorage.removeItem(NAME);
    return text === null || text.length > MOST ? undefined : attemptOf(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function attemptOf(value: Partial<Record<keyof Attempt, unknown>> | null): Attempt | undefined {
  const { state, nonce, verifier, view } = value ?? {};
  if (typeof state !== 'string' || typeof nonce !== 'string' || typeof verifier !== 'string') return undefined;
  return { state, nonce, verifier, view: typeof view === 'string' && view.startsWith('#') ? view : '' };
}
