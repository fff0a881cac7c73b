/** Requests to the provider, bounded in time and in what is read of an answer. */

/** The longest that one request may take, in milliseconds. */
const PATIENCE_MS = 10_000;
/** The most bytes of an answer. A discovery document has some 5 kB. */
const MOST_BYTES = 262_144;

/** Thrown where no answer came that can be read: the provider is away, refuses this page's origin, or redirects. */
export class Unanswered extends Error {}

/** Thrown where an answer is longer than any of the protocol. */
export class TooLong extends Error {
  constructor(readonly bytes = MOST_BYTES) {
    super();
  }
}

/** The parts of a request that `oauth4webapi` makes. */
interface Asked {
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body?: URLSearchParams | undefined;
}

/** Sends a request without cookies. Rejects with {@link Unanswered} or {@link TooLong}. */
export async function boundedFetch(url: string, { method, headers, body }: Asked): Promise<Response> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  const bounds = { credentials: 'omit', cache: 'no-store', redirect: 'error', signal } as const;
  try {
    const response = await fetch(url, { method, headers, ...(body && { body }), ...bounds });
    const bytes = await read(response);
    return new Response(bytes.size === 0 ? null : bytes, { status: response.status, headers: response.headers });
  } catch (error) {
    throw error instanceof TooLong ? error : new Unanswered(String(error));
  }
}

async function read(response: Response): Promise<Blob> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  const reader = response.body?.getReader();
  for (let length = 0; reader; ) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > MOST_BYTES) {
      void reader.cancel().catch(() => {});
      throw new TooLong();
    }
    pieces.push(value);
  }
  return new Blob(pieces);
}
