/** Keeps a conversation in the store that the features name, and hands it over when they name another one. */
import type { Conversation } from '../conversation/conversation.js';
import { load, remove, type Saving, save } from './archive.js';
import type { Store } from './store.js';

export interface KeeperSurroundings {
  /** Returns true if a save compresses, and makes room in a full storage. */
  isEnhanced(): boolean;
  /** Returns true if a save may wait until the browser is idle. */
  isDeferred(): boolean;
  saved(saving: Saving): void;
  /** Called if a store refused; the conversation goes on, and is saved again with its next change. */
  refused(store: Store, error: unknown): void;
}

/** The longest wait of a deferred save, in milliseconds. */
const DEFERRED_MS = 500;

export class Keeper {
  readonly #surroundings: KeeperSurroundings;
  #store: Store;
  #conversation: Conversation | undefined;
  #unsubscribe: (() => void) | undefined;
  /** The last step; each begins when the one before has ended, so that none overtakes another. */
  #last: Promise<unknown> = Promise.resolve();
  #isPlanned = false;

  constructor(store: Store, surroundings: KeeperSurroundings) {
    this.#store = store;
    this.#surroundings = surroundings;
  }

  /** The store in use. */
  get store(): Store {
    return this.#store;
  }

  /** Keeps this conversation from now on. */
  keep(conversation: Conversation): void {
    this.#unsubscribe?.();
    this.#conversation = conversation;
    this.#unsubscribe = conversation.subscribe(() => this.#plan());
    if (conversation.messages.length > 0) this.#plan();
  }

  /** The stored conversation of the visitor; `undefined` if there is none, or the store refused. */
  async find(): ReturnType<typeof load> {
    try {
      return await load(this.#store);
    } catch (error) {
      this.#surroundings.refused(this.#store, error);
      return undefined;
    }
  }

  /**
   * Uses another store: the conversation is saved there, and then removed from the one before. If the new store refuses, the one before
   * stays in use. Resolves with whether the store is in use.
   */
  move(store: Store): Promise<boolean> {
    return this.#then(async () => {
      const before = this.#store;
      if (store === before) return true;
      try {
        const stored = await load(before).catch(() => undefined);
        const own = this.#conversation;
        const isOwn = !own || stored?.id === own.id;
        if (stored && isOwn) own?.absorb(stored.messages);
        if (own ? own.messages.length > 0 : stored) await save(store, own ?? stored!, this.#surroundings.isEnhanced());
        this.#store = store;
      } catch (error) {
        this.#surroundings.refused(store, error);
        return false;
      }
      // The copy that stays behind if this fails is merged with the conversation when its store is used again.
      if (this.#conversation) await remove(before, this.#conversation.id).catch(() => undefined);
      return true;
    });
  }

  /** Takes what other tabs have stored. */
  refresh(): Promise<void> {
    return this.#then(async () => {
      const stored = await this.find();
      if (stored && stored.id === this.#conversation?.id) this.#conversation.absorb(stored.messages);
    });
  }

  /** Saves now what is not saved; resolves when it is, or the store refused. */
  async flush(): Promise<void> {
    if (this.#isPlanned) this.#save();
    await this.#last;
  }

  close(): void {
    this.#unsubscribe?.();
    void this.flush();
  }

  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    const due = () => this.#isPlanned && this.#save();
    if (this.#surroundings.isDeferred() && 'requestIdleCallback' in globalThis) requestIdleCallback(due, { timeout: DEFERRED_MS });
    else queueMicrotask(due);
  }

  #save(): void {
    this.#isPlanned = false;
    const conversation = this.#conversation;
    if (!conversation) return;
    void this.#then(async () => {
      try {
        this.#surroundings.saved(await save(this.#store, conversation, this.#surroundings.isEnhanced()));
      } catch (error) {
        this.#surroundings.refused(this.#store, error);
      }
    });
  }

  #then<T>(step: () => Promise<T>): Promise<T> {
    const next = this.#last.then(step);
    this.#last = next.catch(() => undefined);
    return next;
  }
}
