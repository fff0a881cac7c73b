/** The moment at which a key or a token ends, in the operator's own time zone. */
import { Field } from '../../parts/field.js';

export function EndField({ hint, value, onChange }: { hint: string; value: string; onChange: (value: string) => void }) {
  return (
    <Field label="Ends" hint={hint}>
      {props => <input {...props} type="datetime-local" value={value} onChange={event => onChange(event.target.value)} />}
    </Field>
  );
}

/** The member of a request; empty if no end was chosen. */
export function endOf(value: string): { expiresAt?: string } {
  return value === '' ? {} : { expiresAt: new Date(value).toISOString() };
}
