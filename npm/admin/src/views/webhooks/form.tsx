/** Makes a webhook, or gives one other terms. */
import { useState } from 'react';

import { take } from '../../api/client.js';
import type { Webhook } from '../../api/model.js';
import { useEnvironment } from '../../environment.js';
import { Confirm } from '../../parts/confirm.js';
import { Field } from '../../parts/field.js';
import type { MadeSecret } from '../../parts/secret-dialog.js';
import { useReporter } from '../../parts/toasts.js';
import { useSession } from '../../session.js';
import { KINDS, type Kind } from './kinds.js';

type Terms = Pick<Webhook, 'label' | 'format' | 'kinds' | 'private'>;

const NEW: Terms = { label: '', format: 'generic', kinds: KINDS.map(({ kind }) => kind), private: false };

export function WebhookForm({
  webhook,
  onMade,
  onClose,
}: {
  /** The webhook to change; absent for a new one. */
  webhook?: Webhook;
  onMade?: (secret: MadeSecret) => void;
  onClose: () => void;
}) {
  const { api } = useSession();
  const environment = useEnvironment();
  const reporter = useReporter();
  // The terms as they were when the dialog was opened: what the operator leaves as it is stays as others make it.
  const [before] = useState<Terms>(webhook ?? NEW);
  const [terms, setTerms] = useState(before);
  const [url, setUrl] = useState('');
  const set = (changed: Partial<Terms>) => setTerms({ ...terms, ...changed });
  const { query } = environment;
  const send = async (reason: string) => {
    const given = { ...terms, label: terms.label.trim(), url: url.trim() };
    if (webhook) {
      const body = { ...difference(before, given), ...(given.url !== '' && { url: given.url }), reason };
      const written = await take(api.PUT('/api/admin/webhooks/{id}', { params: { path: { id: webhook.id }, query }, body }));
      reporter.written(`${given.label} is changed.`, { ...written, changes: [] });
    } else {
      const made = await take(api.POST('/api/admin/webhooks', { params: { query }, body: { ...given, reason } }));
      onMade?.({ name: `Secret of ${given.label}`, text: made.secret });
      reporter.written(`${given.label} is made.`, { ...made, changes: [] });
    }
  };
  return (
    <Confirm
      title={webhook ? `Change ${webhook.label}` : 'New webhook'}
      action={webhook ? 'Change the webhook' : 'Make the webhook'}
      reason={webhook ? '' : 'a new webhook'}
      onClose={onClose}
      onConfirm={send}
    >
      <Field label="Label">
        {props => (
          <input
            {...props}
            required
            maxLength={128}
            value={terms.label}
            autoComplete="off"
            onChange={event => set({ label: event.target.value })}
          />
        )}
      </Field>
      <Field
        label="Address of the target"
        hint={
          webhook
            ? `Empty leaves it as it is: ${webhook.url}`
            : 'Such as https://hooks.example/twinflag. Lists and records show no path of it.'
        }
      >
        {props => (
          <input
            {...props}
            type="url"
            required={webhook === undefined}
            maxLength={2000}
            value={url}
            autoComplete="off"
            spellCheck={false}
            onChange={event => setUrl(event.target.value)}
          />
        )}
      </Field>
      <Field label="Messages">
        {props => (
          <select {...props} value={terms.format} onChange={event => set({ format: event.target.value === 'slack' ? 'slack' : 'generic' })}>
            <option value="generic">signed JSON with the record</option>
            <option value="slack">a line of text for Slack</option>
          </select>
        )}
      </Field>
      <fieldset>
        <legend>Told of</legend>
        {KINDS.map(({ kind, text }) => (
          <label key={kind} className="inline">
            <input type="checkbox" checked={terms.kinds.includes(kind)} onChange={() => set({ kinds: toggled(terms.kinds, kind) })} />{' '}
            {text}
          </label>
        ))}
      </fieldset>
      <label className="inline">
        <input type="checkbox" checked={terms.private} onChange={event => set({ private: event.target.checked })} /> The target is in a
        private network
      </label>
    </Confirm>
  );
}

function toggled(kinds: readonly Kind[], kind: Kind): Kind[] {
  return kinds.includes(kind) ? kinds.filter(each => each !== kind) : [...kinds, kind];
}

/** The terms that differ from those before. */
function difference(before: Terms, after: Terms): Partial<Terms> {
  const isSame = KINDS.every(({ kind }) => before.kinds.includes(kind) === after.kinds.includes(kind));
  return {
    ...(before.label !== after.label && { label: after.label }),
    ...(before.format !== after.format && { format: after.format }),
    ...(!isSame && { kinds: after.kinds }),
    ...(before.private !== after.private && { private: after.private }),
  };
}
