/** The next scheduled change of an owner's override of a flag, beside what it is now; nothing if none is scheduled. */
import { nextChangeOf, type Owner } from '../access.js';
import type { Schedule } from '../api/model.js';
import { useSchedulesAbout } from '../schedules.js';
import { dayAndTime, utc } from './moment.js';

export function Until({ flag, owner }: { flag: string; owner: Owner }) {
  const next = nextChangeOf(useSchedulesAbout(flag), flag, owner);
  if (next?.at === undefined) return null;
  return (
    <time className="mark" dateTime={next.at} title={utc(next.at)}>
      {untilText(next, next.at)}
    </time>
  );
}

function untilText({ body }: Schedule, at: string): string {
  const { enabled, variant } = body as { enabled?: unknown; variant?: unknown };
  if (enabled === null) return `override ends ${dayAndTime(at)}`;
  const value = enabled === undefined ? String(variant) : enabled === true ? 'on' : 'off';
  return `${value} from ${dayAndTime(at)}`;
}
