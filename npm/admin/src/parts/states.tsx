/** The states of a view that has no content to show: loading, empty, or a refusal with what to do about it. */
import type { ReactNode } from 'react';

import { Refusal } from '../api/refusal.js';

export function Loading({ what }: { what: string }) {
  return (
    <p className="state" role="status">
      Loading {what}…
    </p>
  );
}

/** The content of a view once its data is there; until then that it loads, or the refusal. A later refusal leaves what is shown. */
export function Loaded<T>({
  query,
  what,
  children,
}: {
  query: { data: T | undefined; error: unknown; refetch: () => unknown };
  what: string;
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) return children(query.data);
  return query.error === null ? <Loading what={what} /> : <ProblemNote error={query.error} onRetry={() => void query.refetch()} />;
}

export function Empty({ children }: { children: ReactNode }) {
  return <div className="state">{children}</div>;
}

/** A refusal, in the server's words, with the next step where there is one. */
export function ProblemNote({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const refusal = error instanceof Refusal ? error : new Refusal('refused', error instanceof Error ? error.message : String(error));
  return (
    <div className="note bad" role="alert" data-kind={refusal.kind}>
      <p>
        <strong>{TITLES[refusal.kind]}</strong> {refusal.message}
      </p>
      {refusal.problem?.pointer !== undefined && (
        <p className="small">
          At <code>{refusal.problem.pointer || '/'}</code>
        </p>
      )}
      {NEXT[refusal.kind] !== undefined && <p className="small">{NEXT[refusal.kind]}</p>}
      {refusal.retryAfter !== undefined && <p className="small">Try again in {refusal.retryAfter} s.</p>}
      {onRetry && (
        <button type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}

const TITLES: Record<Refusal['kind'], string> = {
  unreachable: 'No answer.',
  signedOut: 'Signed out.',
  forbidden: 'Not allowed.',
  conflict: 'Somebody else changed it.',
  unavailable: 'The hub is away.',
  refused: 'Refused.',
};

const NEXT: Partial<Record<Refusal['kind'], string>> = {
  unreachable: 'Flags go on being answered. Check the connection, then try again.',
  signedOut: 'Sign in again with a token that is valid.',
  forbidden: 'Ask an administrator of this deployment for the role.',
  unavailable: 'Flags go on being answered from the last good version. Changes wait until the hub is back.',
};
