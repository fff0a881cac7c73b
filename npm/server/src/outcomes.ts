/** Outcomes on their way to the flag server: collected, sent in batches, sent again under the same ids while it is away. */
import { asTwinflagError, type Breaker, type Exchange, parsed, TwinflagError } from '@twinflag/edge/internal';

import { bounded, type OutcomeOptions } from './options.js';

/** Something that happened to a unit that has a feature. */
export interface OutcomeEvent {
  /** The flag's key or an alias. */
  readonly flag: string;
  /** The visitor's finest identity: a session, else a user. 1 to 256 bytes. */
  readonly unit: string;
  /** The first four say how a feature does; others are kept. */
  readonly event: 'enabled' | 'disabled' | 'error' | 'rollback' | (string & {});
  readonly variant?: string | undefined;
  readonly customerId?: string | undefined;
  /** At most 4,000 bytes as JSON. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
}

/** The most outcomes in a request, and about the most bytes: the flag server takes 1,000 and 256,000. */
const MOST_SENT = 500,
  MOST_SENT_BYTES = 200_000;
/** The most units whose exposure is remembered, and the most pairs of flag and variant whose answers are counted. */
const MOST_EXPOSED = 20_000,
  MOST_USED = 1000;
const USAGE_MS = 60_000;

export interface Outcomes {
  /** Collects an outcome; it is sent within the interval. */
  add(event: OutcomeEvent): void;
  /** Collects an exposure, unless the unit's exposure to this variant was collected before. */
  expose(event: OutcomeEvent): void;
  /** Counts an answer. */
  used(flag: string, variant: string | undefined): void;
  /** Sends what has been collected; resolves when it was taken or could not be. */
  flush(): Promise<void>;
  readonly waiting: number;
  close(): void;
}

interface Surroundings {
  readonly exchange: Exchange;
  readonly breaker: Breaker;
  readonly onError: (error: TwinflagError) => void;
  /** Runs `flush` in a while; a runtime without timers runs it behind the present request. */
  readonly later: (flush: () => Promise<void>, ms: number) => () => void;
}

export function createOutcomes(options: OutcomeOptions, { exchange, breaker, onError, later }: Surroundings): Outcomes {
  const { exposures = true, usage = false } = options;
  const flushMs = bounded('outcomes.flushMs', options.flushMs, 5000, 100, 3_600_000);
  const most = bounded('outcomes.most', options.most, 10_000, 1, 1_000_000);
  const instance = crypto.randomUUID();
  let queue: { readonly id: string }[] = [];
  let dropped = 0;
  let cancel: (() => void) | undefined;
  let flushing: Promise<void> | undefined;
  const exposed = new Set<string>();
  const uses = new Map<string, { readonly flag: string; readonly variant: string | undefined; count: number }>();
  let usesSince = Date.now();

  const plan = () => {
    cancel ??= later(async () => {
      cancel = undefined;
      await flush();
    }, flushMs);
  };
  const add = (event: OutcomeEvent) => {
    let copy: OutcomeEvent;
    try {
      // As it is now, whatever its owner writes to it later.
      copy = JSON.parse(JSON.stringify(event)) as OutcomeEvent;
    } catch (cause) {
      onError(new TwinflagError({ code: 'OUTCOME_REFUSED', detail: 'the outcome cannot be written as JSON', cause }));
      return;
    }
    queue.push({ id: crypto.randomUUID(), ...copy });
    if (queue.length > most) {
      queue.shift();
      dropped++;
    }
    plan();
  };
  const countUses = () => {
    if (Math.abs(Date.now() - usesSince) < USAGE_MS) return;
    const ended = [...uses.values()];
    uses.clear();
    usesSince = Date.now();
    for (const { flag, variant, count } of ended) add({ flag, variant, event: 'usage', unit: instance, metadata: { count } });
  };

  /** The first outcomes that fit a request. */
  const batch = () => {
    let bytes = 0;
    // A character takes at most three bytes.
    const fits = (outcome: object) => (bytes += 3 * JSON.stringify(outcome).length) <= MOST_SENT_BYTES;
    const end = queue.slice(0, MOST_SENT).findIndex(outcome => !fits(outcome));
    return queue.slice(0, end < 0 ? MOST_SENT : Math.max(1, end));
  };
  const drop = (sent: readonly object[]) => {
    const gone = new Set(sent);
    queue = queue.filter(outcome => !gone.has(outcome));
  };
  const send = async () => {
    countUses();
    while (queue.length > 0) {
      const sent = batch();
      try {
        const body = { outcomes: sent };
        const { text } = await breaker.guard(() => exchange({ method: 'POST', path: '/v1/outcomes', body }));
        drop(sent);
        const { refused = [] } = (parsed(text) ?? {}) as { refused?: readonly { readonly detail: string }[] };
        if (refused.length > 0)
          onError(
            new TwinflagError({ status: 202, code: 'OUTCOMES_REFUSED', detail: `${refused.length}, such as: ${refused[0]!.detail}` }),
          );
      } catch (thrown) {
        const error = asTwinflagError(thrown);
        // The flag server would refuse them again.
        if (!error.isPassing) drop(sent);
        if (error.code !== 'CIRCUIT_OPEN') onError(error);
        if (error.isPassing) break;
      }
    }
    if (dropped > 0) onError(new TwinflagError({ code: 'OUTCOMES_DROPPED', detail: `${dropped} were more than may wait` }));
    dropped = 0;
    if (queue.length > 0) plan();
  };
  const flush = () =>
    (flushing ??= send().finally(() => {
      flushing = undefined;
    }));

  return {
    add,
    expose(event) {
      if (!exposures) return;
      const name = JSON.stringify([event.flag, event.unit, event.variant]);
      if (exposed.has(name)) return;
      if (exposed.size >= MOST_EXPOSED) exposed.clear();
      exposed.add(name);
      add(event);
    },
    used(flag, variant) {
      if (!usage) return;
      const name = JSON.stringify([flag, variant]);
      const use = uses.get(name);
      if (use) use.count++;
      else if (uses.size < MOST_USED) uses.set(name, { flag, variant, count: 1 });
      plan();
    },
    flush,
    get waiting() {
      return queue.length;
    },
    close() {
      cancel?.();
      cancel = undefined;
    },
  };
}
