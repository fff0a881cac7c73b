/** Makes an API token of a program. */
import { useState } from 'react';

import { take } from '../../api/client.js';
import type { ApiToken } from '../../api/model.js';
import { useEnvironment } from '../../environment.js';
import { Confirm } from '../../parts/confirm.js';
import { Field } from '../../parts/field.js';
import type { MadeSecret } from '../../parts/secret-dialog.js';
import { useReporter } from '../../parts/toasts.js';
import { useSession } from '../../session.js';
import { EndField, endOf } from './end-field.js';

export function NewToken({ onMade, onClose }: { onMade: (secrets: readonly MadeSecret[]) => void; onClose: () => void }) {
  const { api } = useSession();
  const environment = useEnvironment();
  const reporter = useReporter();
  const [name, setName] = useState('');
  const [role, setRole] = useState<ApiToken['role']>('viewer');
  const [end, setEnd] = useState('');
  return (
    <Confirm
      title="New API token"
      action="Make the token"
      reason="a new token"
      onClose={onClose}
      onConfirm={async reason => {
        const body = { name: name.trim(), role, reason, ...endOf(end) };
        const made = await take(api.POST('/api/admin/tokens', { params: { query: environment.query }, body }));
        onMade([{ name: `Token ${body.name}`, text: made.token }]);
        reporter.written(`${body.name} is made.`, { ...made, changes: [] });
      }}
    >
      <div className="pair">
        <Field label="Name" hint="Letters, digits, dots, dashes and underscores. The trail has its changes under it.">
          {props => (
            <input
              {...props}
              required
              maxLength={64}
              pattern="[A-Za-z0-9._\-]+"
              value={name}
              autoComplete="off"
              spellCheck={false}
              onChange={event => setName(event.target.value)}
            />
          )}
        </Field>
        <Field label="Role">
          {props => (
            <select {...props} value={role} onChange={event => setRole(event.target.value as ApiToken['role'])}>
              <option value="viewer">viewer: reads</option>
              <option value="operator">operator: kills, revives, rolls out</option>
              <option value="admin">admin: everything</option>
            </select>
          )}
        </Field>
      </div>
      <EndField hint="At most a year ahead; 90 days if it is empty." value={end} onChange={setEnd} />
    </Confirm>
  );
}
