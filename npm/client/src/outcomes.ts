/**
 * Reports exposures, errors and own events to the flag server, which rolls a feature back by itself if it fails too often.
 *
 * ```ts
 * import { createClient } from '@twinflag/client';
 * import { outcomes } from '@twinflag/client/outcomes';
 *
 * const flags = createClient({ url, clientKey, context: { sessionId: 's-1' }, outcomes: outcomes() });
 * ```
 */
import { pauseMs } from './back-off.js';
import type { FlagDetails } from './flag-client.js';
import { createTimer } from './host/timer.js';
import { ANSWER_MS, MANY_OUTCOMES, MAX_RETRY_MS, MOST_EXPOSED, MOST_RECEIPTS, MOST_TRACKED, RETRY_MS } from './limits.js';
import { createQueue, idOf, wellFormed } from './outcome-queue.js';
import type { MakeReporter, OutcomeReporter, ReporterSurroundings } from './outcome-reporter.js';
import { check } from './refresh-options.js';
import { retryAfterMs } from './retry-after.js';
import type { EvaluationContext } from './types.js';

export type { MakeReporter } from './outcome-reporter.js';

/** A unit saw a variant for the first time. */
export interface Exposure {
  readonly flagKey: string;
  /** The visitor's finest identity. */
  readonly unit: string;
  readonly details: FlagDetails;
}

export interface OutcomeOptions {
  /** The milliseconds after which an outcome is sent at the latest, 1 to 86,400,000, while the server answers. @default 5000 */
  readonly flushMs?: number;
  /** False keeps exposures in the page: then errors and own events alone are sent. @default true */
  readonly exposures?: boolean;
  /** Called once for each unit, flag and variant, after the code that read the flag has ended; for analytics of one's own. */
  readonly onExposure?: (exposure: Exposure) => void;
}

/** The option `outcomes` of `createClient`. @throws {RangeError} for an option outside its bounds */
export function outcomes({ flushMs = 5000, exposures = true, onExposure }: OutcomeOptions = {}): MakeReporter {
  check('outcomes.flushMs', flushMs);
  return surroundings => createReporter(surroundings, flushMs, exposures, onExposure);
}

/**
 * An exposure as OpenTelemetry's event `feature_flag.evaluation`, for `logger.emit` of `@opentelemetry/api-logs`:
 * `outcomes({ onExposure: exposure => logger.emit(evaluationEvent(exposure)) })`.
 */
export function evaluationEvent({ flagKey, unit, details }: Exposure): {
  readonly eventName: 'feature_flag.evaluation';
  readonly attributes: Readonly<Record<string, string>>;
} {
  return {
    eventName: 'feature_flag.evaluation',
    attributes: {
      'feature_flag.key': flagKey,
      'feature_flag.provider.name': 'twinflag',
      'feature_flag.context.id': unit,
      'feature_flag.result.reason': details.reason.toLowerCase(),
      ...(details.variant !== undefined && { 'feature_flag.result.variant': details.variant }),
    },
  };
}

