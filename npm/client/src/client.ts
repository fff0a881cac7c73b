/**
 * A store over the engine: one context, the program for it, and who wants to know when an answer changes.
 *
 * Everything that is in force changes in one place, `settle`; what a caller sees follows from it. The refresher decides when the edge
 * is asked again.
 */
import { createAnswers } from './answers.js';
import { pauseMs } from './back-off.js';
import { createForced, force, forcedDetails, warnOfFlag, warnOfKey } from './development.js';
import { type PageEngine, ProgramRefused } from './engine.js';
import { EXPOSURES } from './exposures.js';
import { noAnswers, offAnswers } from './first-answers.js';
import type { Client, ClientChange, ClientOptions, ClientStatus, FlagDetails, Sides } from './flag-client.js';
import type { watchPage } from './host/page.js';
import type { createPush, Push } from './host/push.js';
import { createTimer } from './host/timer.js';
import { OWNERS, requestOf } from './identity.js';
import { LONGEST_PROGRAM, READY_MS } from './limits.js';
import { ANYTHING, createListeners } from './listeners.js';
import { nextMoment } from './moments.js';
import { once } from './once.js';
import { EdgeRefused, headersOf, pathOf, readProgram } from './program-request.js';
import { check, DEFAULT_INTERVAL_MS, DEFAULT_JITTER, SHORTEST_MS } from './refresh-options.js';
import { createRefresher } from './refresher.js';
import { retryAfterMs } from './retry-after.js';
import { createSeenVersions } from './seen-versions.js';
import { snapshot } from './snapshot.js';
import type { StoredProgram } from './stored-program.js';
import type { EvaluationContext, FlagValue } from './types.js';
import { within } from './within.js';

/**
 * A clock that runs on from a moment by the machine's monotonic clock, which nobody sets. Where that one stands still while the machine
 * sleeps, the clock is late by the length of the sleep.
 */
const clockFrom = (moment: number) => {
  const start = moment - performance.now();
  return () => start + performance.now();
};

/** The code of an open page; without streams, which `refresh.push` switches off, there is no `createPush`. */
export interface Live {
  readonly watchPage: typeof watchPage;
  readonly createPush?: typeof createPush;
}

/**
 * @param loadEngine how this runtime gets a fresh engine
 * @param loadLive how it gets the code of an open page
 * @throws {RangeError} for an option outside its bounds
 */
