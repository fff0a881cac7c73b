// The output of a server that a test started.
const PATIENCE_MS = 30_000;

/**
 * Collects what a child process prints on both streams.
 *
 * A line is printed at its own time: `heard` waits for it. `said` is the whole output once the process has ended.
 */
export function outputOf(child) {
  let said = '';
  const listeners = new Set();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', chunk => {
      said += chunk;
      for (const listen of listeners) listen();
    });
  }
  /** Waits until the output has what a pattern looks for, and returns its first group; fails if it does not come in time. */
  const heard = pattern =>
    new Promise((resolve, reject) => {
      const patience = setTimeout(() => reject(new Error(`never said: ${pattern}\n${said}`)), PATIENCE_MS);
      const listen = () => {
        const found = pattern.exec(said);
        if (!found) return;
        clearTimeout(patience);
        listeners.delete(listen);
        resolve(found[1]);
      };
      listeners.add(listen);
      listen();
    });
  return { said: () => said, heard };
}
