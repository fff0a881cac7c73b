/** The parts of the widget that a visitor sees: the button that opens it, and the conversation. */
import type { Message } from '../conversation/message.js';
import { LONGEST_TEXT } from '../conversation/message.js';
import { icon, make } from './dom.js';
import { MessageList } from './message-list.js';
import type { Texts } from './texts.js';

export interface PanelSurroundings {
  texts(): Texts;
  isRetrying(): boolean;
  say(text: string): void;
  again(id: string): void;
  /** The visitor opens or closes the widget. */
  toggle(isOpen: boolean): void;
  startAgain(): void;
}

/** The state that the panel shows. */
export interface PanelState {
  readonly isOpen: boolean;
  readonly unread: number;
  readonly messages: readonly Message[];
  readonly isWindowed: boolean;
  /** A text about the connection or the storage; empty if all is well. */
  readonly state: string;
  /** A text for the visitor, such as a feature's notice; empty for none. */
  readonly notice: string;
}

const BUBBLE = 'M4 5h16v11H9l-5 4z';
const CROSS = 'M6 6l12 12M18 6L6 18';
const ARROW = 'M5 12h14M13 6l6 6-6 6';
const ROUND = 'M4 12a8 8 0 1 0 2.5-5.8M4 4v4h4';

export class Panel {
  readonly elements: readonly HTMLElement[];
  readonly #launcher: HTMLButtonElement;
  readonly #unread = make('span', { className: 'unread' });
  readonly #panel: HTMLElement;
  readonly #state = make('p', { className: 'state', role: 'status' });
  readonly #notice = make('p', { className: 'notice', role: 'status' });
  readonly #field: HTMLTextAreaElement;
  readonly #texts: () => Texts;
  readonly #list: MessageList;
  #isOpen = false;

  constructor(surroundings: PanelSurroundings) {
    this.#texts = surroundings.texts;
    const { heading, close, compose, send, startAgain } = surroundings.texts();
    this.#list = new MessageList(surroundings);
    this.#launcher = make(
      'button',
      { type: 'button', className: 'launcher', onclick: () => surroundings.toggle(!this.#isOpen) },
      icon(BUBBLE),
    );
    this.#launcher.append(this.#unread);

    const title = make('h2', { id: 'heading', textContent: heading });
    const again = make(
      'button',
      { type: 'button', className: 'icon', ariaLabel: startAgain, title: startAgain, onclick: surroundings.startAgain },
      icon(ROUND),
    );
    const closing = make(
      'button',
      { type: 'button', className: 'icon', ariaLabel: close, onclick: () => surroundings.toggle(false) },
      icon(CROSS),
    );

    this.#field = make('textarea', { rows: 1, maxLength: LONGEST_TEXT, placeholder: compose, ariaLabel: compose, enterKeyHint: 'send' });
    const submit = make('button', { className: 'send', ariaLabel: send }, icon(ARROW));
    const form = make('form', { noValidate: true }, this.#field, submit);
    const say = () => {
      surroundings.say(this.#field.value);
      this.#field.value = '';
      this.#field.focus();
    };
    form.addEventListener('submit', event => {
      event.preventDefault();
      say();
    });
    this.#field.addEventListener('keydown', event => {
      // Enter that ends a composition of characters is the input method's.
      if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      say();
    });

    const header = make('header', {}, title, again, closing);
    this.#panel = make('section', { className: 'panel', role: 'dialog', attributes: { 'aria-labelledby': 'heading' } }, header);
    this.#panel.append(this.#state, this.#list.element, this.#notice, form);
    this.#panel.addEventListener('keydown', event => {
      if (event.key === 'Escape') surroundings.toggle(false);
    });
    this.elements = [this.#panel, this.#launcher];
  }

  /** The number of messages in the document. */
  get rendered(): number {
    return this.#list.rendered;
  }

  show({ isOpen, unread, messages, isWindowed, state, notice }: PanelState): void {
    const { open, close, unread: unreadText, greeting } = this.#texts();
    const hasOpened = isOpen && !this.#isOpen;
    const hasClosed = !isOpen && this.#isOpen;
    this.#isOpen = isOpen;
    this.#panel.hidden = !isOpen;
    this.#unread.hidden = unread === 0;
    this.#unread.textContent = unread > 9 ? '9+' : String(unread);
    this.#launcher.ariaLabel = isOpen ? close : unread > 0 ? `${open}, ${unreadText(unread)}` : open;
    this.#launcher.ariaExpanded = String(isOpen);
    tell(this.#state, state);
    tell(this.#notice, notice);
    if (isOpen) this.#list.show(messages.length > 0 ? messages : [greetingOf(greeting)], isWindowed);
    if (hasOpened) this.#field.focus();
    if (hasClosed) this.#launcher.focus();
  }
}

function greetingOf(text: string): Message {
  return { id: 'greeting', from: 'agent', text, order: 0, at: 0, delivery: 'delivered', attempts: 0 };
}

function tell(element: HTMLElement, text: string): void {
  element.hidden = text === '';
  if (element.textContent !== text) element.textContent = text;
}
