/** What elements extend. On a server, where there are none, they may be imported all the same. */
export const ElementBase = (globalThis.HTMLElement ?? class {}) as typeof HTMLElement;
