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
import { FeatureFlagElement } from './feature-flag.js';
import { FlagProviderElement } from './flag-provider.js';

// Providers first: then they are there when the elements inside ask.
for (const [name, element] of [
  ['flag-provider', FlagProviderElement],
  ['feature-flag', FeatureFlagElement],
] as const) {
  if (globalThis.customElements && !customElements.get(name)) customElements.define(name, element);
}

declare global {
  interface HTMLElementTagNameMap {
    'flag-provider': FlagProviderElement;
    'feature-flag': FeatureFlagElement;
  }
  interface HTMLElementEventMap {
    'flag-change': CustomEvent<import('./feature-flag.js').FlagChange>;
  }
}

export { FeatureFlagElement } from './feature-flag.js';
export { FlagProviderElement } from './flag-provider.js';