export function openClient(
  loadEngine: () => Promise<PageEngine>,
  options: ClientOptions,
  loadLive: () => Promise<Live> = () => import('./host/live.js'),
): Client {
  const { clientKey, identityToken, logger, timeout = 5000, retryMs = 1000, maxRetryMs = 60_000, defaults = {} } = options;
  const url = `${options.url}`.replace(/\/+$/, ''),
    isOff = options.enabled === false,
    refresh = !isOff && (options.refresh ?? {});
  const {
    intervalMs = refresh ? DEFAULT_INTERVAL_MS : 0,
    jitter = DEFAULT_JITTER,
    push: wantsPush = 'document' in globalThis,
  } = refresh || {};
  check('timeout', timeout);
  check('retryMs', retryMs);
  check('maxRetryMs', maxRetryMs);
  check('refresh.jitter', jitter, 0, 1);
  if (intervalMs !== 0) check('refresh.intervalMs', intervalMs, SHORTEST_MS);
  const fetch: typeof globalThis.fetch = options.fetch ?? ((...request) => globalThis.fetch(...request));
  const listeners = createListeners();
  let context = options.context === undefined ? {} : snapshot(options.context);
  /** The answers to begin with, and the context that they are for. */
  const first = isOff ? offAnswers(defaults) : (options.bootstrap ?? noAnswers()),
    firstContext = context,
    hasFirst = first.status !== 'pending';
  /** The body of the request for that context's program. */
  let wanted = requestOf(context);
  /** The attributes that it is told; the edge names more for a key whose identities are pinned or signed. */
  let names = OWNERS;
  const inspect = (flagKey: string): FlagDetails => answers.get<unknown>(flagKey, undefined);
  /** Reports of that context's visitor, and the identity that the edge is told for it; both absent where nothing is reported. */
  const reporter = isOff
    ? undefined
    : options.outcomes?.({ url, clientKey, fetch, details: inspect, notify: exposure => listeners.call([EXPOSURES], exposure) });
  let unit = reporter?.unitOf(context);
  if (hasFirst) reporter?.identify(context);
  let engine: PageEngine | undefined;
  /** The program the engine holds: what was asked for, its bytes and tag, whether the edge itself was behind, and what it knows besides. */
  let program:
    | { request: string; bytes: Uint8Array; etag: string | undefined; stale: boolean; visitor: EvaluationContext | undefined }
    | undefined;
  const versions = createSeenVersions(),
    store = isOff ? undefined : options.storage?.(url, clientKey);
  versions.see(first.version, false);
  /** Settled when the stored program, if there is one, is in force or known not to be wanted. */
  let recall!: () => void;
  const recalled = new Promise<void>(resolve => (recall = resolve));
  if (!store) recall();
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
  const statusNow = (): ClientStatus => {
    if (program) return !closed && isOurs() && !program.stale && !refresher.isOverdue ? 'ready' : 'stale';
    if (isOff || (!error && context === firstContext)) return first.status;
    return hasFirst ? 'stale' : error ? 'error' : 'pending';
  };
  /** The answers that a developer forces; absent in production. */
  const forced = createForced();
  /** What callers saw last. */
  let status: ClientStatus = first.status,
    shown: Error | undefined;

  const answers = createAnswers((flagKey, sample): FlagDetails => {
    const running = program && engine;
    const { pending, ...details }: FlagDetails =
      forcedDetails(forced, flagKey, sample) ??
      (running ? running.details(flagKey, sample as FlagValue | undefined) : first.get(flagKey, sample));
    return {
      ...details,
      ...(status === 'stale' && (running || details.variant !== undefined) && { stale: true }),
      ...(pending && !error && { pending }),
    };
  });

  /** After anything has changed: answers anew, and tells whom it concerns. */
  const settle = () => {
    const [before, failure] = [status, shown];
    status = statusNow();
    shown = error;
    const changed = answers.renew();
    if (changed.size > 0 || before !== status || failure !== shown)
      listeners.call([...changed, ANYTHING], { flagKeys: [...changed], status });
  };

  const theEngine = once(async () => {
    engine = await loadEngine();
    if (closed) engine.close();
    return engine;
  });

  /** Gives the engine the context at this moment, and again when one passes that the program names. */
  const identify = () => {
    const { bytes, visitor } = program!;
    taken = now();
    next = nextMoment(bytes, taken);
    engine!.identify(context && { ...context, ...visitor }, taken);
    reporter?.identify(context);
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
    if (closed || isOff) return Promise.resolve();
    abort?.abort();
    started = true;
    refresher.asking();
    return (over = attempt((abort = new AbortController())));
  };
  const refresher = createRefresher({
    intervalMs,
    jitter,
    retryMs,
    maxRetryMs,
    ask: () => void ask(),
    recheck,
    isServed: isOurs,
  });
  let push: Push | undefined,
    isLive = !refresh;
  /**
   * Watches the page, and follows the changes of the context's owners unless a request failed. The code is loaded behind the edge's first answer, so
   * that answers come no later; not without an answer, because some browsers try a script that could not be fetched never again.
   */
  const follow = async (minVersion: string) => {
    // Without the code there are no signals and no stream, and the client polls.
    const loaded =
      !isLive && (!error || error instanceof EdgeRefused) && (await Promise.all([loadLive(), options.tabs?.()]).catch(() => undefined));
    if (loaded && !isLive && !closed) {
      isLive = true;
      refresher.heed(loaded[0].watchPage(refresher.wake));
      if (wantsPush)
        push = loaded[0].createPush!({
          ...options,
          url,
          fetch,
          ...refresher,
          tabs: loaded[1],
          pauseMs,
          retryAfterMs,
          createTimer,
        });
    }
    if (!error) push?.follow(wanted, versions.newest, minVersion);
  };

  /**
   * Answers from a program from now on, unless it may not take the place of the one before; without its bytes, from the one that is there.
   *
   * @throws {ProgramRefused} and keeps the one before
   */
  const adopt = (
    running: PageEngine,
    request: string,
    { program: bytes, etag, version, visitor }: Omit<StoredProgram, 'program'> & Partial<StoredProgram>,
    stale: boolean,
  ) => {
    if (bytes) {
      if (bytes.length > LONGEST_PROGRAM) throw new ProgramRefused('program refused: too long');
      if (versions.isBehind(version, stale)) throw new ProgramRefused('program refused: outdated');
      running.load(bytes);
      if (!running.isFor({ ...(JSON.parse(request) as { context: EvaluationContext }).context, ...visitor })) {
        if (program) running.load(program.bytes);
        throw new ProgramRefused("program refused: somebody else's");
      }
    }
    versions.see(version, stale);
    program = { request, bytes: bytes ?? program!.bytes, etag, stale, visitor };
  };
  /**
   * Answers from an earlier page's program until the edge has answered, unless the bootstrap is newer. A program of the bootstrap's own version
   * is as good as the bootstrap; any other one counts as stale.
   */
  const restore = (running: PageEngine, request: string, token: string | undefined, stored: StoredProgram) => {
    const { version } = first;
    if (program || closed || request !== wanted || (hasFirst && (!version || versions.isBehind(stored.version, true)))) return;
    try {
      adopt(running, request, stored, first.status !== 'ready' || stored.version !== version);
      identify();
    } catch {
      store!.write(request, token);
    }
    settle();
  };

  const attempt = async (mine: AbortController): Promise<void> => {
    const { signal } = mine,
      named = unit,
      timer = setTimeout(() => mine.abort(new Error(`no answer within ${timeout} ms`)), timeout);
    let body = wanted,
      minVersion = '',
      token: string | undefined,
      stored: StoredProgram | undefined;
    /** Reads the stored program, which also tells the attributes that the edge wants to know, and asks the edge. */
    const request = async () => {
      token = typeof identityToken === 'function' ? await identityToken() : identityToken;
      stored = program || !store ? undefined : await store.read(known => requestOf(context, known), token);
      // The token may come after its request was given up.
      signal.throwIfAborted();
      if (stored) {
        body = wanted = requestOf(context, (names = stored.known ?? OWNERS));
        void theEngine()
          .then(running => restore(running, body, token, stored!))
          .then(recall, recall);
      } else recall();
      const etag = program?.request === body ? program.etag : stored?.etag;
      minVersion = push?.news(versions.newest) ?? versions.newest;
      const headers = headersOf(clientKey, token, named, etag);
      return readProgram(await fetch(url + pathOf(minVersion), { method: 'POST', headers, body, signal }), etag);
    };
    try {
      const [running, fetched] = await within(signal, async () => {
        // If the engine could not be loaded, the client does not fetch its program in vain again.
        if (error && !engine) await theEngine();
        return Promise.all([theEngine(), request()]);
      });
      if (abort !== mine) return over;
      const { program: bytes, stale, now: told, known = OWNERS, receipt } = fetched;
      wanted = requestOf(context, (names = known));
      // It was not told what it has to know.
      if (wanted !== body) return attempt(mine);
      adopt(running, body, program ? fetched : { ...stored, ...fetched }, stale);
      if (told) now = clockFrom(told);
      reporter?.prove(named, receipt);
      identify();
      if (bytes) store?.write(body, token, fetched as StoredProgram);
      error = undefined;
      refresher.answered(stale);
    } catch (reason) {
      if (abort !== mine) return over;
      error = reason instanceof Error ? reason : new Error(String(reason));
      logger?.warn(error.message);
      warnOfKey(reason, url, clientKey, logger);
      refresher.failed(reason instanceof EdgeRefused ? reason : {});
    } finally {
      clearTimeout(timer);
      recall();
    }
    abort = over = undefined;
    void follow(minVersion);
    settle();
  };

  if (!options.lazy) void ask();
  const start = () => (started ? (over ?? Promise.resolve()) : ask());
  const get = <T>(flagKey: string, defaultValue: T) => {
    const kept = answers.get(flagKey, defaultValue);
    // As the page begins, the very objects that a server's rendering had.
    const isOther = forcedDetails(forced, flagKey, defaultValue) ?? (program || status !== first.status);
    const details = isOther ? kept : first.get(flagKey, defaultValue);
    reporter?.expose(flagKey, details);
    warnOfFlag(details, flagKey, defaultValue, logger);
    return details;
  };
  const fail = (flagKey: string, reason: unknown) => reporter?.fail(flagKey, reason);

  return {
    first,
    get,
    getValue: <T>(flagKey: string, defaultValue: T) => get(flagKey, defaultValue).value,
    isEnabled: flagKey => get(flagKey, false).value,
    subscribe(first: string | ((change: ClientChange) => void), second?: (change: ClientChange) => void) {
      if (closed) return () => undefined;
      void start();
      if (typeof first === 'function') return listeners.add(ANYTHING, first);
      // What nobody has asked for cannot change.
      if (typeof first === 'string') inspect(first);
      return listeners.add(first, second!);
    },
    setContext(next) {
      if (closed) return Promise.resolve();
      const [before, unitBefore] = [wanted, unit];
      context = snapshot(next);
      wanted = requestOf(context, names);
      unit = reporter?.unitOf(context);
      const isSame = before === wanted && unitBefore === unit;
      if (!isSame) {
        abort?.abort();
        abort = over = error = undefined;
        refresher.restart();
      }
      if (isOurs()) {
        identify();
        settle();
        // For the receipt of the other unit; the answers are there.
        if (unitBefore !== unit) void ask();
        return Promise.resolve();
      }
      const asked = isSame ? start() : ask();
      settle();
      return asked;
    },
    flagKeys: () => engine?.flagKeys() ?? [],
    inspect,
    override: (flagKey, variant, value) => !!force(closed || isOff ? undefined : forced, flagKey, variant, value, settle),
    run<T>(flagKey: string, { on, off }: Sides<T>) {
      if (!get(flagKey, false).value) return off();
      const failed = (reason: unknown) => {
        fail(flagKey, reason);
        return off();
      };
      try {
        const answer = on();
        return answer instanceof Promise ? (answer.catch(failed) as T) : answer;
      } catch (reason) {
        return failed(reason);
      }
    },
    fail,
    track: (...event) => reporter?.track(...event),
    get status() {
      return status;
    },
    get error() {
      return error;
    },
    get version() {
      return versions.newest || undefined;
    },
    ready() {
      const asked = start();
      // A bootstrap is answers enough, unless a stored program is newer; the edge is asked behind them.
      return new Promise<void>(resolve => {
        const limit = setTimeout(resolve, READY_MS);
        void (hasFirst && !program ? recalled : asked).then(resolve).then(() => clearTimeout(limit));
      });
    },
    refresh: ask,
    close() {
      if (closed) return;
      closed = true;
      reporter?.close();
      abort?.abort();
      abort = over = undefined;
      recall();
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
