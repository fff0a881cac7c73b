/**
 * A store over the engine: one context, the program for it, and who wants to know when an answer changes.
 *
 * Everything that is in force changes in one place, `settle`; what a caller sees follows from it. The refresher decides when the edge
 * is asked again.
 */
import { createAnswers } from './answers.js';
import { pauseMs } from './back-off.js';
import { disabledClient } from './disabled-client.js';
import { type FlagEngine, ProgramRefused } from './engine.js';
import type { ClientChange, ClientOptions, ClientStatus, FlagClient, FlagDetails } from './flag-client.js';
import type { Push } from './host/push.js';
import { createTimer } from './host/timer.js';
import { OWNERS, requestOf } from './identity.js';
import { warnOfKey } from './key-warning.js';
import { createListeners } from './listeners.js';
import { nextMoment } from './moments.js';
import { EdgeRefused, fetchProgram } from './program-request.js';
import { checkedRefresh, checkMs } from './refresh-options.js';
import { createRefresher } from './refresher.js';
import { retryAfterMs } from './retry-after.js';
import { createSeenVersions } from './seen-versions.js';
import { snapshot } from './snapshot.js';
import type { EvaluationContext, FlagValue } from './types.js';
import { within } from './within.js';

/** In bytes: `MAX_PROGRAM_BYTES` in `sdk-core/src/program/wire.rs`. An engine gives memory that it once asked for never back. */
const LONGEST = 16e6;

/**
 * A clock that runs on from a moment by the machine's monotonic clock, which nobody sets. Where that one stands still while the machine
 * sleeps, the clock is late by the length of the sleep.
 */
const clockFrom =
  (moment: number, start = performance.now()) =>
  () =>
    moment + (performance.now() - start);

/**
 * @param loadEngine how this runtime gets a fresh engine
 * @throws {RangeError} for an option outside its bounds
 */
