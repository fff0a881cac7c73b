/** The longest delay that `setTimeout` takes; a longer one would end at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** A timer that is set for one moment at a time. */
export interface Timer {
  /** Runs after this many milliseconds, instead of whenever it was to run; after 24.8 days at most. */
  set(delayMs: number): void;
  clear(): void;
}

export function createTimer(run: () => void): Timer {
  let id: ReturnType<typeof setTimeout> | undefined;
  const clear = () => clearTimeout(id);
  return {
    set(delayMs) {
      clear();
      id = setTimeout(run, Math.min(delayMs, LONGEST_MS));
      // Node would wait for it before it ends; in a page it is a number.
      (id as { unref?(): void }).unref?.();
    },
    clear,
  };
}
