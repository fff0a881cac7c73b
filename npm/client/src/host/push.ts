/**
 * Hears of new versions over a stream of server-sent events (the HTML standard, "Server-sent events"), while the page is seen.
 *
 * `fetch` and not `EventSource`, which sends no headers: the key stays out of addresses. The edge says after which time to connect again,
 * another one for each client, so that a fleet whose relay was restarted does not return at once.
 */
import type { pauseMs as PauseMs } from '../back-off.js';
import type { ClientOptions } from '../flag-client.js';
import type { retryAfterMs as RetryAfterMs } from '../retry-after.js';
import type { EvaluationContext } from '../types.js';
import type { Group, join as Join } from './group.js';
import type { createTimer as CreateTimer } from './timer.js';

/** The attributes that name owners. */
const OWNERS = ['customerId', 'organizationId'];
/** The longest wait for the edge's first answer, and for anything on an open stream: the edge sends something every 20 s. */
const ANSWER_MS = 10_000,
  SILENCE_MS = 50_000;
/** The first and the longest pause after a failure, and the pause after an answer that the same request will get again. */
const RETRY_MS = 1000,
  MAX_RETRY_MS = 60_000,
  REFUSED_MS = 300_000;
/** The time within which a version is fetched that was made while another one was on its way. */
const SOON_MS = 100;
/** The most characters without the end of a line. */
const LONGEST = 4096;

export interface PushOptions {
  readonly url: string;
  readonly clientKey: string;
  readonly identityToken?: ClientOptions['identityToken'];
  readonly fetch: typeof globalThis.fetch;
  /** The edge made a version, which is to be fetched within so many milliseconds. */
  readonly tell: (spreadMs: number) => void;
  /** The stream opened or ended. */
  readonly turn: (isOpen: boolean) => void;
  /** The code by which pages share a stream; absent where each page has its own. */
  readonly tabs: { readonly join: typeof Join } | undefined;
  /** Functions of the client. Imported, they would be a file of their own beside the client's, which pages load first. */
  readonly pauseMs: typeof PauseMs;
  readonly retryAfterMs: typeof RetryAfterMs;
  readonly createTimer: typeof CreateTimer;
}

export interface Push {
  /**
   * Takes note of an answer; connects if there is no stream yet, or if it is about other owners.
   *
   * @param request the body of the request, which names the owners
   * @param newest the newest version that was answered
   * @param asked the version that was asked for at least
   */
  follow(request: string, newest: string, asked: string): void;
  /** The version that the edge told of, if it is newer than the newest one that was answered. */
  news(newest: string): string | undefined;
  close(): void;
}

