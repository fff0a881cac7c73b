/** The state of a form that is sent: an attempt under way, or the refusal that the last one met. */
import { type SyntheticEvent, useState } from 'react';

export interface Submission {
  readonly isBusy: boolean;
  /** The refusal of the last attempt; `undefined` before one, and while the next is under way. */
  readonly error: unknown;
  /** Sends the form in place of the browser. After success the form stays busy: its view closes. */
  submit: (event: SyntheticEvent, send: () => Promise<void>) => void;
  /** Ends an attempt in a form that stays open after success. */
  rest: () => void;
  /** Forgets the refusal: the operator has changed what was refused. */
  forget: () => void;
}

export function useSubmission(): Submission {
  const [error, setError] = useState<unknown>();
  const [isBusy, setIsBusy] = useState(false);
  const rest = () => setIsBusy(false);
  const submit = (event: SyntheticEvent, send: () => Promise<void>) => {
    event.preventDefault();
    setIsBusy(true);
    setError(undefined);
    send().catch((refused: unknown) => {
      setError(refused);
      setIsBusy(false);
    });
  };
  const forget = () => setError(undefined);
  return { isBusy, error, submit, rest, forget };
}
