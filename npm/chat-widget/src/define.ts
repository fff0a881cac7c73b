/** Defines `<twinflag-chat>`. */
import { TwinflagChatElement } from './element.js';

if (globalThis.customElements && !customElements.get('twinflag-chat')) customElements.define('twinflag-chat', TwinflagChatElement);

declare global {
  interface HTMLElementTagNameMap {
    'twinflag-chat': TwinflagChatElement;
  }
}
