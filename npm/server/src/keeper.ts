/** Keeps the rules and the overrides that were asked for: fetches them, refreshes them, and goes on with the last known ones. */
import type { Full } from '@twinflag/client/full';
import { asTwinflagError, type Breaker, type Exchange, TwinflagError } from '@twinflag/edge/internal';

import { askOwners, createHeldOwners, type HeldOwner, nameOf, type Owner, type OwnersAnswer, questionsOf } from './owners.js';
import { compiled, createVersions, type Rules, rulesTextOf } from './rules.js';
import { readSnapshot, type SnapshotStore, writeSnapshot } from './snapshot.js';
import { spelled, type Version, versionOf } from './version.js';

export interface KeeperOptions {
  readonly full: () => Full;
  readonly exchange: Exchange;
  readonly breaker: Breaker;
  /** 0 for no refreshes of its own accord. */
  readonly refreshMs: number;
  readonly readyMs: number;
  readonly maxRulesBytes: number;
  readonly maxOwnerBytes: number;
  readonly snapshot: SnapshotStore | undefined;
  /** Names the flag server and the key, for the snapshot. */
  readonly source: () => string;
  /**
   * Whether timers refresh, and one request serves all who ask. In workerd a promise hangs once the request that made it has ended: there
   * each check sees whether a refresh is due, and asks on its own.
   */
  readonly shares: boolean;
  readonly behind: (work: Promise<unknown>) => void;
  readonly onError: (error: TwinflagError) => void;
}

export interface Keeper {
  readonly rules: Rules | undefined;
  /** The newest version that was confirmed; the document may be that of an earlier one, if nothing but overrides has changed since. */
  readonly version: Version | undefined;
  /** True if the answers may be older than those of the flag server. */
  readonly isStale: boolean;
  /** Why the last request failed; absent after one that did not. */
  readonly error: TwinflagError | undefined;
  /** The flag server's last word about an owner, which the ruleset in force knows then; absent where it was not asked yet. */
  held(owner: Owner): HeldOwner | undefined;
  /** Asks about owners; resolves when they are held, or could not be asked for. */
  learn(owners: readonly Owner[]): Promise<void>;
  /** Refreshes behind the present check, if that is due and no timer does. */
  touch(): void;
  /** Asks the flag server now. */
  refresh(): Promise<void>;
  /** Resolves when there are rules, or the flag server could not be asked, or it takes too long. */
  ready(): Promise<void>;
  subscribe(listener: () => void): () => void;
  close(): Promise<void>;
}

/** Failures in a row after which answers are stale; and intervals without an answer. */
const STALE_FAILURES = 2,
  STALE_INTERVALS = 3;
const DEFAULT_INTERVAL_MS = 30_000;
/** The part of an interval by which it may be shortened. */
const JITTER = 0.1;
/** The shortest pause after a failure. */
const SHORTEST_PAUSE_MS = 100;
/** The most owners that are asked about at the same time; beyond that a check goes on without. */
const MOST_ASKED = 100_000;
/** An owner that was not asked about for so long is not refreshed. */
const IDLE_MS = 600_000;
/** How long a request may refresh on behalf of others, where promises are not shared. */
const LEASE_MS = 2000,
  LOOK_AGAIN_MS = 5;

