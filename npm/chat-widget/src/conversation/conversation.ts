/** One conversation: what was said, in order, and what of it was delivered. */
import { byPlace, LONGEST_TEXT, type Message, merge } from './message.js';

export class Conversation {
  readonly id: string;
  #messages: readonly Message[];
  readonly #listeners = new Set<(changed: readonly Message[]) => void>();

  constructor(id: string = crypto.randomUUID(), messages: readonly Message[] = []) {
    this.id = id;
    this.#messages = [...messages].sort(byPlace);
  }

  /** All messages in their places; the same array until one changes. */
  get messages(): readonly Message[] {
    return this.#messages;
  }

  /** Adds what the visitor wrote, waiting to be delivered; `undefined` for a text that is empty or too long. */
  say(text: string): Message | undefined {
    const said = text.trim();
    if (said === '' || said.length > LONGEST_TEXT) return undefined;
    const message = this.#message(crypto.randomUUID(), 'visitor', said, 'waiting');
    this.absorb([message]);
    return message;
  }

  /** Adds an agent's message behind all others, unless one with this id is there. */
  hear(id: string, text: string): void {
    if (!this.#messages.some(message => message.id === id)) this.absorb([this.#message(id, 'agent', text, 'delivered')]);
  }

  /** Notes that an attempt to deliver a message begins. */
  attempt(id: string): void {
    this.#change(id, message => ({ ...message, delivery: 'waiting', attempts: message.attempts + 1 }));
  }

  delivered(id: string): void {
    this.#change(id, message => ({ ...message, delivery: 'delivered' }));
  }

  failed(id: string): void {
    this.#change(id, message => ({ ...message, delivery: 'failed' }));
  }

  /** Takes messages of another copy of this conversation. */
  absorb(others: readonly Message[]): void {
    const merged = merge(this.#messages, others);
    const known = new Set(this.#messages);
    const changed = merged.filter(message => !known.has(message));
    if (changed.length === 0) return;
    this.#messages = merged;
    for (const listener of [...this.#listeners]) listener(changed);
  }

  /** Calls the listener with the messages that are new or have changed. */
  subscribe(listener: (changed: readonly Message[]) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  #message(id: string, from: Message['from'], text: string, delivery: Message['delivery']): Message {
    const order = (this.#messages.at(-1)?.order ?? 0) + 1;
    return { id, from, text, order, at: Date.now(), delivery, attempts: 0 };
  }

  #change(id: string, to: (message: Message) => Message): void {
    const message = this.#messages.find(each => each.id === id);
    if (message) this.absorb([to(message)]);
  }
}
