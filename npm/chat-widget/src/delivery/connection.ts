/** The state of the connection, from the browser's own signals and from what becomes of requests. */

/** `offline`: the browser has no network. `unreachable`: it has one, but the last request to the service failed. */
export type ConnectionState = 'online' | 'offline' | 'unreachable';

export interface Connection {
  readonly state: ConnectionState;
  /** Notes whether a request to the service was answered. */
  note(isAnswered: boolean): void;
  close(): void;
}

/** @param changed called when the state becomes another */
export function watchConnection(changed: (state: ConnectionState) => void): Connection {
  const listening = new AbortController();
  let state: ConnectionState = navigator.onLine ? 'online' : 'offline';
  const become = (next: ConnectionState) => {
    if (next === state) return;
    state = next;
    changed(state);
  };
  window.addEventListener('online', () => become('online'), listening);
  window.addEventListener('offline', () => become('offline'), listening);
  return {
    get state() {
      return state;
    },
    note: isAnswered => become(isAnswered ? 'online' : navigator.onLine ? 'unreachable' : 'offline'),
    close: () => listening.abort(),
  };
}
