/** What takes long and is the same for all clients: done once. A failure is forgotten, so that the next asks again. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () =>
    (made ??= make().catch((reason: unknown) => {
      made = undefined;
      throw reason;
    }));
}
