/** The messages on the screen: all of them, or with `isWindowed` those in sight and some around them. */
import type { Message } from '../conversation/message.js';
import { make } from './dom.js';
import type { Texts } from './texts.js';

export interface MessageListSurroundings {
  texts(): Texts;
  /** Returns true if the widget sends messages that failed again by itself. */
  isRetrying(): boolean;
  /** The visitor wants a failed message sent again. */
  again(id: string): void;
}

/** The messages that are rendered before and behind those in sight. */
const AROUND = 10;
/** The height of a message that was never rendered, in pixels. */
const ESTIMATE = 56;
/** The distance from the end, in pixels, within which the list follows new messages. */
const NEAR_END = 80;

export class MessageList {
  /** The scrolling element, to be placed once. */
  readonly element: HTMLElement;
  readonly #list: HTMLOListElement;
  readonly #surroundings: MessageListSurroundings;
  readonly #items = new Map<string, { readonly item: HTMLLIElement; message: Message }>();
  readonly #heights = new Map<string, number>();
  #messages: readonly Message[] = [];
  #isWindowed = false;

  constructor(surroundings: MessageListSurroundings) {
    this.#surroundings = surroundings;
    const { conversation } = surroundings.texts();
    this.#list = make('ol');
    this.element = make('div', { className: 'log', role: 'log', tabIndex: 0, ariaLabel: conversation }, this.#list);
    this.element.addEventListener('scroll', () => this.#isWindowed && this.#render(), { passive: true });
  }

  /** Shows these messages, and follows the end if it was in sight. */
  show(messages: readonly Message[], isWindowed: boolean): void {
    const { scrollHeight, scrollTop, clientHeight } = this.element;
    const isAtEnd = scrollHeight - scrollTop - clientHeight < NEAR_END || this.#messages.length === 0;
    this.#messages = messages;
    this.#isWindowed = isWindowed;
    if (isAtEnd && isWindowed) this.#render(messages.length);
    else this.#render();
    if (isAtEnd) this.element.scrollTop = this.element.scrollHeight;
  }

  /** The number of messages in the document. */
  get rendered(): number {
    return this.#items.size;
  }

  #render(end?: number): void {
    const [from, to] = this.#isWindowed ? this.#range(end) : [0, this.#messages.length];
    const shown = this.#messages.slice(from, to);
    const ids = new Set(shown.map(({ id }) => id));
    for (const [id, { item }] of this.#items) {
      if (ids.has(id)) continue;
      item.remove();
      this.#items.delete(id);
    }
    for (const [index, message] of shown.entries()) {
      const item = this.#item(message);
      const there = this.#list.children[index];
      if (there !== item) this.#list.insertBefore(item, there ?? null);
    }
    if (this.#isWindowed) for (const [id, { item }] of this.#items) this.#heights.set(id, item.offsetHeight);
    this.#list.style.paddingBlock = `${this.#height(0, from)}px ${this.#height(to, this.#messages.length)}px`;
  }

  /** The first message to render, and the one behind the last. */
  #range(end?: number): [number, number] {
    const { scrollTop, clientHeight } = this.element;
    const all = this.#messages.length;
    if (end !== undefined) {
      let from = end;
      for (let height = 0; from > 0 && height < clientHeight; from--) height += this.#heightOf(from - 1);
      return [Math.max(0, from - AROUND), end];
    }
    let from = 0;
    let at = 0;
    while (from < all && at + this.#heightOf(from) < scrollTop) at += this.#heightOf(from++);
    let to = from;
    while (to < all && at < scrollTop + clientHeight) at += this.#heightOf(to++);
    return [Math.max(0, from - AROUND), Math.min(all, to + AROUND)];
  }

  #heightOf(index: number): number {
    return this.#heights.get(this.#messages[index]!.id) ?? ESTIMATE;
  }

  #height(from: number, to: number): number {
    let height = 0;
    for (let index = from; index < to; index++) height += this.#heightOf(index);
    return height;
  }

  /** The element of a message: the same one for as long as the message is in the document. */
  #item(message: Message): HTMLLIElement {
    const known = this.#items.get(message.id);
    if (known?.message === message) return known.item;
    const item = known?.item ?? make('li');
    const { you, agent, waiting, failed, retrying, again } = this.#surroundings.texts();
    const { id, from, text, delivery, attempts } = message;
    item.className = `message ${from} ${delivery}`;
    const author = make('span', { className: 'author', textContent: `${from === 'visitor' ? you : agent}: ` });
    const content: Node[] = [make('p', { className: 'bubble' }, author, text)];
    if (delivery === 'waiting' && attempts > 0) content.push(make('p', { className: 'delivery' }, waiting));
    if (delivery === 'failed') {
      const button = make('button', { type: 'button', textContent: again, onclick: () => this.#surroundings.again(id) });
      content.push(make('p', { className: 'delivery' }, `${this.#surroundings.isRetrying() ? retrying : failed} `, button));
    }
    item.replaceChildren(...content);
    this.#items.set(id, { item, message });
    return item;
  }
}
