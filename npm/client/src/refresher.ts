/**
 * Decides when the edge is asked again, and when answers that could not be confirmed are stale. It makes no request: `ask` does.
 *
 * One question is under way at a time. The next one is due an interval after the last one left; after a failure, when a growing pause is
 * over; and at a signal of the page. A hidden page and a browser without a network ask nothing; the signal that ends this asks at once. Before the
 * edge has answered once, the page is not watched and counts as seen and online.
 */
import { pauseMs } from './back-off.js';
import type { Page, Signal } from './host/page.js';
import { createTimer } from './host/timer.js';
import { ONLINE_SPREAD_MS, REFUSED_MS, SIGNAL_GAP_MS, STALE_INTERVALS } from './limits.js';
import { DEFAULT_INTERVAL_MS, PUSHED_INTERVAL_MS } from './refresh-options.js';

/** The milliseconds since a moment. A clock that was set back counts as time that passed: the edge is asked too soon rather than too late. */
const since = (moment: number) => Math.abs(Date.now() - moment);

export interface RefresherOptions {
  /** 0 for none. */
  readonly intervalMs: number;
  readonly jitter: number;
  readonly retryMs: number;
  readonly maxRetryMs: number;
  /** Asks the edge now. */
  readonly ask: () => void;
  /** Something happened by which answers may be other ones without the edge: time passed, or the clock was set. */
  readonly recheck: () => void;
  /** Returns true if there are answers that a hidden page can go on with. */
  readonly isServed: () => boolean;
}

export interface Refresher {
  /** A question leaves. */
  asking(): void;
  /** The edge confirmed or replaced the answers. @param isBehind it may be behind: asked again like an edge that could not answer */
  answered(isBehind: boolean): void;
  /**
   * There was no answer.
   *
   * @param refusal what the edge answered: how long it wants to be left alone, where an earlier wish that lasts longer stays, and if the same
   * question will be refused again; neither if there was no answer at all
   */
  failed(refusal: { readonly retryAfterMs?: number; readonly isFinal?: boolean }): void;
  /**
   * Gives up the question under way, if there is one. Failures still count: an edge that cannot be reached for one context cannot be for
   * another, and is asked again as soon as after a failure.
   */
  restart(): void;
  /** The answers may be old. */
  wake(signal: Signal): void;
  /** The signals of this page count from now on, and it is closed with the refresher. */
  heed(page: Page): void;
  /** A stream tells of changes from now on, or no longer. Until it ended, it confirmed the answers. */
  turn(isOpen: boolean): void;
  /** The edge made another version: it is asked at a random moment within so many milliseconds. */
  tell(spreadMs: number): void;
  /** Returns true if answers were last confirmed too long ago, and the edge cannot be asked. */
  readonly isOverdue: boolean;
  close(): void;
}

export function createRefresher({ intervalMs, jitter, retryMs, maxRetryMs, ask, recheck, isServed }: RefresherOptions): Refresher {
  let page: Page | undefined,
    isAsking = false,
    isPushed = false,
    failures = 0;
  /** When the last question left; when answers were last confirmed; and since when and for how long the edge wants to be left alone. */
  let asked = 0,
    confirmed = 0,
    refused = 0,
    leaveMs = 0;

  const due = createTimer(() => {
    if (page?.isOffline() || (page?.isHidden() && isServed())) recheck();
    else ask();
  });
  const overdue = createTimer(recheck);
  const interval = () => (isPushed && intervalMs ? Math.max(intervalMs, PUSHED_INTERVAL_MS) : intervalMs);
  const staleMs = () => STALE_INTERVALS * (interval() || DEFAULT_INTERVAL_MS);
  const shortened = (ms: number) => ms * (1 - jitter * Math.random());
  /** The rest of the pause that the edge asked for; negative afterwards. */
  const left = () => leaveMs - since(refused);
  /** Asks again in so many milliseconds, and no sooner than the edge wants. */
  const askIn = (ms: number) => due.set(Math.max(0, left(), ms));
  /** Asks again after an interval, or after a pause if the edge failed. */
  const restart = () => {
    isAsking = false;
    if (failures) askIn(pauseMs(failures, retryMs, maxRetryMs));
    else if (intervalMs) askIn(shortened(interval()) - since(asked));
    else due.clear();
  };
  const wake = (signal: Signal) => {
    recheck();
    // A question that was under way when the page was frozen has no end.
    if (isAsking && signal !== 'restored') return;
    askIn({ seen: SIGNAL_GAP_MS - since(asked), online: ONLINE_SPREAD_MS * Math.random(), restored: 0 }[signal]);
  };

  return {
    asking() {
      due.clear();
      isAsking = true;
      asked = Date.now();
    },
    answered(isBehind) {
      leaveMs = 0;
      confirmed = Date.now();
      overdue.set(staleMs());
      failures = isBehind ? failures + 1 : 0;
      restart();
    },
    failed({ retryAfterMs = 0, isFinal }) {
      if (retryAfterMs > left()) {
        refused = Date.now();
        leaveMs = retryAfterMs;
      }
      failures++;
      if (isFinal) {
        isAsking = false;
        if (intervalMs) askIn(shortened(Math.max(REFUSED_MS, intervalMs)));
      } else restart();
    },
    restart,
    wake,
    heed(watched) {
      page = watched;
    },
    turn(isOpen) {
      confirmed &&= Date.now();
      isPushed = isOpen;
      if (!isAsking) restart();
    },
    tell(spreadMs) {
      if (!isAsking) askIn(spreadMs * Math.random());
    },
    get isOverdue() {
      return confirmed > 0 && (failures > 0 || !!page?.isOffline()) && since(confirmed) >= staleMs();
    },
    close() {
      page?.close();
      due.clear();
      overdue.clear();
    },
  };
}
