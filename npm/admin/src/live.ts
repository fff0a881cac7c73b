/** Notices changes that others made. This file alone decides when the page asks again. */
import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

import { type Api, take } from './api/client.js';
import { Refusal } from './api/refusal.js';
import { followVersions, type ToldVersion } from './api/version-stream.js';
import { useRights, useSession } from './session.js';

/** The time between two questions while no stream tells the page, in milliseconds. 20 a minute are far from the server's limit of reads. */
const POLL_MS = 3_000;
/** The same while a stream does: it notices a hub that went away. */
const CHECK_MS = 10_000;
/** The least time between two rounds of reading, in milliseconds: an import makes hundreds of versions. */
const GATHER_MS = 500;
/** The times to wait before the stream is opened again, in milliseconds. */
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 30_000;

/** `live`: a stream tells of each change. `polled`: the page asks for changes. The others name why nothing is known. */
export type State = 'asking' | 'live' | 'polled' | 'offline' | 'hubDown' | 'signedOut';

export interface Liveness {
  readonly state: State;
  /** The moment of the last good answer, in milliseconds since 1970; absent before the first. */
  readonly seenAt?: number;
}

/** Follows an environment while the page is looked at, and has every view read again once something has changed. */
export function useLive(environment: string | undefined): Liveness {
  const { api } = useSession();
  // The stream tells of every owner, so it is closed to callers of one organization: for them the page asks.
  const { readAll } = useRights();
  const queries = useQueryClient();
  const [liveness, setLiveness] = useState<Liveness>({ state: 'asking' });
  useEffect(() => {
    const follower = new Follower(api, queries, environment, setLiveness);
    follower.start(readAll);
    return () => follower.stop();
  }, [api, queries, environment, readAll]);
  return liveness;
}

/** Has every view read again what a change may have changed; figures that are read by time stay. */
export function readAgain(queries: QueryClient): void {
  void queries.invalidateQueries({ predicate: ({ meta }) => meta?.isTimed !== true });
}

class Follower {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private reading: ReturnType<typeof setTimeout> | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private readonly over = new AbortController();
  private stream: AbortController | undefined;
  /** True while the stream has told of a version. */
  private isTold = false;
  private told: ToldVersion | undefined;
  private newest: { readonly sequence: number; readonly version: number } | undefined;
  private readAt = Number.NEGATIVE_INFINITY;
  private retryMs = FIRST_RETRY_MS;
  private seenAt: number | undefined;

  constructor(
    private readonly api: Api,
    private readonly queries: QueryClient,
    private readonly environment: string | undefined,
    private readonly report: (liveness: Liveness) => void,
  ) {}

  start(hasStream: boolean): void {
    const { signal } = this.over;
    const again = () => {
      this.retryMs = FIRST_RETRY_MS;
      void this.ask();
      if (hasStream) this.follow();
    };
    document.addEventListener('visibilitychange', again, { signal });
    addEventListener('online', again, { signal });
    addEventListener('offline', again, { signal });
    again();
  }

  stop(): void {
    this.over.abort();
    this.stream?.abort();
    clearTimeout(this.timer);
    clearTimeout(this.reading);
    clearTimeout(this.retry);
  }

  /** Asks for the newest change, and again after a time. */
  private async ask(): Promise<void> {
    clearTimeout(this.timer);
    if (document.visibilityState === 'visible') {
      const state = await this.news();
      if (this.over.signal.aborted) return;
      this.report({ state, ...(this.seenAt !== undefined && { seenAt: this.seenAt }) });
      clearTimeout(this.timer);
      this.timer = setTimeout(() => void this.ask(), state === 'live' ? CHECK_MS : POLL_MS);
    }
  }

  private async news(): Promise<State> {
    try {
      const query = { limit: 1, ...(this.environment !== undefined && { environment: this.environment }) };
      const { changes } = await take(this.api.GET('/api/admin/changes', { params: { query } }));
      const [newest] = changes;
      const found = { sequence: newest?.sequence ?? 0, version: newest?.version ?? 0 };
      const before = this.newest;
      this.newest = found;
      const isHeard =
        this.told !== undefined && before !== undefined && found.sequence > before.sequence && found.version <= this.told.number;
      if (before !== undefined && before.sequence !== found.sequence && !isHeard) this.readAgain(0);
      this.seenAt = Date.now();
      return this.isTold ? 'live' : 'polled';
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      if (error.kind === 'signedOut') return 'signedOut';
      return error.kind === 'unreachable' ? 'offline' : 'hubDown';
    }
  }

  /** Opens the stream while the page is looked at, and again when it ends. A caller to whom it is closed polls. */
  private follow(): void {
    clearTimeout(this.retry);
    if (document.visibilityState !== 'visible') {
      this.stream?.abort();
      return;
    }
    if (this.stream || this.over.signal.aborted) return;
    const stream = new AbortController();
    this.stream = stream;
    followVersions(this.api, this.environment, stream.signal, told => this.hear(told))
      .then(
        () => true,
        (error: unknown) => !(error instanceof Refusal) || ['unreachable', 'unavailable'].includes(error.kind),
      )
      .then(mayReturn => {
        this.stream = undefined;
        const wasTold = this.isTold;
        this.isTold = false;
        if (this.over.signal.aborted) return;
        if (wasTold) void this.ask();
        if (!mayReturn || document.visibilityState !== 'visible') return;
        this.retry = setTimeout(() => this.follow(), this.retryMs * (0.5 + Math.random() / 2));
        this.retryMs = Math.min(this.retryMs * 2, LAST_RETRY_MS);
      });
  }

  private hear(told: ToldVersion): void {
    const before = this.told;
    this.told = told;
    this.retryMs = FIRST_RETRY_MS;
    if (!this.isTold) {
      this.isTold = true;
      // The stream may have been away while something changed.
      void this.ask();
    } else if (before === undefined || before.epoch !== told.epoch || before.number < told.number)
      this.readAgain(Math.random() * told.spread);
  }

  /** Has every view read again, once for all the news of half a second. */
  private readAgain(afterMs: number): void {
    if (this.reading !== undefined || this.over.signal.aborted) return;
    const wait = Math.max(afterMs, this.readAt + GATHER_MS - performance.now());
    const read = () => {
      this.reading = undefined;
      this.readAt = performance.now();
      readAgain(this.queries);
    };
    if (wait <= 0) read();
    else this.reading = setTimeout(read, wait);
  }
}
