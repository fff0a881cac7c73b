/** A snapshot in a file. It holds the rules and the bucket key: its owner alone may read it. */
import { readFile, rename, rm, writeFile } from 'node:fs/promises';

import type { SnapshotStore } from './snapshot.js';

/** Keeps the snapshot in a file. A reader sees the old text or the new one, and never a part. */
export function fileSnapshot(path: string): SnapshotStore {
  let writes = 0;
  return {
    async read() {
      try {
        return await readFile(path, 'utf8');
      } catch (error) {
        if ((error as { code?: string }).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    async write(text) {
      const beside = `${path}.${process.pid}.${++writes}`;
      try {
        await writeFile(beside, text, { mode: 0o600 });
        await rename(beside, path);
      } catch (error) {
        await rm(beside, { force: true });
        throw error;
      }
    },
  };
}
