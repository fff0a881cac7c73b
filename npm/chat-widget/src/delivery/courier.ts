/** Delivers the visitor's messages in their order, one at a time. */
import type { Conversation } from '../conversation/conversation.js';
import type { Message } from '../conversation/message.js';
import { Refused, type Reply } from './service.js';

export interface CourierSurroundings {
  send(message: Message): Promise<Reply>;
  /** Returns true if the courier sends a message that failed again by itself. */
  isRetrying(): boolean;
  /** Called after each attempt, with its milliseconds. */
  delivered(message: Message, ms: number): void;
  failed(message: Message, error: unknown): void;
}

/** The first and the longest pause before a message is tried again, in milliseconds. */
const FIRST_PAUSE_MS = 1000,
  LONGEST_PAUSE_MS = 60_000;

export class Courier {
  readonly #conversation: Conversation;
  readonly #surroundings: CourierSurroundings;
  /** Messages that the service will never take; the visitor may still send one again. */
  readonly #refused = new Set<string>();
  #isSending = false;
  #isClosed = false;
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(conversation: Conversation, surroundings: CourierSurroundings) {
    this.#conversation = conversation;
    this.#surroundings = surroundings;
  }

  /** Sends what waits, now. Where messages are tried again, those that failed wait, too. */
  wake(): void {
    clearTimeout(this.#timer);
    void this.#run();
  }

  /** Sends one message again that failed. */
  again(id: string): void {
    this.#refused.delete(id);
    this.#conversation.attempt(id);
    this.wake();
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    try {
      for (let message = this.#next(); message && !this.#isClosed; message = this.#next()) if (!(await this.#deliver(message))) break;
    } finally {
      this.#isSending = false;
    }
  }

  #next(): Message | undefined {
    const due = this.#surroundings.isRetrying() ? ['waiting', 'failed'] : ['waiting'];
    return this.#conversation.messages.find(
      ({ id, from, delivery }) => from === 'visitor' && due.includes(delivery) && !this.#refused.has(id),
    );
  }

  /** Returns whether the next message may follow. */
  async #deliver(message: Message): Promise<boolean> {
    const began = performance.now();
    this.#conversation.attempt(message.id);
    try {
      const reply = await this.#surroundings.send(message);
      this.#failures = 0;
      this.#conversation.delivered(message.id);
      this.#conversation.hear(reply.id, reply.text);
      this.#surroundings.delivered(message, performance.now() - began);
      return true;
    } catch (error) {
      this.#conversation.failed(message.id);
      this.#surroundings.failed(message, error);
      if (error instanceof Refused) this.#refused.add(message.id);
      if (error instanceof Refused || !this.#surroundings.isRetrying()) return true;
      const pause = Math.min(FIRST_PAUSE_MS * 2 ** this.#failures++, LONGEST_PAUSE_MS);
      // Half of the pause is random, so that the visitors of an outage do not come back together.
      if (!this.#isClosed) this.#timer = setTimeout(() => this.wake(), pause * (0.5 + Math.random() / 2));
      return false;
    }
  }
}
