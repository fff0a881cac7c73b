/** The pages of one browser that follow the same changes: one of them holds the stream, and tells the others what it hears. */

/** This page's part in its group. */
export interface Group {
  /** Tells the other pages what the stream said. */
  pass(data: string): void;
  /** Tells the other pages that the stream is open, or no longer. */
  announce(isOpen: boolean): void;
  /** Leaves the group; if this page held the stream, the next one does at once. */
  leave(): void;
}

export interface GroupOptions {
  /** The pages with the same name are a group. */
  readonly name: string;
  /** This page is the one to hold the stream. */
  readonly lead: () => void;
  /** The page that holds it has heard this. */
  readonly hear: (data: string) => void;
  /** The page that holds it has opened it, or lost it. */
  readonly turned: (isOpen: boolean) => void;
}

/** Joins a group; absent where the browser has no Web Locks (a page without TLS) or no channel, and each page is for itself. */
export function join({ name, lead, hear, turned }: GroupOptions): Group | undefined {
  const { navigator, BroadcastChannel } = globalThis as Partial<typeof globalThis>;
  if (!navigator?.locks || !BroadcastChannel) return undefined;
  const channel = new BroadcastChannel(name),
    leaving = new AbortController();
  let isLeader = false,
    isOpen = false;
  channel.onmessage = ({ data }) => {
    if (typeof data === 'string') hear(data);
    else if (typeof data === 'boolean') {
      // Of a page that holds the stream no longer, it may come late.
      if (!isLeader) turned(data);
      // A page that has just joined.
    } else if (isLeader) channel.postMessage(isOpen);
  };
  const held = (lock: Lock | null) =>
    new Promise<void>(release => {
      if (!lock || leaving.signal.aborted) return release();
      leaving.signal.addEventListener('abort', () => release());
      isLeader = true;
      lead();
    });
  // Given up when this page leaves before its turn.
  navigator.locks.request(name, { signal: leaving.signal }, held).catch(() => undefined);
  channel.postMessage(null);
  return {
    pass: data => channel.postMessage(data),
    announce(next) {
      isOpen = next;
      channel.postMessage(next);
    },
    leave() {
      leaving.abort();
      channel.close();
    },
  };
}
