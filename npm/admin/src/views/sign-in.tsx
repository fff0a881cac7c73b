/** Sign-in at the deployment's provider, or by a token of the issuer, an API token or the break-glass token. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { withToken } from '../api/client.js';
import { Brand } from '../parts/brand.js';
import { Field } from '../parts/field.js';
import { ProblemNote } from '../parts/states.js';
import { useSubmission } from '../parts/submission.js';
import type { Credentials } from '../session.js';
import { deploymentsProvider } from '../sign-in/provider.js';
import { WithProvider } from '../sign-in/with-provider.js';

export function SignIn({ signIn }: { signIn: (credentials: Credentials) => Promise<void> }) {
  const [token, setToken] = useState('');
  const { isBusy, error, submit } = useSubmission();
  const provider = useQuery({ queryKey: ['provider'], queryFn: deploymentsProvider });
  return (
    <main className="door">
      <Brand />
      <h1>Sign in</h1>
      {provider.isError && <ProblemNote error={provider.error} onRetry={() => void provider.refetch()} />}
      {provider.data && <WithProvider provider={provider.data} signIn={signIn} />}
      <form className="stack" onSubmit={event => submit(event, () => signIn({ send: withToken(token.trim()) }))}>
        <Field label="Token" hint="Of your identity provider, an API token, or the break-glass token. It stays in this page's memory.">
          {props => (
            <input
              {...props}
              type="password"
              name="token"
              value={token}
              onChange={event => setToken(event.target.value)}
              required
              autoComplete="off"
              spellCheck={false}
            />
          )}
        </Field>
        {error !== undefined && <ProblemNote error={error} />}
        <button type="submit" className={provider.data ? undefined : 'accent'} disabled={isBusy}>
          {isBusy ? 'One moment…' : 'Sign in'}
        </button>
      </form>
      <details>
        <summary>Where do I get a token?</summary>
        <p>
          On the server's machine, <code>twinflag token --role operator --sub you@example.com</code> prints one for an hour. In development,{' '}
          <code>adminToken</code> in <code>dev.json</code> is an administrator's. The break-glass token is for the day on which no other
          opens; each use of it is recorded.
        </p>
      </details>
    </main>
  );
}
