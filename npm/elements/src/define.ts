/**
 * Gives the elements their names.
 *
 * ```html
 * <script type="module">import '@twinflag/elements/define';</script>
 * <flag-provider url="https://flags.example.com" client-key="tf_client_…" context='{"customerId":"c-1"}'>
 *   <feature-flag flag="new_checkout">The new checkout<p slot="off">The old one</p></feature-flag>
 * </flag-provider>
 * ```
 */
import { defineElements } from './define-elements.js';
import type { FeatureFlagElement, FlagChange } from './feature-flag.js';
import type { FlagProviderElement } from './flag-provider.js';

defineElements();

declare global {
  interface HTMLElementTagNameMap {
    'flag-provider': FlagProviderElement;
    'feature-flag': FeatureFlagElement;
  }
  interface HTMLElementEventMap {
    'flag-change': CustomEvent<FlagChange>;
  }
}

export { FeatureFlagElement } from './feature-flag.js';
export { FlagProviderElement } from './flag-provider.js';
