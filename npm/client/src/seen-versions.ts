/**
 * The versions that answers came from, spelled `<epoch>.<number>`: the number counts the changes of the edge's store, and the epoch
 * names the store's history. A restored store has a new epoch and counts on from the backup, so numbers of two epochs are not ordered.
 */
export interface SeenVersions {
  /** The newest version of the present epoch, to be sent as `minVersion`; empty before the first. */
  readonly newest: string;
  /** True for a version that is older than the newest one, of an epoch that was left, or, in a stale answer, of another epoch at all. */
  isBehind(version: string | undefined, stale: boolean): boolean;
  /** Takes note of a version. Another epoch is the present one from now on, unless the answer is stale: that one may be the epoch before. */
  see(version: string | undefined, stale: boolean): void;
}

/** The epoch and the number; neither where something between kept the version back, or spoilt it. */
const parts = (version: string | undefined) => /^([0-9a-f]{12})\.(\d{1,10})$/.exec(version ?? '') ?? [];

export function createSeenVersions(): SeenVersions {
  let epoch = '',
    number = 0;
  const left = new Set<string>();
  const isBehind = (version: string | undefined, stale: boolean) => {
    const [, its, count] = parts(version);
    return left.has(its!) || (its === epoch ? Number(count) < number : stale && !!its && !!epoch);
  };
  return {
    get newest() {
      return epoch && `${epoch}.${number}`;
    },
    isBehind,
    see(version, stale) {
      const [, its, count] = parts(version);
      if (!its || isBehind(version, stale)) return;
      if (its !== epoch) left.add(epoch);
      epoch = its;
      number = Number(count);
    },
  };
}
