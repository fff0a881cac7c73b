/** Conversations as a store keeps them. */
import { type Message, merge, readMessage } from '../conversation/message.js';
import { compress, decompress, isCompressed } from './compression.js';
import { isFull, type Store } from './store.js';

/** The name under which the id of the visitor's conversation stands. */
export const CURRENT = 'chat_conversation_id';

const nameOf = (id: string) => `chat_conversation:${id}`;
/** The most bytes of a conversation. */
const MOST_BYTES = 8_000_000;

/** A conversation that was stored. */
export interface Saved {
  readonly id: string;
  readonly messages: readonly Message[];
}

/** The result of a save. */
export interface Saving {
  /** The units of the text divided by those of the compressed text; absent if the save did not compress it. */
  readonly ratio?: number;
  /** The oldest messages that had to go because the storage is full. */
  readonly dropped: number;
}

/** The conversation that the store names as the visitor's; `undefined` if there is none, or a damaged one. */
export async function load(store: Store): Promise<Saved | undefined> {
  const id = await store.read(CURRENT);
  return id ? { id, messages: await messagesOf(store, id) } : undefined;
}

/** The stored messages of a conversation. A text that is no conversation counts as none: the next save replaces it. */
async function messagesOf(store: Store, id: string): Promise<readonly Message[]> {
  const text = await store.read(nameOf(id));
  if (text === null) return [];
  try {
    const value: unknown = JSON.parse(isCompressed(text) ? await decompress(text, MOST_BYTES) : text);
    return Array.isArray(value)
      ? merge(
          [],
          value.map(readMessage).filter(message => message !== undefined),
        )
      : [];
  } catch {
    return [];
  }
}

/**
 * Saves a conversation together with what other tabs have stored of it since: a lock makes each save one step. With `isEnhanced` the text is
 * compressed, and if the storage is full the oldest delivered messages go; without, a full storage rejects.
 */
export function save(store: Store, { id, messages }: Saved, isEnhanced: boolean): Promise<Saving> {
  return alone(id, async () => {
    let kept = merge(await messagesOf(store, id), messages);
    const all = kept.length;
    for (;;) {
      const json = JSON.stringify(kept);
      const { text, ratio } = isEnhanced ? await compress(json) : { text: json };
      try {
        await store.write(nameOf(id), text);
        await store.write(CURRENT, id);
        return { dropped: all - kept.length, ...(ratio !== undefined && { ratio }) };
      } catch (error) {
        const shorter = isEnhanced && isFull(error) ? shortened(kept) : kept;
        if (shorter.length === kept.length) throw error;
        kept = shorter;
      }
    }
  });
}

/** Removes a conversation, and its id if it is the visitor's current one. */
export function remove(store: Store, id: string): Promise<void> {
  return alone(id, async () => {
    await store.remove(nameOf(id));
    if ((await store.read(CURRENT)) === id) await store.remove(CURRENT);
  });
}

/** Without a quarter of its messages, and at least one: the oldest that are delivered. */
function shortened(messages: readonly Message[]): readonly Message[] {
  let excess = Math.ceil(messages.length / 4);
  return messages.filter(({ delivery }) => delivery !== 'delivered' || excess-- <= 0);
}

/** Runs one step on a conversation at a time, over all tabs of this origin where the browser has locks. */
function alone<T>(id: string, step: () => Promise<T>): Promise<T> {
  return navigator.locks ? (navigator.locks.request(`twinflag-chat:${id}`, step) as Promise<T>) : step();
}
