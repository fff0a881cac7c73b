/** A visitor's chat without its screen: one conversation, and the nine features that keep it. */
import type { FlagClient } from '@twinflag/client';

import { type FrameEnd, openFrameEnd } from './bridge/frame-end.js';
import { Conversation } from './conversation/conversation.js';
import type { Message } from './conversation/message.js';
import { shareWithTabs } from './conversation/tab-sync.js';
import { type Connection, type ConnectionState, watchConnection } from './delivery/connection.js';
import { Courier } from './delivery/courier.js';
import { send } from './delivery/service.js';
import { type Feature, type FeatureChange, Features } from './features.js';
import { remove, type Saving } from './storage/archive.js';
import { Keeper } from './storage/keeper.js';
import { createMemoryStore, isFull, pageStore, type Store } from './storage/store.js';

export interface ChatOptions {
  readonly client: FlagClient;
  /** The address of the service that answers messages. */
  readonly service: string;
  /** The origin of the page around this frame; absent if the widget is in the page itself. */
  readonly parentOrigin?: string | undefined;
  /** Called after each change of what a screen shows. */
  changed(): void;
  /** The page around the frame opens or closes the widget. */
  shown(isOpen: boolean): void;
}

/** The longest wait for the flags before a conversation is restored by the features' defaults, in milliseconds. */
const FLAGS_MS = 2000;

export class Chat {
  readonly features: Features;
  readonly #options: ChatOptions;
  readonly #keeper: Keeper;
  readonly #memory = createMemoryStore();
  #conversation = new Conversation();
  #courier!: Courier;
  #unsubscribe: (() => void) | undefined;
  #stopSharing: (() => void) | undefined;
  #connection: Connection | undefined;
  #connectionState: ConnectionState = 'online';
  #bridge: FrameEnd | undefined;
  /** The last appearance that the page around the frame was told. */
  #appearance = '';
  #notice = '';
  #saving: Saving | undefined;
  #isRestored = false;
  #isParentBroken = false;
  #isClosed = false;

