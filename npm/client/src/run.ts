/** Runs one side of a feature, and the other one in its place if it fails. */
import type { Sides } from './flag-client.js';

/** @param fail takes the error of a side that failed */
export function run<T>(isOn: boolean, { on, off }: Sides<T>, fail?: (reason: unknown) => void): T {
  if (!isOn) return off();
  const failed = (reason: unknown) => {
    fail?.(reason);
    return off();
  };
  try {
    const answer = on();
    return answer instanceof Promise ? (answer.catch(failed) as T) : answer;
  } catch (reason) {
    return failed(reason);
  }
}
