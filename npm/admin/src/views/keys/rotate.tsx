/** Makes the successor of a key; both are valid for a while. */
import { useState } from 'react';

import { take } from '../../api/client.js';
import type { Key } from '../../api/model.js';
import { useEnvironment } from '../../environment.js';
import { Confirm } from '../../parts/confirm.js';
import { Field } from '../../parts/field.js';
import type { MadeSecret } from '../../parts/secret-dialog.js';
import { useReporter } from '../../parts/toasts.js';
import { useSession } from '../../session.js';

const OVERLAPS: readonly [number, string][] = [
  [0, 'none: the old key ends now'],
  [3_600_000, 'an hour'],
  [86_400_000, 'a day'],
  [604_800_000, 'a week'],
  [2_592_000_000, '30 days'],
];

export function Rotate({ of: key, onMade, onClose }: { of: Key; onMade: (secrets: readonly MadeSecret[]) => void; onClose: () => void }) {
  const { api } = useSession();
  const environment = useEnvironment();
  const reporter = useReporter();
  const [overlap, setOverlap] = useState(86_400_000);
  const { id, label } = key;
  return (
    <Confirm
      title={`Rotate ${label}`}
      action="Make its successor"
      reason="rotated in the dashboard"
      onClose={onClose}
      onConfirm={async reason => {
        const params = { path: { id }, query: environment.query };
        const made = await take(api.POST('/api/admin/keys/{id}/rotate', { params, body: { overlap, reason } }));
        onMade([
          { name: `Key ${label}`, text: made.key },
          ...(made.identitySecret === undefined ? [] : [{ name: 'Secret of its identities', text: made.identitySecret }]),
        ]);
        reporter.written(`${label} has a successor.`, { ...made, changes: [] });
      }}
    >
      <Field label="The old key stays valid for">
        {props => (
          <select {...props} value={overlap} onChange={event => setOverlap(Number(event.target.value))}>
            {OVERLAPS.map(([value, text]) => (
              <option key={value} value={value}>
                {text}
              </option>
            ))}
          </select>
        )}
      </Field>
    </Confirm>
  );
}
