/** A moment to come, in the operator's own time zone, with UTC beside it. */
import { Field } from './field.js';
import { localOf, utc, zone } from './moment.js';

const HOUR_MS = 3_600_000;
/** The latest moment, in milliseconds from now; the server's own limit is 366 days. */
const MOST_AHEAD_MS = 365 * 24 * HOUR_MS;

export function WhenField({ label, value, onChange }: { label: string; value: string; onChange: (value: string) => void }) {
  const at = momentOf(value);
  const now = Date.now();
  return (
    <Field label={label} hint={`${zone()}${at === undefined ? '' : ` · ${utc(at)}`}`}>
      {props => (
        <input
          {...props}
          type="datetime-local"
          required
          min={fieldOf(now)}
          max={fieldOf(now + MOST_AHEAD_MS)}
          value={value}
          onChange={event => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}

/** The moment that a field names; `undefined` if it names none. */
export function momentOf(value: string): string | undefined {
  const moment = new Date(value);
  return Number.isNaN(moment.getTime()) ? undefined : moment.toISOString();
}

/** The text of a field for a moment in milliseconds since 1970, to the minute. */
export function fieldOf(at: number): string {
  return localOf(new Date(at).toISOString()).slice(0, 16);
}

/** The next full hour that is at least half an hour away. */
export function nextHour(): string {
  return fieldOf(Math.ceil((Date.now() + HOUR_MS / 2) / HOUR_MS) * HOUR_MS);
}