  constructor(options: ChatOptions) {
    this.#options = options;
    this.features = new Features(options.client);
    this.#keeper = new Keeper(pageStore, {
      isEnhanced: () => this.features.isOn('enhancedStorage'),
      isDeferred: () => this.features.isOn('performanceMode'),
      saved: saving => {
        this.#saving = saving;
        options.changed();
      },
      refused: (store, error) => this.#refused(store, error),
    });
    this.#use(this.#conversation);
  }

  get messages(): readonly Message[] {
    return this.#conversation.messages;
  }

  get conversationId(): string {
    return this.#conversation.id;
  }

  /** The store in use. */
  get storage(): Store['kind'] {
    return this.#keeper.store.kind;
  }

  /** The last save; absent before one. */
  get saving(): Saving | undefined {
    return this.#saving;
  }

  /** The state of the connection; `online` while nothing watches it. */
  get connection(): ConnectionState {
    return this.#connectionState;
  }

  /** The notice of the feature that went away last; empty for none. */
  get notice(): string {
    return this.#notice;
  }

  /** True if the chat goes on with an earlier conversation. */
  get isRestored(): boolean {
    return this.#isRestored;
  }

  /** Restores the conversation and switches on what the flags say; resolves when both is done. It never rejects. */
  async start(): Promise<void> {
    const began = performance.now();
    const { client } = this.#options;
    await Promise.race([client.ready(), new Promise(resolve => setTimeout(resolve, FLAGS_MS))]);
    if (this.#isClosed) return;
    this.#watch();
    await this.#connectParent();
    await this.#choose();
    await this.#restore(began);
    this.#share();
    this.#monitor();
    this.#courier.wake();
    this.#options.changed();
  }

  say(text: string): void {
    if (!this.#conversation.say(text)) return;
    this.features.track('message_sent', { continued: this.#isRestored });
    this.#courier.wake();
  }

  /** Sends a failed message again. */
  again(id: string): void {
    this.#courier.again(id);
  }

  /** Leaves the conversation and begins another one; the one before is removed from the store. */
  async startAgain(): Promise<void> {
    const before = this.#conversation;
    this.#use(new Conversation());
    this.#share();
    this.#isRestored = false;
    this.#options.changed();
    await this.#keeper.flush();
    await remove(this.#keeper.store, before.id).catch(error => this.#refused(this.#keeper.store, error));
  }

  /** Tells the page around the frame whether the widget is open, which decides the frame's size, and how many messages are unread. */
  appears(isOpen: boolean, unread: number): void {
    const told = this.features.isOn('crossDomainMessaging') ? unread : 0;
    const appearance = `${isOpen} ${told}`;
    if (!this.#bridge || appearance === this.#appearance) return;
    this.#appearance = appearance;
    this.#bridge.shown(isOpen, told);
  }

  /** Resolves when what was said so far is stored, or cannot be. */
  flush(): Promise<void> {
    return this.#keeper.flush();
  }

  close(): void {
    this.#isClosed = true;
    this.features.close();
    this.#unsubscribe?.();
    this.#stopSharing?.();
    this.#connection?.close();
    this.#courier.close();
    this.#keeper.close();
    this.#bridge?.close();
  }

  /** Goes on with this conversation. */
  #use(conversation: Conversation): void {
    this.#unsubscribe?.();
    this.#courier?.close();
    this.#conversation = conversation;
    this.#unsubscribe = conversation.subscribe(() => this.#options.changed());
    this.#keeper.keep(conversation);
    this.#courier = new Courier(conversation, {
      send: message => send(this.#options.service, conversation.id, message),
      isRetrying: () => this.features.isOn('retryLogic'),
      delivered: (_, ms) => {
        this.#connection?.note(true);
        this.features.track('message_delivered', { ms: Math.round(ms) });
      },
      failed: (_, error) => {
        this.#connection?.note(false);
        this.features.track('message_failed', { error: String(error) });
      },
    });
  }

  /** Follows the flags from now on. */
  #watch(): void {
    const on = (feature: Feature, become: (isOn: boolean) => void) =>
      this.features.watch(feature, ({ isOn, notice }: FeatureChange) => {
        if (notice) this.#notice = notice;
        become(isOn);
        this.#options.changed();
      });
    // Each save reads these two when it is made.
    on('enhancedStorage', () => this.#keeper.keep(this.#conversation));
    on('performanceMode', () => undefined);
    on('analytics', () => undefined);
    // A conversation that was restored stays: only the next page begins a new one.
    on('autoRestore', () => undefined);
    on('parentStorage', () => void this.#choose());
    on('crossDomainMessaging', () => void this.#choose());
    on('connectionMonitoring', () => this.#monitor());
    on('retryLogic', () => this.#courier.wake());
    on('tabSync', () => this.#share());
  }

  /** Opens the bridge to the page around the frame. It stays open, and messages go over it for as long as the feature is on. */
  async #connectParent(): Promise<void> {
    const { parentOrigin, shown } = this.#options;
    if (!parentOrigin) return;
    try {
      this.#bridge = await openFrameEnd(parentOrigin, isOpen => this.features.isOn('crossDomainMessaging') && shown(isOpen));
    } catch (error) {
      this.features.fail('crossDomainMessaging', error);
    }
  }

  /** Uses the store that the features name, else the page's, else the memory. */
  async #choose(): Promise<void> {
    const parent =
      this.features.isOn('parentStorage') && this.features.isOn('crossDomainMessaging') && !this.#isParentBroken
        ? this.#bridge?.store
        : undefined;
    for (const store of [parent, pageStore, this.#memory]) if (store && (await this.#keeper.move(store))) break;
    this.#options.changed();
  }

  async #restore(began: number): Promise<void> {
    if (!this.features.isOn('autoRestore')) return;
    const saved = await this.#keeper.find();
    // This page may have stored its own conversation before it looked for an earlier one.
    if (!saved || saved.id === this.#conversation.id || saved.messages.length === 0) return;
    // The visitor may have written before the conversation was found.
    const conversation = new Conversation(saved.id, saved.messages);
    for (const { text } of this.#conversation.messages) conversation.say(text);
    this.#use(conversation);
    this.#isRestored = true;
    const ms = performance.now() - began;
    performance.measure('twinflag-chat:restore', { start: began, duration: ms });
    this.features.track('conversation_restored', { ms: Math.round(ms), messages: saved.messages.length });
  }

  #share(): void {
    this.#stopSharing?.();
    this.#stopSharing = undefined;
    if (!this.features.isOn('tabSync')) return;
    try {
      this.#stopSharing = shareWithTabs(this.#conversation);
      // Other tabs may have stored messages while this one did not hear them.
      void this.#keeper.refresh();
    } catch (error) {
      this.features.fail('tabSync', error);
    }
  }

  #monitor(): void {
    this.#connection?.close();
    this.#connection = undefined;
    this.#connectionState = 'online';
    if (!this.features.isOn('connectionMonitoring')) return;
    this.#connection = watchConnection(state => {
      this.#connectionState = state;
      if (state === 'online') this.#courier.wake();
      this.#options.changed();
    });
    this.#connectionState = this.#connection.state;
  }

  #refused(store: Store, error: unknown): void {
    if (store.kind === 'parent') {
      this.features.fail('parentStorage', error);
      this.#isParentBroken = true;
      void this.#choose();
    } else if (this.features.isOn('enhancedStorage')) this.features.fail('enhancedStorage', error);
    // A full storage has the conversation as it was saved last; one that refuses everything has none.
    if (store.kind === 'page' && !isFull(error) && this.#keeper.store === store) void this.#keeper.move(this.#memory);
    this.#saving = undefined;
    this.#options.changed();
  }
}
