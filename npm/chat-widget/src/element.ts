import { createClient, type EvaluationContext, type FlagClient } from '@twinflag/client';
import { outcomes } from '@twinflag/client/outcomes';

import { Chat } from './chat.js';
import { Panel } from './view/panel.js';
import { STYLES } from './view/styles.js';
import { TEXTS, type Texts } from './view/texts.js';

// On a server there are no elements, and the module may be imported all the same.
const ElementBase = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;

/**
 * `<twinflag-chat url="https://flags.example.com" client-key="tf_client_…" service="https://chat.example.com/messages">`: a button at the
 * corner of the page that opens a conversation.
 *
 * - `context`: the visitor, as JSON: `{"customerId":"c-1","sessionId":"s-1"}`. Other attributes are read once, when the element is placed.
 * - `open`: whether the conversation is shown.
 * - `parent-origin`: for a widget in a frame, the origin of the page around it.
 * - `client`: a client of the page's own making in place of `url` and `client-key`; it stays the page's to close.
 * - `texts`: the widget's words, where they differ from English.
 *
 * It dispatches `chat-change` when it opens, closes or has other messages.
 */
export class TwinflagChatElement extends ElementBase {
  static readonly observedAttributes = ['open', 'context'];

  #chat: Chat | undefined;
  #panel: Panel | undefined;
  #client: FlagClient | undefined;
  #isOwn = false;
  #texts: Texts = TEXTS;
  /** The messages that the visitor has had before their eyes. */
  #seen = new Set<string>();
  #isPlanned = false;

  /** The chat; absent while the element is not in a document, or lacks an attribute. */
  get chat(): Chat | undefined {
    return this.#chat;
  }

  set client(client: FlagClient | undefined) {
    // Ends the client that the element made for itself, before another one takes its place.
    this.#stop();
    this.#client = client;
    if (this.isConnected) this.#restart();
  }

  get client(): FlagClient | undefined {
    return this.#client;
  }

  set texts(texts: Partial<Texts>) {
    this.#texts = { ...TEXTS, ...texts };
    if (this.isConnected) this.#restart();
  }

  get texts(): Texts {
    return this.#texts;
  }

  /** True while the element shows the conversation. */
  get open(): boolean {
    return this.hasAttribute('open');
  }

  set open(isOpen: boolean) {
    this.toggleAttribute('open', isOpen);
  }

  /** The agent's messages that the visitor has not had before their eyes. */
  get unread(): number {
    return this.#chat?.messages.filter(({ from, id }) => from === 'agent' && !this.#seen.has(id)).length ?? 0;
  }

  /** The number of messages in the document. */
  get rendered(): number {
    return this.#panel?.rendered ?? 0;
  }

  connectedCallback(): void {
    for (const name of ['client', 'texts'] as const) {
      // Set before the element was defined.
      if (!Object.hasOwn(this, name)) continue;
      const value = this[name];
      Reflect.deleteProperty(this, name);
      Reflect.set(this, name, value);
    }
    if (!this.#chat) this.#restart();
  }

  disconnectedCallback(): void {
    // An element that is moved is connected again at once.
    queueMicrotask(() => {
      if (!this.isConnected) this.#stop();
    });
  }

  attributeChangedCallback(name: string, before: string | null, now: string | null): void {
    if (before === now || !this.#chat) return;
    if (name === 'context') void (this.#isOwn && this.#client?.setContext(this.#context()));
    else this.#toggled();
  }

  #restart(): void {
    this.#stop();
    const service = this.getAttribute('service');
    const client = this.#client ?? this.#make();
    if (!client || service === null) return;
    const root = this.shadowRoot ?? this.attachShadow({ mode: 'open' });
    const styles = new CSSStyleSheet();
    styles.replaceSync(STYLES);
    root.adoptedStyleSheets = [styles];
    const changed = () => this.#plan();
    const shown = (isOpen: boolean) => {
      this.open = isOpen;
    };
    const chat = new Chat({ client, service, parentOrigin: this.getAttribute('parent-origin') ?? undefined, changed, shown });
    this.#chat = chat;
    this.#panel = new Panel({
      texts: () => this.#texts,
      isRetrying: () => chat.features.isOn('retryLogic'),
      say: text => chat.say(text),
      again: id => chat.again(id),
      toggle: shown,
      startAgain: () => void chat.startAgain(),
    });
    root.replaceChildren(...this.#panel.elements);
    this.#show();
    void chat.start().then(() => {
      // Messages of an earlier page were read there.
      if (chat.isRestored) this.#seen = new Set(chat.messages.map(({ id }) => id));
      this.#plan();
    });
  }

  #stop(): void {
    this.#chat?.close();
    this.#chat = undefined;
    this.#panel = undefined;
    if (this.#isOwn) this.#client?.close();
    if (this.#isOwn) this.#client = undefined;
    this.#isOwn = false;
  }

  #make(): FlagClient | undefined {
    const url = this.getAttribute('url'),
      clientKey = this.getAttribute('client-key');
    if (url === null || clientKey === null) return undefined;
    this.#isOwn = true;
    this.#client = createClient({ url, clientKey, context: this.#context(), outcomes: outcomes() });
    return this.#client;
  }

  #context(): EvaluationContext {
    const text = this.getAttribute('context');
    if (!text) return {};
    try {
      return JSON.parse(text) as EvaluationContext;
    } catch (error) {
      console.error('<twinflag-chat>: its context is no JSON', error);
      return {};
    }
  }

  #toggled(): void {
    this.#chat?.features.track(this.open ? 'chat_opened' : 'chat_closed');
    this.#show();
  }

  /** Shows all changes of this turn at once. */
  #plan(): void {
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    queueMicrotask(() => {
      this.#isPlanned = false;
      this.#show();
    });
  }

  #show(): void {
    const { chat } = this;
    if (!chat) return;
    if (this.open) for (const { id } of chat.messages) this.#seen.add(id);
    this.#panel?.show({
      isOpen: this.open,
      unread: this.unread,
      messages: chat.messages,
      isWindowed: chat.features.isOn('performanceMode'),
      state: this.#state(chat),
      notice: chat.notice,
    });
    chat.appears(this.open, this.unread);
    this.dispatchEvent(new Event('chat-change', { bubbles: true }));
  }

  #state({ features, connection, storage, saving }: Chat): string {
    const isRetrying = features.isOn('retryLogic');
    if (connection === 'offline') return isRetrying ? this.#texts.offlineRetrying : this.#texts.offline;
    if (connection === 'unreachable') return isRetrying ? this.#texts.unreachableRetrying : this.#texts.unreachable;
    if (storage === 'memory') return this.#texts.notKept;
    return saving && saving.dropped > 0 ? this.#texts.shortened : '';
  }
}
