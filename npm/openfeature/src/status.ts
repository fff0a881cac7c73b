/** The events that OpenFeature wants of a provider when the state of its flags becomes another. */

/** Emitters of the two events that a state can mean. */
export interface StatusEvents {
  stale(): void;
  ready(): void;
}

/** Returns a function that takes each state of the flags, and emits an event when it differs from the one before. */
export function statusTeller(first: string, events: StatusEvents): (status: string) => void {
  let status = first;
  return next => {
    if (next === status) return;
    status = next;
    if (status === 'stale') events.stale();
    if (status === 'ready') events.ready();
  };
}
