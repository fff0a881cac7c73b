/** Outcomes on their way to the server, in batches that a page which goes away may still send. */

/** An outcome as it is reported, but for its receipt. */
export interface WaitingOutcome {
  readonly flag: string;
  readonly event: string;
  readonly unit: string;
  readonly variant: string | undefined;
  readonly customerId: string | undefined;
  readonly metadata: Readonly<Record<string, unknown>> | undefined;
}

/** The most outcomes that wait for the server; of more, the oldest ones are let go. */
const MOST_WAITING = 1000;
/** The most outcomes in a batch, and the most bytes: a browser sends 64 KiB for a page that goes away (Fetch, "keepalive"), in all. */
const MOST_SENT = 200,
  MOST_SENT_BYTES = 60_000;
/** The most bytes of an identity, a key and an event's name, and of metadata as JSON; the server refuses more. */
const MOST_ID_BYTES = 256,
  MOST_METADATA_BYTES = 4000;

const encoder = new TextEncoder(),
  decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** The bytes of a text in UTF-8. */
const bytesOf = (text: string) => encoder.encode(text).length;

/** A text without what the server refuses: half a surrogate pair becomes U+FFFD, and so does U+0000. */
export const wellFormed = (text: string) => decoder.decode(encoder.encode(text)).replaceAll('\0', '\ufffd');

/** A text of 1 to 256 bytes without control characters; absent for anything else. */
export const idOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value && bytesOf(value) <= MOST_ID_BYTES && !/\p{Cc}/u.test(value) ? value : undefined;

/** A batch of the first outcomes. */
export interface Batch {
  readonly body: string;
  /** Lets its outcomes go. */
  drop(): void;
}

export interface Queue {
  /** Takes an outcome as it is now. One with a key or an event that the server refuses is left out; metadata that it refuses are. */
  add(outcome: WaitingOutcome): void;
  readonly size: number;
  /** The first outcomes, with the receipts of their units; absent if none wait. */
  batch(receipts: ReadonlyMap<string, string>): Batch | undefined;
}

export function createQueue(): Queue {
  const waiting = new Set<Readonly<Record<string, unknown>> & { readonly unit: string }>();
  return {
    add({ metadata, ...outcome }) {
      if (!idOf(outcome.flag) || !idOf(outcome.event)) return;
      const texts = Object.entries(outcome).map(([name, text]) => [name, text && wellFormed(text)]);
      waiting.add({ ...Object.fromEntries(texts), unit: outcome.unit, id: newId(), at: Date.now(), metadata: copyOf(metadata) });
      if (waiting.size > MOST_WAITING) waiting.delete(waiting.values().next().value!);
    },
    get size() {
      return waiting.size;
    },
    batch(receipts) {
      const batch: Parameters<typeof waiting.add>[0][] = [],
        texts: string[] = [];
      let bytes = 0;
      for (const outcome of waiting) {
        const text = JSON.stringify({ ...outcome, receipt: receipts.get(outcome.unit) });
        bytes += bytesOf(text) + 1;
        if (batch.length >= MOST_SENT || bytes > MOST_SENT_BYTES) break;
        batch.push(outcome);
        texts.push(text);
      }
      if (batch.length === 0) return undefined;
      const drop = () => {
        for (const outcome of batch) waiting.delete(outcome);
      };
      return { body: `{"outcomes":[${texts.join()}]}`, drop };
    },
  };
}

/** A name by which the server counts an outcome once. A page without TLS has no `crypto.randomUUID`. */
const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), byte => byte.toString(16).padStart(2, '0')).join('');

/** Metadata as JSON would write them now; absent if they are no JSON object, or too long. */
function copyOf(metadata: unknown): unknown {
  try {
    const text = JSON.stringify(metadata, (_, value: unknown) => (typeof value === 'string' ? wellFormed(value) : value));
    return text?.startsWith('{') && bytesOf(text) <= MOST_METADATA_BYTES ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}
