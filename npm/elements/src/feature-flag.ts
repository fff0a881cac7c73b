import type { FlagDetails, Reason } from '@twinflag/client';

import { ElementBase } from './element-base.js';
import { FlagController } from './flag-controller.js';
import { type SlotTree, slotsOf } from './slots.js';
import { takeProperties } from './take-properties.js';

/** What a `flag-change` event tells. */
export interface FlagChange {
  readonly key: string;
  /** The value; undefined where there is none, as for an unknown flag. */
  readonly value: unknown;
  /** Absent where the flag has no answer. */
  readonly variant: string | undefined;
  readonly reason: Reason;
}

/**
 * `<feature-flag flag="new_checkout">`: shows its children by a flag's answer.
 *
 * Children with the name of the answer's variant as their `slot` are shown; if there are none, children without a slot, or with `slot="on"`, where
 * the flag is on; `slot="off"` where it is off; `slot="pending"` while there is no answer yet. `enabled`, `variant`, `pending` and `stale` are
 * reflected as attributes.
 *
 * @fires flag-change where the value, the variant or the reason is another one; `detail` is a {@link FlagChange}
 */
export class FeatureFlagElement extends ElementBase {
  static readonly observedAttributes = ['flag'];

  readonly #root = this.attachShadow({ mode: 'open' });
  #controller: FlagController<unknown> | undefined;
  #told: FlagDetails | undefined;
  /** The slots that are there, as text. */
  #shown = '';

  /** The flag's key. */
  get flag(): string {
    return this.getAttribute('flag') ?? '';
  }

  set flag(flagKey: string) {
    this.setAttribute('flag', flagKey);
  }

  /** Whether the flag is on. */
  get enabled(): boolean {
    return this.#controller?.value === true;
  }

  /** The flag's value, of any type; undefined where there is none. */
  get value(): unknown {
    return this.#controller?.value;
  }

  /** The whole answer. */
  get details(): FlagDetails | undefined {
    return this.#controller?.details;
  }

  connectedCallback(): void {
    takeProperties(this, ['flag']);
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
    this.#controller = new FlagController<unknown>(this, this.flag, undefined, details => this.#show(details));
    this.#controller.hostConnected();
  }

  #show(details: FlagDetails): void {
    const { value, variant, reason, pending = false, stale = false } = details,
      told = this.#told;
    this.toggleAttribute('enabled', value === true);
    this.toggleAttribute('pending', pending);
    this.toggleAttribute('stale', stale);
    if (variant === undefined) this.removeAttribute('variant');
    else if (this.getAttribute('variant') !== variant) this.setAttribute('variant', variant);
    this.#slots(slotsOf(details));
    if (pending || (told?.value === value && told?.variant === variant && told?.reason === reason)) return;
    this.#told = details;
    const detail: FlagChange = { key: this.flag, value, variant, reason };
    this.dispatchEvent(new CustomEvent('flag-change', { bubbles: true, composed: true, detail }));
  }

  /** Children whose slot is not there are not shown. */
  #slots(slots: readonly SlotTree[]): void {
    const shown = JSON.stringify(slots);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#root.adoptedStyleSheets = [(sheet ??= transparent())];
    this.#root.replaceChildren(...slots.map(slotElement));
  }
}

function slotElement({ name, fallback }: SlotTree): HTMLSlotElement {
  const element = Object.assign(document.createElement('slot'), { name });
  element.append(...fallback.map(slotElement));
  return element;
}

/** One for all elements. */
let sheet: CSSStyleSheet | undefined;

/** The element itself is no box; a page may say otherwise. */
function transparent(): CSSStyleSheet {
  const made = new CSSStyleSheet();
  made.replaceSync(':host{display:contents}');
  return made;
}
