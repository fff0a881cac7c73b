/** The signals of a page: its visibility, its focus and its network. In Node all of them are absent. */

/**
 * Why the answers may be old: the page is `seen` again; the browser is `online` again; or the page was `restored` from the
 * back-forward cache, which froze it with whatever request was under way.
 */
export type Signal = 'seen' | 'online' | 'restored';

export interface Page {
  isHidden(): boolean;
  isOffline(): boolean;
  /** Listens no longer. */
  close(): void;
}

/** Listens to the page for as long as it is not closed. */
export function watchPage(wake: (signal: Signal) => void): Page {
  const { document, navigator } = globalThis as Partial<typeof globalThis>;
  const listening = new AbortController();
  const isHidden = () => document?.visibilityState === 'hidden';
  const on = (target: Partial<EventTarget> | undefined, type: string, hear: (event: Event) => void) =>
    target?.addEventListener?.(type, hear, listening);
  on(document, 'visibilitychange', () => isHidden() || wake('seen'));
  on(globalThis, 'focus', () => wake('seen'));
  on(globalThis, 'online', () => wake('online'));
  on(globalThis, 'pageshow', event => (event as PageTransitionEvent).persisted && wake('restored'));
  return {
    isHidden,
    // Node has a navigator that does not know.
    isOffline: () => navigator?.onLine === false,
    close: () => listening.abort(),
  };
}
