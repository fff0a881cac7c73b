/** Messages, and how two copies of a conversation become one. */

/**
 * The delivery of a visitor's message to the service: `waiting` to be sent or answered, `failed` until the visitor sends it again, or
 * `delivered`. An agent's message is delivered.
 */
export type Delivery = 'waiting' | 'failed' | 'delivered';

export interface Message {
  /** Random, except for an agent's message, whose id the service chooses. */
  readonly id: string;
  readonly from: 'visitor' | 'agent';
  /** 1 to {@link LONGEST_TEXT} UTF-16 units. */
  readonly text: string;
  /** The place in the conversation: one more than the largest that the author's tab knew. Ties are in the order of their ids. */
  readonly order: number;
  /** Milliseconds since 1970 by the visitor's clock; it is shown, and decides nothing. */
  readonly at: number;
  readonly delivery: Delivery;
  /** The attempts to deliver that began. */
  readonly attempts: number;
}

export const LONGEST_TEXT = 4000;
/** The most messages of a conversation; the oldest ones go first. */
export const MOST_MESSAGES = 2000;

const FURTHER: Record<Delivery, number> = { waiting: 0, failed: 1, delivered: 2 };

/** Compares two messages by their place. */
export function byPlace(a: Message, b: Message): number {
  return a.order - b.order || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
}

/**
 * The union of two copies of a conversation, in their places. Of two copies of one message the further one stays: a delivered one, else
 * that with more attempts, else a failed one. So merging is commutative, associative and idempotent, and tabs agree in any order.
 */
export function merge(one: readonly Message[], other: readonly Message[]): readonly Message[] {
  const all = new Map(one.map(message => [message.id, message]));
  for (const message of other) {
    const own = all.get(message.id);
    if (!own || isFurther(message, own)) all.set(message.id, message);
  }
  return [...all.values()].sort(byPlace).slice(-MOST_MESSAGES);
}

function isFurther(a: Message, b: Message): boolean {
  if ((a.delivery === 'delivered') !== (b.delivery === 'delivered')) return a.delivery === 'delivered';
  return a.attempts > b.attempts || (a.attempts === b.attempts && FURTHER[a.delivery] > FURTHER[b.delivery]);
}

/** Reads a message that a store, another tab or another window holds; `undefined` for anything else. */
export function readMessage(value: unknown): Message | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { id, from, text, order, at, delivery, attempts } = value as Partial<Record<keyof Message, unknown>>;
  if (typeof id !== 'string' || id === '' || id.length > 100) return undefined;
  if (from !== 'visitor' && from !== 'agent') return undefined;
  if (typeof text !== 'string' || text === '' || text.length > LONGEST_TEXT) return undefined;
  if (!isCount(order) || !isCount(at) || !isCount(attempts)) return undefined;
  if (typeof delivery !== 'string' || !Object.hasOwn(FURTHER, delivery)) return undefined;
  return { id, from, text, order, at, delivery: delivery as Delivery, attempts };
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
