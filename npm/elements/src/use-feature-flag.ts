import type { FlagDetails } from '@twinflag/client';

import { FlagController } from './flag-controller.js';

/**
 * A flag for one's own element, as a controller that Lit's elements take by themselves:
 *
 * ```ts
 * class CheckoutButton extends LitElement {
 *   #flag = useFeatureFlag(this, 'new_checkout');
 *   render() { return this.#flag.loading ? html`…` : this.#flag.enabled ? html`new` : html`old`; }
 * }
 * ```
 *
 * An element without `addController` calls `hostConnected` and `hostDisconnected` of the controller in its own callbacks.
 *
 * @param changed called when the element is connected, and whenever the answer is another one
 */
export function useFeatureFlag(
  host: HTMLElement,
  flagKey: string,
  defaultValue?: boolean,
  changed?: (details: FlagDetails<boolean>) => void,
): FlagController<boolean>;
export function useFeatureFlag<T>(
  host: HTMLElement,
  flagKey: string,
  defaultValue: T,
  changed?: (details: FlagDetails<T>) => void,
): FlagController<T>;
export function useFeatureFlag(
  host: HTMLElement,
  flagKey: string,
  defaultValue: unknown = false,
  // biome-ignore lint/suspicious/noExplicitAny: callers see the signatures above
  changed?: (details: FlagDetails<any>) => void,
  // biome-ignore lint/suspicious/noExplicitAny: as above
): FlagController<any> {
  const controller = new FlagController(host, flagKey, defaultValue, changed);
  (host as { addController?(controller: FlagController<unknown>): void }).addController?.(controller);
  return controller;
}
