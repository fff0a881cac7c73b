import type { FlagDetails, Reason } from '@twinflag/client';

import { ElementBase } from './element-base.js';
import { FlagController } from './flag-controller.js';

/** What a `flag-change` event tells. */
export interface FlagChange {
  readonly key: string;
  readonly value: boolean;
  readonly reason: Reason;
}

/**
 * `<feature-flag flag="new_checkout">`: shows its children by a flag's value.
 *
 * Children without a slot, or with `slot="on"`, are shown where the flag is on; `slot="off"` where it is off; `slot="pending"`
 * while there is no answer yet. `enabled`, `pending` and `stale` are reflected as attributes.
 *
 * @fires flag-change where the value or its reason is another one; `detail` is a {@link FlagChange}
 */
export class FeatureFlagElement extends ElementBase {
  static readonly observedAttributes = ['flag'];

  readonly #root = this.attachShadow({ mode: 'open' });
  #controller: FlagController | undefined;
  #told: FlagDetails<boolean> | undefined;

  /** The flag's key. */
  get flag(): string {
    return this.getAttribute('flag') ?? '';
  }

  set flag(flagKey: string) {
    this.setAttribute('flag', flagKey);
  }

  /** Whether the flag is on. */
  get enabled(): boolean {
    return this.#controller?.value ?? false;
  }

  /** The whole answer. */
  get details(): FlagDetails<boolean> | undefined {
    return this.#controller?.details;
  }

  connectedCallback(): void {
    this.#follow();
  }

  disconnectedCallback(): void {
    this.#controller?.hostDisconnected();
  }

  attributeChangedCallback(_name: string, before: string | null, now: string | null): void {
    // An element that is upgraded hears of its attribute before it is connected.
    if (before !== now && this.isConnected && this.#controller) this.#follow();
  }

  #follow(): void {
    this.#controller?.hostDisconnected();
    this.#told = undefined;
    this.#controller = new FlagController(this, this.flag, false, details => this.#show(details));
    this.#controller.hostConnected();
  }

  #show(details: FlagDetails<boolean>): void {
    const { value, reason, pending = false, stale = false } = details,
      told = this.#told;
    this.toggleAttribute('enabled', value);
    this.toggleAttribute('pending', pending);
    this.toggleAttribute('stale', stale);
    this.#slots(pending ? ['pending'] : value ? ['on', ''] : ['off']);
    if (pending || (told?.value === value && told.reason === reason)) return;
    this.#told = details;
    const detail: FlagChange = { key: this.flag, value, reason };
    this.dispatchEvent(new CustomEvent('flag-change', { bubbles: true, composed: true, detail }));
  }

  /** Children whose slot is not there are not shown. */
  #slots(names: readonly string[]): void {
    const [first] = this.#root.children;
    if (first instanceof HTMLSlotElement && first.name === names[0]) return;
    this.#root.adoptedStyleSheets = [(sheet ??= transparent())];
    this.#root.replaceChildren(...names.map(name => Object.assign(document.createElement('slot'), { name })));
  }
}

/** One for all elements. */
let sheet: CSSStyleSheet | undefined;

/** The element itself is no box; a page may say otherwise. */
function transparent(): CSSStyleSheet {
  const made = new CSSStyleSheet();
  made.replaceSync(':host{display:contents}');
  return made;
}
