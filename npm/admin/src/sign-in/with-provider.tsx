/** The button that signs in at the deployment's provider, and what became of the last attempt. */
import { useEffect, useState } from 'react';

import type { Provider } from '../api/model.js';
import { Refusal } from '../api/refusal.js';
import type { Credentials } from '../session.js';
import { takeAnswer } from './answer.js';
import { beginSignIn, finishSignIn } from './provider.js';

interface Fault {
  readonly message: string;
  /** Signs out at the provider, so that another account can be chosen; absent if nobody was signed in there. */
  readonly leave?: () => void;
}

export function WithProvider({ provider, signIn }: { provider: Provider; signIn: (credentials: Credentials) => Promise<void> }) {
  const { host } = new URL(provider.issuer);
  const [isBusy, setIsBusy] = useState(false);
  const [fault, setFault] = useState<Fault>();
  useEffect(() => {
    const answer = takeAnswer();
    if (answer) {
      setIsBusy(true);
      void (async () => {
        let credentials: Credentials | undefined;
        try {
          credentials = await finishSignIn(provider, answer);
          await signIn(credentials);
        } catch (error) {
          setIsBusy(false);
          setFault({
            message: sentenceOf(error, host, credentials !== undefined),
            ...(credentials?.leave && { leave: credentials.leave }),
          });
        }
      })();
    }
    // The browser may show this page again as it was left, when the operator goes back from the provider.
    const returned = (event: PageTransitionEvent) => event.persisted && setIsBusy(false);
    addEventListener('pageshow', returned);
    return () => removeEventListener('pageshow', returned);
  }, [provider, signIn, host]);
  const begin = () => {
    setIsBusy(true);
    setFault(undefined);
    beginSignIn(provider).catch((error: unknown) => {
      setIsBusy(false);
      setFault({ message: sentenceOf(error, host, false) });
    });
  };
  return (
    <section className="stack" aria-label={`Sign in with ${host}`}>
      {fault && (
        <div className="note bad" role="alert">
          <p>
            <strong>Not signed in.</strong> {fault.message}
          </p>
          {fault.leave && (
            <button type="button" onClick={fault.leave}>
              Sign out of {host}
            </button>
          )}
        </div>
      )}
      <button type="button" className="accent" disabled={isBusy} onClick={begin}>
        {isBusy ? 'One moment…' : `Sign in with ${host}`}
      </button>
    </section>
  );
}

/** The failure as a sentence; `isAtServer` if the provider has given a token, which the server was then sent. */
function sentenceOf(error: unknown, host: string, isAtServer: boolean): string {
  if (isAtServer && error instanceof Refusal) {
    if (error.kind === 'forbidden')
      return `${host} knows you, but your token gives you no role here. Ask an administrator of this deployment for one, or sign out of ${host} and use another account.`;
    if (error.kind === 'signedOut')
      return `The server does not accept the token of ${host}. Check JWT_ISSUER, JWT_AUDIENCE and JWKS_URL, that the token lives for a day at most, and the clock of the server.`;
  }
  return error instanceof Error ? error.message : String(error);
}