function createReporter(
  { url, clientKey, fetch, details, notify }: ReporterSurroundings,
  flushMs: number,
  exposures: boolean,
  onExposure: OutcomeOptions['onExposure'],
): OutcomeReporter {
  const queue = createQueue();
  const receipts = new Map<string, string>();
  /** The exposures of all units in order, as text, with the flag and the unit of each. */
  const exposed = new Map<string, { readonly flag: string; readonly unit: string }>();
  let unit: string | undefined, customerId: string | undefined;
  /** The answers that this unit is known to have seen: answers keep their objects for as long as they are the same. */
  let seen = new WeakSet<FlagDetails>();
  let sending: AbortController | undefined;
  let failures = 0,
    isPlanned = false,
    isClosed = false;
  const due = createTimer(() => void send(false));
  const limit = createTimer(() => sending?.abort());

  const add = (flag: string, event: string, metadata?: Readonly<Record<string, unknown>>) => {
    if (unit === undefined || isClosed) return;
    queue.add({ flag, event, unit, customerId, variant: details(flag).variant, metadata });
    // After a failure, the pause counts, however many are waiting.
    if (sending || failures) return;
    if (queue.size >= MANY_OUTCOMES) void send(false);
    else if (!isPlanned) due.set(flushMs);
    isPlanned = true;
  };

  /** Sends the first batch. One that is under way is given up: it is part of this one, and the server counts an id once. */
  const send = async (keepalive: boolean): Promise<void> => {
    due.clear();
    sending?.abort();
    const batch = queue.batch(receipts);
    const own = (sending = batch && new AbortController());
    isPlanned = false;
    if (!batch) return;
    limit.set(ANSWER_MS);
    let pause = 0;
    try {
      const response = await fetch(`${url}/v1/outcomes`, {
        method: 'POST',
        headers: { authorization: `Bearer ${clientKey}`, 'content-type': 'application/json' },
        body: batch.body,
        keepalive,
        signal: own!.signal,
      });
      if (sending !== own) return;
      void response.body?.cancel().catch(() => undefined);
      // A batch that is refused would be refused again.
      const isFinal = response.status < 500 && ![408, 425, 429].includes(response.status);
      if (!isFinal) pause = Math.max(retryAfterMs(response.headers), pauseMs(++failures, RETRY_MS, MAX_RETRY_MS));
      else {
        failures = 0;
        batch.drop();
      }
    } catch {
      if (sending !== own) return;
      pause = pauseMs(++failures, RETRY_MS, MAX_RETRY_MS);
    }
    sending = undefined;
    limit.clear();
    if (queue.size > 0 && !isClosed) due.set(failures ? pause : 0);
  };

  // A page that is hidden may never run again.
  const { document } = globalThis as Partial<typeof globalThis>;
  const listening = new AbortController();
  document?.addEventListener('visibilitychange', () => document.visibilityState === 'hidden' && void send(true), listening);
  (globalThis as Partial<EventTarget>).addEventListener?.('pagehide', () => void send(true), listening);

  return {
    unitOf: context => unitOf(context),
    prove(of, receipt) {
      if (of === undefined || !receipt) return;
      receipts.delete(of);
      receipts.set(of, receipt);
      if (receipts.size > MOST_RECEIPTS) receipts.delete(receipts.keys().next().value!);
    },
    identify(context) {
      const next = unitOf(context);
      if (next !== unit) seen = new WeakSet();
      unit = next;
      customerId = idOf((context as EvaluationContext | null)?.customerId);
    },
    expose(flagKey, answer) {
      if (unit === undefined || answer.variant === undefined || isClosed || seen.has(answer)) return;
      seen.add(answer);
      const name = JSON.stringify([unit, flagKey, answer.variant]);
      if (exposed.has(name)) return;
      exposed.set(name, { flag: flagKey, unit });
      if (exposed.size > MOST_EXPOSED) exposed.delete(exposed.keys().next().value!);
      if (exposures) add(flagKey, answer.value === false ? 'disabled' : 'enabled');
      const exposure = { flagKey, unit, details: answer };
      queueMicrotask(() => {
        notify(exposure);
        onExposure?.(exposure);
      });
    },
    fail(flagKey, reason) {
      const { name, message } = reason instanceof Error ? reason : { name: undefined, message: textOf(reason) };
      add(flagKey, 'error', { name: name?.slice(0, 100), message: message.slice(0, 500) });
    },
    track(event, metadata, flagKey) {
      const own = [...exposed.values()].filter(exposure => exposure.unit === unit).map(({ flag }) => flag);
      const flags = flagKey === undefined ? [...new Set(own.reverse())].slice(0, MOST_TRACKED) : [flagKey];
      for (const flag of flags) add(flag, event, metadata);
    },
    close() {
      isClosed = true;
      listening.abort();
      void send(true);
    },
  };
}

/** The finest identity of a context. A text that is no Unicode cannot be one. */
function unitOf(context: EvaluationContext | null): string | undefined {
  const { sessionId, userId, targetingKey } = context ?? {};
  const unit = idOf(sessionId) ?? idOf(userId) ?? idOf(targetingKey);
  return unit !== undefined && wellFormed(unit) === unit ? unit : undefined;
}

/** A thrown value as text, whatever it is. */
function textOf(reason: unknown): string {
  try {
    return String(reason);
  } catch {
    return 'an object without a text';
  }
}
