/** An operator's edit of a definition that a document overwrites, in words. */
import { brief } from './difference.js';
import type { OverwrittenEdit } from './wire.js';

const MINUTE_MS = 60_000;
/** The units of ages, the longest first. */
const UNITS = [
  ['day', 24 * 60],
  ['hour', 60],
  ['minute', 1],
] as const;

/** Returns who edited what and when, and what the document makes of it. */
export function describeEdit({ changedBy, changedAt, members }: OverwrittenEdit, now = Date.now()): string {
  const when = ageOf(now - Date.parse(changedAt));
  if (members.length === 0) return `removed by ${changedBy}, ${when}; this document brings it back`;
  const told = members.map(({ name, from, to, document }) => {
    const sets = document === from ? 'takes that back' : document === undefined ? 'has none' : `sets ${brief(document)}`;
    return `${name} ${toldOf(from)} → ${toldOf(to)}; this document ${sets}`;
  });
  return `edited by ${changedBy}, ${when}: ${told.join('; ')}`;
}

function toldOf(text: string | undefined): string {
  return text === undefined ? 'absent' : brief(text);
}

/** Returns an age in words, such as `2 hours ago`. */
function ageOf(ageMs: number): string {
  const minutes = Math.floor(ageMs / MINUTE_MS);
  const unit = UNITS.find(([, length]) => minutes >= length);
  // The server's clock may be ahead of this machine's.
  if (unit === undefined) return 'just now';
  const [name, length] = unit;
  const count = Math.floor(minutes / length);
  return `${count} ${name}${count === 1 ? '' : 's'} ago`;
}
