import type { Page, Signal } from '../host/page.js';

/** The state of an app, as `AppState` of `react-native` tells it. */
export interface AppState {
  /** `active`, `background`, or something between: `inactive`, `unknown`. */
  readonly currentState: string | null | undefined;
  addEventListener(type: 'change', listener: (state: string) => void): { remove(): void };
}

/**
 * Watches an app as a page is watched: in the background it is hidden, and active again it is seen. Without an app it counts as seen.
 *
 * Of the network a mobile runtime tells nothing, so the app counts as online.
 */
export const watchApp =
  (app: AppState | undefined) =>
  (wake: (signal: Signal) => void): Page => {
    let state = app?.currentState;
    const listening = app?.addEventListener('change', next => {
      const before = state;
      state = next;
      if (next === 'active' && before !== 'active') wake('seen');
    });
    return {
      isHidden: () => state === 'background',
      isOffline: () => false,
      close: () => listening?.remove(),
    };
  };
