/** The button with which an operator whose token has ended signs in at the provider once more. */
import { useState } from 'react';

export function SignInAgain({ again }: { again: () => Promise<void> }) {
  const [fault, setFault] = useState<string>();
  const begin = () => {
    setFault(undefined);
    again().catch((error: unknown) => setFault(error instanceof Error ? error.message : String(error)));
  };
  return (
    <>
      {' '}
      <button type="button" onClick={begin}>
        Sign in again
      </button>
      {fault !== undefined && <span role="alert"> {fault}</span>}
    </>
  );
}
