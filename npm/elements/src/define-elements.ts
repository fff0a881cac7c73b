import { FeatureFlagElement } from './feature-flag.js';
import { FlagProviderElement } from './flag-provider.js';

/** Gives the elements their names, unless the page has given them already. Does nothing on a server. */
export function defineElements(): void {
  // Providers first: then they are there when the elements inside ask.
  for (const [name, element] of [
    ['flag-provider', FlagProviderElement],
    ['feature-flag', FeatureFlagElement],
  ] as const) {
    if (globalThis.customElements && !customElements.get(name)) customElements.define(name, element);
  }
}
