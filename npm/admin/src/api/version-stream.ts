/** The versions of an environment as the server tells of them, by server-sent events over `fetch`: `EventSource` sends no token. */
import type { Api } from './client.js';
import { take } from './client.js';

/** A version that was made. */
export interface ToldVersion {
  /** The epoch of the store; another one means that the store was replaced. */
  readonly epoch: string;
  readonly number: number;
  /** The milliseconds within which to ask, so that many pages do not ask at once. */
  readonly spread: number;
}

/** The most characters of one event; a longer one is no message of this server. */
const MOST = 4_096;

/** Calls `onVersion` for each version until the stream ends or `signal` aborts it. Throws a refusal if there is no stream. */
export async function followVersions(
  api: Api,
  environment: string | undefined,
  signal: AbortSignal,
  onVersion: (told: ToldVersion) => void,
): Promise<void> {
  const body = await take(
    api.GET('/api/admin/watch', {
      params: { query: environment === undefined ? {} : { environment } },
      headers: { accept: 'text/event-stream' },
      parseAs: 'stream',
      signal,
    }),
  );
  const lines = (body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>);
  let rest = '';
  for await (const piece of chunks(lines)) {
    const all = (rest + piece).split('\n');
    rest = (all.pop() ?? '').slice(0, MOST);
    for (const line of all) {
      const told = line.startsWith('data: ') ? versionOf(line.slice(6)) : undefined;
      if (told) onVersion(told);
    }
  }
}

/** Not every browser iterates over a stream. */
async function* chunks(stream: ReadableStream<string>): AsyncGenerator<string> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    void reader.cancel().catch(() => {});
  }
}

/** The version in a message; `undefined` for a message of another kind. */
function versionOf(text: string): ToldVersion | undefined {
  try {
    const { etag, spread } = JSON.parse(text) as { etag?: unknown; spread?: unknown };
    const [epoch, digits] = String(etag).split('.');
    const number = Number(digits);
    if (epoch === undefined || !Number.isSafeInteger(number)) return undefined;
    return { epoch, number, spread: typeof spread === 'number' ? Math.min(Math.max(spread, 0), 5_000) : 0 };
  } catch {
    return undefined;
  }
}
