/** The provider's answer, with which it sends the operator back to this page. */
import { type Attempt, takeAttempt } from './attempt.js';

export interface ProviderAnswer {
  readonly parameters: URLSearchParams;
  /** The attempt of this tab; `undefined` if it began none that is open. */
  readonly attempt: Attempt | undefined;
}

let waiting: ProviderAnswer | undefined;

/** Moves an answer out of the page's address and its entry in the history, and goes to the view that was asked for. Call it before anything reads the address. */
export function receiveAnswer(): void {
  const parameters = new URLSearchParams(location.search);
  if (!parameters.has('code') && !parameters.has('error')) return;
  const attempt = takeAttempt();
  waiting = { parameters, attempt };
  history.replaceState(null, '', location.pathname + (attempt?.view ?? location.hash));
}

/** The answer that was received; `undefined` once it was taken, for a code is good once. */
export function takeAnswer(): ProviderAnswer | undefined {
  const answer = waiting;
  waiting = undefined;
  return answer;
}