export function createKeeper(options: KeeperOptions): Keeper {
  const { exchange, breaker, refreshMs, readyMs, maxRulesBytes, snapshot, shares, behind, onError } = options;
  const owners = createHeldOwners(options.maxOwnerBytes);
  const versions = createVersions();
  const listeners = new Set<() => void>();
  let rules: Rules | undefined, version: Version | undefined;
  /** The version at which all held owners are known to be as they are held, and when each was used last. */
  let ownersVersion: Version | undefined;
  const used = new Map<string, number>();
  /** When an answer was last confirmed, and when one was last asked for; 0 for never. */
  let confirmedAt = 0,
    askedAt = 0;
  let failures = 0,
    isServerStale = false,
    isUnsaved = false,
    closed = false;
  let error: TwinflagError | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let refreshing: Promise<void> | undefined;

  const since = (moment: number) => Math.abs(Date.now() - moment);
  const isOverdue = () => refreshMs > 0 && since(confirmedAt) >= STALE_INTERVALS * refreshMs;
  const report = (thrown: unknown) => {
    error = asTwinflagError(thrown);
    if (error.code !== 'CIRCUIT_OPEN') onError(error);
  };

  const takeOwners = (answer: OwnersAnswer) => {
    for (const [owner, held] of answer.owners.values()) {
      rules?.forget(owner.kind, owner.id);
      for (const gone of owners.set(owner, held)) {
        rules?.forget(gone.kind, gone.id);
        used.delete(nameOf(gone));
      }
    }
    isUnsaved ||= answer.owners.size > 0;
  };

  /** Puts rules in the place of those before. */
  const takeRules = (next: Rules) => {
    const before = rules;
    rules = next;
    isUnsaved = true;
    before?.close();
  };

  const ask = async (asked: readonly Owner[], wanted: { since?: Version; minVersion?: Version }): Promise<OwnersAnswer[]> => {
    const answers: OwnersAnswer[] = [];
    for (const question of questionsOf(asked)) answers.push(await askOwners(exchange, question, wanted));
    return answers;
  };

  /** One refresh; throws where it fails. */
  const attempt = async (): Promise<void> => {
    const known = version;
    const path = `/v1/ruleset?overrides=false${known ? `&since=${spelled(known)}` : ''}`;
    const { status, headers, text } = await exchange({ path });
    const isUnchanged = status === 204 || status === 304;
    const answered = isUnchanged ? undefined : rulesTextOf(text);
    const next = answered?.version ?? versionOf(headers.get('etag')?.replace(/^(?:W\/)?"|"$/g, '')) ?? known;
    if (!next || (isUnchanged && next.epoch !== known?.epoch))
      throw new TwinflagError({ code: 'ANSWER_MALFORMED', detail: 'the answer names no version' });
    versions.check(next, known);
    const isRestored = known !== undefined && known.epoch !== next.epoch;
    const fresh = answered && compiled(options.full(), answered);

    const active = [...owners.all()].map(([owner]) => owner).filter(owner => since(used.get(nameOf(owner)) ?? 0) < IDLE_MS);
    if (isRestored) {
      // Nothing of the store before may stay, and no check may see half of each.
      try {
        const answers = await ask(active, { minVersion: next });
        if (answers.some(answer => answer.version.epoch !== next.epoch))
          throw new TwinflagError({ code: 'ANSWER_OUTDATED', detail: 'the overrides are of another store than the rules' });
        versions.leave(known.epoch);
        owners.clear();
        used.clear();
        takeRules(fresh!);
        for (const owner of active) used.set(nameOf(owner), Date.now());
        answers.forEach(takeOwners);
      } catch (thrown) {
        if (rules !== fresh) fresh!.close();
        throw thrown;
      }
      ownersVersion = next;
    } else {
      if (fresh) takeRules(fresh);
      version = next;
      if (active.length > 0 && ownersVersion && ownersVersion.number < next.number) {
        const answers = await ask(active, { since: ownersVersion, minVersion: next });
        if (answers.some(answer => answer.version.epoch !== next.epoch || answer.version.number < next.number))
          throw new TwinflagError({ code: 'ANSWER_OUTDATED', detail: 'the overrides are older than the rules' });
        answers.forEach(takeOwners);
      }
      ownersVersion = next;
      const kept = new Set(active.map(nameOf));
      for (const [owner] of [...owners.all()]) if (!kept.has(nameOf(owner))) forgetIdle(owner);
    }
    version = next;
    isServerStale = headers.has('twinflag-stale');
    if (!isServerStale) confirmedAt = Date.now();
  };

  /** An owner that is not refreshed any more may not be answered from. */
  const forgetIdle = (owner: Owner) => {
    rules?.forget(owner.kind, owner.id);
    owners.remove(owner);
    used.delete(nameOf(owner));
  };

  const refresh = async (): Promise<void> => {
    if (closed) return;
    askedAt = Date.now();
    const [rulesBefore, versionBefore, staleBefore] = [rules, version, keeper.isStale];
    try {
      await breaker.guard(attempt);
      failures = 0;
      error = undefined;
    } catch (thrown) {
      failures++;
      report(thrown);
    }
    if (closed) return;
    if (rulesBefore !== rules || versionBefore !== version || staleBefore !== keeper.isStale)
      for (const listener of [...listeners]) call(listener);
    save();
    schedule();
  };
  const call = (listener: () => void) => {
    try {
      listener();
    } catch (thrown) {
      onError(asTwinflagError(thrown));
    }
  };

  const schedule = () => {
    if (!shares || closed) return;
    clearTimeout(timer);
    if (refreshMs === 0 && rules) return;
    const interval = (refreshMs || DEFAULT_INTERVAL_MS) * (1 - JITTER * Math.random());
    timer = setTimeout(
      () => void shared(),
      failures ? Math.max(SHORTEST_PAUSE_MS, Math.min(breaker.pauseMs || interval, interval)) : interval,
    );
    (timer as { unref?(): void }).unref?.();
  };

  /** One refresh for all who ask meanwhile. */
  const shared = (): Promise<void> => {
    if (!shares) return refresh();
    return (refreshing ??= refresh().finally(() => {
      refreshing = undefined;
    }));
  };

  /** Writes of snapshots, one behind the other. */
  let saving: Promise<void> = Promise.resolve();
  const save = () => {
    if (!snapshot || !rules || !isUnsaved) return;
    isUnsaved = false;
    // The version that all of it was confirmed at; refreshed from there, nothing is missed.
    const { bucketKey, document } = rules;
    const taken = { rules: { version: ownersVersion ?? version!, bucketKey, document }, owners: [...owners.all()] };
    const write = async () => snapshot.write(await writeSnapshot(taken, options.source()));
    const written = saving.then(write).catch(cause => {
      onError(new TwinflagError({ code: 'SNAPSHOT_FAILED', detail: 'the snapshot could not be written', cause }));
    });
    saving = shares ? written : Promise.resolve();
    behind(written);
  };

  const restore = async () => {
    if (!snapshot) return;
    try {
      const text = await snapshot.read();
      if (!text || rules) return;
      const held = await readSnapshot(text, options.source(), 2 * (maxRulesBytes + options.maxOwnerBytes));
      const restored = compiled(options.full(), held.rules);
      if (rules || closed) return restored.close();
      rules = restored;
      version = ownersVersion = held.rules.version;
      for (const [owner, known] of held.owners) {
        owners.set(owner, known);
        used.set(nameOf(owner), Date.now());
      }
    } catch (thrown) {
      report(
        thrown instanceof TwinflagError
          ? thrown
          : new TwinflagError({ code: 'SNAPSHOT_FAILED', detail: 'it cannot be read', cause: thrown }),
      );
    }
  };

  /** Asks about owners; never throws. */
  const learn = async (wanted: readonly Owner[]): Promise<void> => {
    try {
      for (let again = true; ; again = false) {
        const answers = await breaker.guard(() => ask(wanted, version ? { minVersion: version } : {}));
        if (answers.every(answer => answer.version.epoch === version?.epoch)) return answers.forEach(takeOwners);
        if (!again) throw new TwinflagError({ code: 'ANSWER_OUTDATED', detail: 'the overrides are of another store than the rules' });
        await shared();
      }
    } catch (thrown) {
      report(thrown);
    }
  };
  /** The owners that the next request asks about, and the requests under way by owner. */
  let collecting: { readonly owners: Owner[]; readonly done: Promise<void> } | undefined;
  const asking = new Map<string, Promise<void>>();
  const collect = (): NonNullable<typeof collecting> => {
    const collected: Owner[] = [];
    const done = Promise.resolve().then(async () => {
      collecting = undefined;
      await learn(collected);
      for (const owner of collected) asking.delete(nameOf(owner));
    });
    return { owners: collected, done };
  };

  const isDue = () => since(askedAt) >= (rules ? refreshMs || Infinity : LEASE_MS);
  const start = async () => {
    // A store that never answers leaves half of the time to the flag server.
    await soon(restore(), readyMs / 2);
    await shared();
  };
  let started: Promise<void> | undefined;

  const keeper: Keeper = {
    get rules() {
      return rules;
    },
    get version() {
      return version;
    },
    get isStale() {
      return confirmedAt === 0 || isServerStale || failures >= STALE_FAILURES || isOverdue();
    },
    get error() {
      return error;
    },
    held(owner) {
      const held = owners.get(owner);
      if (!held) return undefined;
      used.set(nameOf(owner), Date.now());
      rules?.apply(owner.kind, owner.id, held.tree);
      return held;
    },
    learn(wanted) {
      if (closed || wanted.length === 0) return Promise.resolve();
      for (const owner of wanted) if (used.size < MOST_ASKED) used.set(nameOf(owner), Date.now());
      if (!shares) return learn(wanted);
      for (const owner of wanted) {
        const name = nameOf(owner);
        if (asking.has(name) || asking.size >= MOST_ASKED) continue;
        collecting ??= collect();
        collecting.owners.push(owner);
        asking.set(name, collecting.done);
      }
      return Promise.all(wanted.map(owner => asking.get(nameOf(owner)))).then(() => undefined);
    },
    touch() {
      if (!shares && isDue()) behind(refresh());
    },
    refresh: shared,
    async ready() {
      if (closed) return;
      if (shares) {
        started ??= start();
        return soon(started, readyMs);
      }
      if (rules) return;
      if (isDue()) {
        askedAt = Date.now();
        behind(start());
      }
      for (const end = Date.now() + readyMs; !rules && Date.now() < end && askedAt && since(askedAt) < LEASE_MS; )
        await new Promise(resolve => setTimeout(resolve, LOOK_AGAIN_MS));
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      if (closed) return;
      save();
      closed = true;
      clearTimeout(timer);
      listeners.clear();
      // A store that never answers may not keep the process.
      await soon(saving, readyMs);
      rules?.close();
      rules = undefined;
    },
  };
  return keeper;
}

/** Resolves when the work has ended, or in time. */
export async function soon(work: Promise<unknown>, ms: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>(resolve => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
