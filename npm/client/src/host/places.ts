/** Writes entries to the places of a page, and exchanges them with the page that embeds it. Loaded behind the first answers. */
import type { StoredProgram } from '../stored-program.js';

/** The methods of a `Storage` that entries need. */
export type Place = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;
/** From the one that lasts longest. */
export type Places = (() => Place)[];

/** An entry as JSON has it. */
export interface Entry {
  /** A hash of the request and the identity. */
  readonly for: string;
  /** When it was kept, in milliseconds since 1970. */
  readonly at: number;
  readonly etag: string | undefined;
  readonly version: string | undefined;
  readonly visitor: StoredProgram['visitor'];
  readonly known: StoredProgram['known'];
  /** The program's bytes in base64. */
  readonly program: string;
}

/** A message to the embedding page; without a text it asks for one, and null drops it. */
interface Message {
  readonly twinflag: string;
  readonly text?: string | null | undefined;
}

/** The longest entry, in characters. */
const LONGEST = 512_000;
/** The longest name: the prefix and a hash. */
const LONGEST_NAME = 40;
/** The longest wait for the embedding page. */
const PARENT_MS = 300;

const kept = new Map<string, string>();
/** The page's memory, which comes last. */
const memory = (): Place => ({
  getItem: name => kept.get(name) ?? null,
  setItem: (name, text) => void kept.set(name, text),
  removeItem: name => void kept.delete(name),
});

/** An entry as JSON; absent if its program is too long to be kept. */
export function textOf(wanted: string, { program, etag, version, visitor, known }: StoredProgram): string | undefined {
  if (program.length > LONGEST / 2) return undefined;
  let bytes = '';
  for (const byte of program) bytes += String.fromCharCode(byte);
  const entry: Entry = { for: wanted, at: Date.now(), etag, version, visitor, known, program: btoa(bytes) };
  return JSON.stringify(entry);
}

/** Keeps a text in the first place that takes it and in no other, or drops it; tells the embedding page, if this page has no storage. */
export function keep(places: Places, name: string, text: string | undefined, parent?: string): void {
  if (!places.includes(memory)) places.push(memory);
  let isKept = text === undefined;
  for (const place of places) {
    try {
      if (place === memory && !isKept && parent) tell(parent, { twinflag: name, text });
      // First, for the room that the one before takes.
      place().removeItem(name);
      if (isKept) continue;
      place().setItem(name, text!);
      isKept = true;
    } catch {
      // The browser refuses this place, or it is full.
    }
  }
}

/** Asks the embedding page for a text. A page of another origin gets no message; without an answer there is none. */
export function ask(name: string, parent: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => resolve(String(data));
    setTimeout(() => {
      port1.close();
      reject(new Error('no answer'));
    }, PARENT_MS);
    tell(parent, { twinflag: name }, [port2]);
  });
}

function tell(parent: string, message: Message, ports: MessagePort[] = []): void {
  globalThis.parent.postMessage(message, parent, ports);
}

/** Answers the pages of these origins, which this one embeds. */
export function serve(places: Places, prefix: string, origins: readonly string[], signal: AbortSignal): void {
  const hear = ({ origin, data, ports: [port] }: MessageEvent) => {
    const { twinflag: name, text } = ((typeof data === 'object' && data) || {}) as Record<string, unknown>;
    if (!origins.includes(origin) || typeof name !== 'string' || !name.startsWith(prefix) || name.length > LONGEST_NAME) return;
    // Apart from this page's own entry, and from those of other origins.
    const own = `${name} ${origin}`;
    if (typeof text === 'string' && text.length <= LONGEST) keep(places, own, text);
    else port?.postMessage(read(places, own));
  };
  (globalThis as unknown as EventTarget).addEventListener('message', hear as (event: Event) => void, { signal });
}

function read(places: Places, name: string): string | undefined {
  for (const place of places) {
    try {
      const text = place().getItem(name);
      if (text) return text;
    } catch {
      // The browser refuses this place.
    }
  }
  return undefined;
}
