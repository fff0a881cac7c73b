/**
 * A store over the engine: one context, the program for it, and who wants to know when an answer changes.
 *
 * Everything that is in force changes in one place, `settle`; what a caller sees follows from it.
 */
import { createAnswers } from './answers.js';
import { pauseMs } from './back-off.js';
import { disabledClient } from './disabled-client.js';
import { ProgramRefused, type FlagEngine } from './engine.js';
import type { ClientOptions, ClientStatus, FlagClient, FlagDetails } from './flag-client.js';
import { OWNERS, requestOf } from './identity.js';
import { createListeners } from './listeners.js';
import { EdgeRefused, fetchProgram } from './program-request.js';
import { createSeenVersions } from './seen-versions.js';
import type { EvaluationContext, FlagValue } from './types.js';

/** In bytes: `MAX_PROGRAM_BYTES` in `sdk-core/src/program/wire.rs`. An engine gives memory that it once asked for never back. */
const LONGEST = 16e6;

/** @param loadEngine how this runtime gets a fresh engine */
export function openClient(loadEngine: () => Promise<FlagEngine>, options: ClientOptions): FlagClient {
  if (options.enabled === false) return disabledClient(options);
  const { url, clientKey, identityToken, timeout = 5000, retryMs = 1000, maxRetryMs = 60_000 } = options;
  const fetch: typeof globalThis.fetch = options.fetch ?? ((...request) => globalThis.fetch(...request));
  const listeners = createListeners();
  let { context = {} } = options;
  /** What the edge is asked for that context, taken when it was given: its owner may write to it since. */
  let wanted = requestOf(context);
  /** The attributes that it is told; the edge names more for a key whose identities are pinned or signed. */
  let names = OWNERS;
  let engine: FlagEngine | undefined, loading: Promise<FlagEngine> | undefined;
  /** The program the engine holds: what was asked for, its bytes and tag, whether the edge itself was behind, and what it knows besides. */
  let program: { request: string; bytes: Uint8Array; etag: string | undefined; stale: boolean; visitor: EvaluationContext | undefined } | undefined;
  const versions = createSeenVersions();
  /** The request under way, and when it will be over. */
  let abort: AbortController | undefined, over: Promise<void> | undefined;
  /** Why the last request failed, how many did in a row, and when the next will be made. */
  let error: Error | undefined, failures = 0, timer: ReturnType<typeof setTimeout> | undefined;
  let started = false, closed = false;

  const isOurs = () => program?.request === wanted;
  const statusNow = (): ClientStatus => (program ? (!error && isOurs() && !program.stale ? 'ready' : 'stale') : error ? 'error' : 'pending');
  /** What callers saw last. */
  let status: ClientStatus = 'pending', shown: Error | undefined;

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
    if (changed.size > 0 || before !== status || failure !== shown) listeners.call(changed);
  };

  const stop = () => {
    clearTimeout(timer);
    abort?.abort();
    abort = over = undefined;
  };

  const theEngine = () =>
    (loading ??= loadEngine().then(
      (loaded) => {
        if (closed) loaded.close();
        return (engine = loaded);
      },
      (reason: unknown) => {
        loading = undefined;
        throw reason;
      },
    ));

  const identify = (running: FlagEngine) => {
    try {
      running.identify(program?.visitor ? { ...context, ...program.visitor } : context);
    } catch {
      // A getter or a `toJSON` threw: a context that cannot be read is one that cannot be used.
      running.identify(null as unknown as EvaluationContext);
    }
  };

  /** Asks the edge for the program of the context in force, instead of whatever was asked before. */
  const ask = (): Promise<void> => {
    if (closed) return Promise.resolve();
    stop();
    started = true;
    return (over = attempt((abort = new AbortController())));
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
    try {
      const body = wanted, etag = program?.request === body ? program.etag : undefined;
      const [running, fetched] = await Promise.all([theEngine(), fetchProgram({ url, clientKey, identityToken, body, etag, minVersion: versions.newest, fetch, timeout, abort: mine })]);
      if (abort !== mine) return over;
      const { program: bytes, etag: tag, stale, version, visitor, known = OWNERS } = fetched;
      if (known.join() !== names.join()) {
        wanted = requestOf(context, (names = known));
        // It was not told what it has to know.
        if (wanted !== body) return attempt(mine);
      }
      if (bytes) take(running, bytes, version, stale, { ...(JSON.parse(body) as { context: EvaluationContext }).context, ...visitor });
      versions.see(version, stale);
      program = { request: body, bytes: bytes ?? program!.bytes, etag: tag, stale, visitor };
      identify(running);
      error = undefined;
      // An edge that is behind catches up: it is asked again like one that could not answer.
      failures = stale ? failures + 1 : 0;
      if (stale) retry(0);
    } catch (reason) {
      if (abort !== mine) return over;
      error = reason instanceof Error ? reason : new Error(String(reason));
      failures++;
      if (!(reason instanceof EdgeRefused && reason.isFinal)) retry(reason instanceof EdgeRefused ? reason.retryAfterMs : 0);
    }
    abort = over = undefined;
    settle();
  };

  const retry = (atLeast: number) => {
    timer = setTimeout(ask, atLeast + pauseMs(failures, retryMs, maxRetryMs));
    // Node would wait for it before it ends; in a page it is a number.
    (timer as { unref?(): void }).unref?.();
  };

  if (!options.lazy) void ask();
  const start = () => (started ? (over ?? Promise.resolve()) : ask());
  const get = <T>(flagKey: string, defaultValue: T) => answers.get(flagKey, defaultValue);

  return {
    get,
    getValue: <T>(flagKey: string, defaultValue: T) => get(flagKey, defaultValue).value,
    isEnabled: (flagKey) => get(flagKey, false).value,
    subscribe(first: string | (() => void), second?: () => void) {
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
      context = next;
      wanted = requestOf(next, names);
      if (before !== wanted) {
        stop();
        error = undefined;
        failures = 0;
      }
      if (isOurs()) {
        identify(engine!);
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
      stop();
      listeners.clear();
      error = new Error('the client is closed');
      status = statusNow();
      engine?.close();
      engine = undefined;
    },
  };
}