export function createPush({
  url,
  clientKey,
  identityToken,
  fetch,
  tell,
  turn,
  tabs,
  pauseMs,
  retryAfterMs,
  createTimer,
}: PushOptions): Push {
  let mine: AbortController | undefined, followed: string | undefined;
  /** The newest version that the edge told of, and the newest one that was answered. */
  let heard = '',
    answered = '';
  /** The pages that share the stream, and the newest version that all of them know of. */
  let group: Group | undefined,
    shared = '';
  let failures = 0,
    isOpen = false;
  const { document } = globalThis as Partial<typeof globalThis>;
  const due = createTimer(() => void connect());
  const silence = createTimer(() => mine?.abort());
  const turned = (next: boolean) => {
    if (isOpen !== next) turn((isOpen = next));
  };
  /** As the page that holds the stream. */
  const opened = (next: boolean) => {
    if (isOpen !== next) group?.announce(next);
    turned(next);
  };
  const stop = () => {
    const before = mine;
    mine = undefined;
    group?.leave();
    group = undefined;
    due.clear();
    silence.clear();
    before?.abort();
    turned(false);
  };
  const restart = () => {
    stop();
    if (document?.visibilityState === 'hidden' || followed === undefined) return;
    group = tabs?.join({
      name: `twinflag ${url} ${clientKey} ${followed}`,
      lead() {
        // The page before told of its own stream, which ended with it.
        turned(false);
        due.set(0);
      },
      hear,
      turned,
    });
    if (!group) due.set(0);
  };
  // A hidden page lets go of its stream.
  const listening = new AbortController();
  document?.addEventListener('visibilitychange', restart, listening);

  const connect = async () => {
    const own = (mine = new AbortController());
    const isOwn = () => mine === own;
    let retryMs: number | undefined, refusedMs: number | undefined;
    try {
      silence.set(ANSWER_MS);
      const identity = typeof identityToken === 'function' ? await identityToken() : identityToken;
      const headers = {
        accept: 'text/event-stream',
        authorization: `Bearer ${clientKey}`,
        ...(identity && { 'twinflag-identity': identity }),
      };
      const response = await fetch(`${url}/v1/watch${followed}`, { headers, signal: own.signal });
      const isStream = response.ok && response.headers.get('content-type')?.startsWith('text/event-stream');
      if (!isStream || !response.body) {
        const isFinal = response.status < 500 && ![408, 425, 429].includes(response.status);
        refusedMs = retryAfterMs(response.headers) || (isFinal ? REFUSED_MS : 0);
        own.abort();
      } else {
        const take = createEvents(
          data => {
            if (!isOwn()) return;
            group?.pass(data);
            hear(data);
          },
          ms => (retryMs = ms),
        );
        for await (const text of texts(response.body)) {
          if (!isOwn()) return;
          silence.set(SILENCE_MS);
          failures = 0;
          opened(true);
          take(text);
        }
      }
    } catch {
      // The stream was cut, or never opened.
    }
    if (!isOwn()) return;
    mine = undefined;
    silence.clear();
    const wasOpen = isOpen;
    opened(false);
    if (wasOpen) due.set(retryMs ?? Math.random() * MAX_RETRY_MS);
    else due.set(Math.max(refusedMs ?? 0, pauseMs(++failures, RETRY_MS, MAX_RETRY_MS)));
  };

  const hear = (data: string) => {
    const { type, etag, spread } = JSON.parse(data) as { type?: unknown; etag?: unknown; spread?: unknown };
    if (type !== 'refetchEvaluation' || typeof etag !== 'string' || !isBeyond(etag, answered)) return;
    heard = shared = etag;
    tell(Number(spread) || 0);
  };

  return {
    follow(request, newest, asked) {
      answered = newest;
      // A version that was made while another one was on its way is fetched soon; one that was asked for in vain is left to the interval.
      if (asked === heard) heard = '';
      else if (isBeyond(heard, newest)) tell(SOON_MS);
      // A version that this page found by itself is news to the others.
      if (isBeyond(newest, shared)) group?.pass(JSON.stringify({ type: 'refetchEvaluation', etag: (shared = newest) }));
      const owners = ownersOf(request);
      if (followed === owners) return;
      followed = owners;
      restart();
    },
    news: newest => (isBeyond(heard, newest) ? heard : undefined),
    close() {
      listening.abort();
      followed = undefined;
      stop();
    },
  };
}

/** Returns true if a version is newer than another one, or of another epoch. */
function isBeyond(version: string, newest: string): boolean {
  const [epoch, number] = version.split('.'),
    [its, count] = newest.split('.');
  return !!number && (epoch !== its || Number(number) > Number(count));
}

/** The owners in a request's body, as the query of a stream about them; empty if it names none. */
function ownersOf(request: string): string {
  const { context } = JSON.parse(request) as { context: EvaluationContext };
  const named = OWNERS.filter(name => ['string', 'number'].includes(typeof context[name])).map(name => [name, String(context[name])]);
  return named.length > 0 ? `?${new URLSearchParams(named).toString()}` : '';
}

/** The texts of a stream; a reader that stops early cancels it. */
async function* texts(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader(),
    utf8 = new TextDecoder();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      yield utf8.decode(value, { stream: true });
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

/** Reads events from texts, wherever these are cut. @throws {RangeError} for a line that has no end */
function createEvents(hear: (data: string) => void, retry: (ms: number) => void): (text: string) => void {
  let rest = '',
    data: string[] = [];
  return text => {
    rest += text;
    // A carriage return at the end may be the first half of a line's end.
    const held = rest.endsWith('\r') ? '\r' : '';
    const lines = rest.slice(0, rest.length - held.length).split(/\r\n|\r|\n/);
    rest = lines.pop()! + held;
    if (rest.length > LONGEST) throw new RangeError('the stream has a line without an end');
    for (const line of lines) {
      const [, field, value] = /^([^:]*)(?:: ?(.*))?$/.exec(line) ?? [];
      if (line === '') {
        if (data.length > 0) hear(data.join('\n'));
        data = [];
      } else if (field === 'data' && data.length < LONGEST) data.push(value ?? '');
      else if (field === 'retry' && /^\d+$/.test(value ?? '')) retry(Number(value));
    }
  };
}
