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

const CLOCK = new Intl.DateTimeFormat('en', { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false });

/** The time of day of a moment in milliseconds since 1970: `14:03:07`. */
export function clock(at: number): string {
  return CLOCK.format(at);
}

export function whole(at: string): string {
  return WHOLE.format(new Date(at));
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
