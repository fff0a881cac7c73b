/**
 * The messages between a frame that shows the widget and the page around it.
 *
 * The frame sends {@link HELLO} to the page's origin alone, and the page answers with one end of a channel, to the frame's origin alone. All
 * else goes over that channel, which no third window can hear or write to.
 */

/** The first message, which asks for a channel. */
export const HELLO = 'twinflag-chat/1';

/** A question of the frame about the page's storage. */
export type Question =
  | { readonly ask: 'read'; readonly name: string }
  | { readonly ask: 'write'; readonly name: string; readonly text: string }
  | { readonly ask: 'remove'; readonly name: string };

/** Messages from the frame. */
export type FromFrame =
  | { readonly kind: 'question'; readonly number: number; readonly question: Question }
  | { readonly kind: 'shown'; readonly isOpen: boolean; readonly unread: number };

/** Messages from the page. */
export type FromPage =
  | { readonly kind: 'answer'; readonly number: number; readonly text: string | null }
  | { readonly kind: 'refusal'; readonly number: number; readonly isFull: boolean; readonly message: string }
  | { readonly kind: 'show'; readonly isOpen: boolean };

/** The names that a frame may use in the page's storage begin with this. */
const NAMES = 'chat_';
/** The most UTF-16 units of a text that the page stores for a frame. */
export const LONGEST_STORED = 2_000_000;

/** Reads a frame's message; `undefined` for anything else. */
export function readFromFrame(value: unknown): FromFrame | undefined {
  if (!isRecord(value)) return undefined;
  const { kind, number, question, isOpen, unread } = value;
  if (kind === 'shown' && typeof isOpen === 'boolean' && isCount(unread)) return { kind, isOpen, unread };
  if (kind !== 'question' || !isCount(number) || !isRecord(question)) return undefined;
  const { ask, name, text } = question;
  if (typeof name !== 'string' || !name.startsWith(NAMES) || name.length > 200) return undefined;
  if (ask === 'read' || ask === 'remove') return { kind, number, question: { ask, name } };
  if (ask !== 'write' || typeof text !== 'string' || text.length > LONGEST_STORED) return undefined;
  return { kind, number, question: { ask, name, text } };
}

/** Reads a page's message; `undefined` for anything else. */
export function readFromPage(value: unknown): FromPage | undefined {
  if (!isRecord(value)) return undefined;
  const { kind, number, text, isFull, message, isOpen } = value;
  if (kind === 'show' && typeof isOpen === 'boolean') return { kind, isOpen };
  if (!isCount(number)) return undefined;
  if (kind === 'answer' && (text === null || typeof text === 'string')) return { kind, number, text };
  if (kind === 'refusal' && typeof message === 'string') return { kind, number, isFull: isFull === true, message };
  return undefined;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> => typeof value === 'object' && value !== null;
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