export function openClient(loadEngine: () => Promise<FlagEngine>, options: ClientOptions): FlagClient {
  if (options.enabled === false) return disabledClient(options);
  const { url, clientKey, identityToken, timeout = 5000, retryMs = 1000, maxRetryMs = 60_000, refresh = {} } = options;
  checkMs({ timeout, retryMs, maxRetryMs });
  const fetch: typeof globalThis.fetch = options.fetch ?? ((...request) => globalThis.fetch(...request));
  const listeners = createListeners();
  let context = options.context === undefined ? {} : snapshot(options.context);
  /** The body of the request for that context's program. */
  let wanted = requestOf(context);
  /** The attributes that it is told; the edge names more for a key whose identities are pinned or signed. */
  let names = OWNERS;
  let engine: FlagEngine | undefined, loading: Promise<FlagEngine> | undefined;
  /** The program the engine holds: what was asked for, its bytes and tag, whether the edge itself was behind, and what it knows besides. */
  let program:
    | { request: string; bytes: Uint8Array; etag: string | undefined; stale: boolean; visitor: EvaluationContext | undefined }
    | undefined;
  const versions = createSeenVersions();
  /** The request under way, and when it will be over. */
  let abort: AbortController | undefined, over: Promise<void> | undefined;
  /** Why the last request failed. */
  let error: Error | undefined;
  let started = false,
    closed = false;
  /** The edge's time: the visitor's clock until the edge has told its own. */
  let now = () => Date.now();
  /** The moment that the context was taken at, and the first one after it at which answers may be others. */
  let taken = 0,
    next = Infinity;

  const isOurs = () => program?.request === wanted;
  const statusNow = (): ClientStatus =>
    program ? (!closed && isOurs() && !program.stale && !refresher.isOverdue ? 'ready' : 'stale') : error ? 'error' : 'pending';
  /** What callers saw last. */
  let status: ClientStatus = 'pending',
    shown: Error | undefined;

  const answers = createAnswers((flagKey, sample): FlagDetails => {
    if (program && engine) {
      const details = engine.details(flagKey, sample as FlagValue | undefined);
      return status === 'stale' ? { ...details, stale: true } : details;
    }
    const details: FlagDetails = { value: undefined, reason: 'ERROR', errorCode: 'PROVIDER_NOT_READY' };
    return status === 'pending' ? { ...details, pending: true } : details;
  });

  /** After anything has changed: answers anew, and tells whom it concerns. */
  const settle = () => {
    const [before, failure] = [status, shown];
    status = statusNow();
    shown = error;
    const changed = answers.renew();
    if (changed.size > 0 || before !== status || failure !== shown) listeners.call({ flagKeys: [...changed], status });
  };

  const theEngine = () =>
    (loading ??= loadEngine().then(
      loaded => {
        if (closed) loaded.close();
        return (engine = loaded);
      },
      (reason: unknown) => {
        loading = undefined;
        throw reason;
      },
    ));

  /** Gives the engine the context at this moment, and again when one passes that the program names. */
  const identify = () => {
    const { bytes, visitor } = program!;
    taken = now();
    next = nextMoment(bytes, taken);
    engine!.identify(context && visitor ? { ...context, ...visitor } : context, taken);
    moments.set(next - taken);
  };
  /** Without the edge: another moment, or another status. */
  const recheck = () => {
    const moment = now();
    // A timer may end early, and the clock may be set back. While another context's program is awaited, the answers before stay as they are.
    if (isOurs() && (moment >= next || moment < taken)) identify();
    else if (moment < next) moments.set(next - moment);
    settle();
  };
  const moments = createTimer(recheck);

  /** Asks the edge for the program of the context in force, instead of whatever was asked before. */
  const ask = (): Promise<void> => {
    if (closed) return Promise.resolve();
    abort?.abort();
    started = true;
    refresher.asking();
    return (over = attempt((abort = new AbortController())));
  };
  const refresher = createRefresher({
    ...checkedRefresh(refresh || { intervalMs: 0 }),
    retryMs,
    maxRetryMs,
    watches: !!refresh,
    ask: () => void ask(),
    recheck,
    isServed: isOurs,
  });
  const hasPush = !!refresh && (refresh.push ?? 'document' in globalThis);
  let push: Push | undefined;
  /** Follows the changes of the context's owners. The code for it is loaded behind the first answers, so that these come no later. */
  const follow = async (minVersion: string) => {
    // Without the code there is no stream, and the client polls.
    const loaded = hasPush && !push && (await import('./host/push.js').catch(() => undefined));
    if (loaded && !closed) push ??= loaded.createPush({ ...options, fetch, ...refresher, pauseMs, retryAfterMs, createTimer });
    push?.follow(wanted, versions.newest, minVersion);
  };

  /** Gives the engine a program, unless it may not take the place of the one before. */
  const take = (running: FlagEngine, bytes: Uint8Array, version: string | undefined, stale: boolean, known: EvaluationContext) => {
    if (bytes.length > LONGEST) throw new ProgramRefused('program refused: too long');
    if (versions.isBehind(version, stale)) throw new ProgramRefused('program refused: older than the one before');
    running.load(bytes);
    if (running.isFor(known)) return;
    if (program) running.load(program.bytes);
    throw new ProgramRefused("program refused: somebody else's");
  };

  const attempt = async (mine: AbortController): Promise<void> => {
    const timer = setTimeout(() => mine.abort(new Error(`no answer within ${timeout} ms`)), timeout);
    try {
      const body = wanted,
        etag = program?.request === body ? program.etag : undefined,
        minVersion = push?.news(versions.newest) ?? versions.newest;
      const [running, fetched] = await within(mine.signal, async () => {
        // If the engine could not be loaded, the client does not fetch its program in vain again.
        if (error && !engine) await theEngine();
        return Promise.all([
          theEngine(),
          fetchProgram({ url, clientKey, identityToken, body, etag, minVersion, fetch, signal: mine.signal }),
        ]);
      });
      if (abort !== mine) return over;
      const { program: bytes, etag: tag, stale, now: told, version, visitor, known = OWNERS } = fetched;
      if (known.join() !== names.join()) {
        wanted = requestOf(context, (names = known));
        // It was not told what it has to know.
        if (wanted !== body) return attempt(mine);
      }
      if (bytes) take(running, bytes, version, stale, { ...(JSON.parse(body) as { context: EvaluationContext }).context, ...visitor });
      versions.see(version, stale);
      if (told) now = clockFrom(told);
      program = { request: body, bytes: bytes ?? program!.bytes, etag: tag, stale, visitor };
      identify();
      error = undefined;
      refresher.answered(stale);
      void follow(minVersion);
    } catch (reason) {
      if (abort !== mine) return over;
      error = reason instanceof Error ? reason : new Error(String(reason));
      const refusal = reason instanceof EdgeRefused ? reason : undefined;
      if (refusal?.status === 401 || refusal?.status === 403) warnOfKey(refusal.status, url, clientKey);
      refresher.failed(refusal?.retryAfterMs ?? 0, !!refusal?.isFinal);
    } finally {
      clearTimeout(timer);
    }
    abort = over = undefined;
    settle();
  };

  if (!options.lazy) void ask();
  const start = () => (started ? (over ?? Promise.resolve()) : ask());
  const get = <T>(flagKey: string, defaultValue: T) => answers.get(flagKey, defaultValue);

  return {
    get,
    getValue: <T>(flagKey: string, defaultValue: T) => get(flagKey, defaultValue).value,
    isEnabled: flagKey => get(flagKey, false).value,
    subscribe(first: string | ((change: ClientChange) => void), second?: (change: ClientChange) => void) {
      if (closed) return () => undefined;
      void start();
      if (typeof first === 'function') return listeners.add(undefined, first);
      // What nobody has asked for cannot change.
      get(first, undefined);
      return listeners.add(first, second!);
    },
    setContext(next) {
      if (closed) return Promise.resolve();
      const before = wanted;
      context = snapshot(next);
      wanted = requestOf(context, names);
      if (before !== wanted) {
        abort?.abort();
        abort = over = error = undefined;
        refresher.restart();
      }
      if (isOurs()) {
        identify();
        settle();
        return Promise.resolve();
      }
      const asked = before === wanted ? start() : ask();
      settle();
      return asked;
    },
    get status() {
      return status;
    },
    get error() {
      return error;
    },
    ready: start,
    refresh: ask,
    close() {
      if (closed) return;
      closed = true;
      abort?.abort();
      abort = over = undefined;
      push?.close();
      refresher.close();
      moments.clear();
      listeners.clear();
      error = new Error('the client is closed');
      status = statusNow();
      engine?.close();
      engine = undefined;
    },
  };
}
