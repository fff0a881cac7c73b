/** Moments, as people say them. */
const RELATIVE = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
const WHOLE = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });
const UNITS: readonly [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000_000],
  ['month', 2_592_000_000],
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
];

export function Ago({ at }: { at: string }) {
  return (
    <time dateTime={at} title={whole(at)}>
      {ago(at, Date.now())}
    </time>
  );
}

export function ago(at: string, now: number): string {
  const distance = Date.parse(at) - now;
  const [unit, length] = UNITS.find(([, size]) => Math.abs(distance) >= size) ?? [undefined, 1];
  return unit === undefined ? 'just now' : RELATIVE.format(Math.round(distance / length), unit);
}

const CLOCK = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });

/** The time of day of a moment in milliseconds since 1970: `14:03:07`. */
export function clock(at: number): string {
  return CLOCK.format(at);
}

export function whole(at: string): string {
  return WHOLE.format(new Date(at));
}

const DAY_AND_TIME = new Intl.DateTimeFormat('en', {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});
const UTC = new Intl.DateTimeFormat('en', {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
  timeZone: 'UTC',
});

/** A moment in the operator's own time zone: `Tue, Dec 1, 10:00`. */
export function dayAndTime(at: string): string {
  return DAY_AND_TIME.format(new Date(at));
}

/** The same moment in UTC: `Tue, Dec 1, 09:00 UTC`. */
export function utc(at: string): string {
  return `${UTC.format(new Date(at))} UTC`;
}

/** The name of the operator's own time zone: `Europe/Berlin`. */
export function zone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone;
}

/** A moment as a field for local time has it: `2026-11-29T14:03:07`. */
export function localOf(at: string): string {
  const moment = new Date(at);
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

/** A length of time in milliseconds, in the largest unit that fits: `48 h`. */
export function duration(milliseconds: number): string {
  const [value, unit] =
    milliseconds >= 172_800_000 && milliseconds % 86_400_000 === 0
      ? [milliseconds / 86_400_000, 'days']
      : milliseconds >= 3_600_000
        ? [milliseconds / 3_600_000, 'h']
        : [milliseconds / 60_000, 'min'];
  return `${Number(value.toFixed(1))} ${unit}`;
}
