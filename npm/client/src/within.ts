/** Waits for work until it is aborted, whether or not the work itself notices; then it fails with the signal's reason. */
export function within<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
    work().then(resolve, reject);
  });
}
