/** Makes a key of a page or a server. */
import { useState } from 'react';

import { take } from '../../api/client.js';
import { useEnvironment } from '../../environment.js';
import { Confirm } from '../../parts/confirm.js';
import { Field } from '../../parts/field.js';
import type { MadeSecret } from '../../parts/secret-dialog.js';
import { useReporter } from '../../parts/toasts.js';
import { useSession } from '../../session.js';
import { EndField, endOf } from './end-field.js';

type IdentityKind = 'open' | 'signed' | 'customerId' | 'organizationId';

export function NewKey({ onMade, onClose }: { onMade: (secrets: readonly MadeSecret[]) => void; onClose: () => void }) {
  const { api } = useSession();
  const environment = useEnvironment();
  const reporter = useReporter();
  const [kind, setKind] = useState<'client' | 'server'>('client');
  const [label, setLabel] = useState('');
  const [origins, setOrigins] = useState('');
  const [tags, setTags] = useState('');
  const [identity, setIdentity] = useState<IdentityKind>('open');
  const [owner, setOwner] = useState('');
  const [attributes, setAttributes] = useState('');
  const [end, setEnd] = useState('');
  return (
    <Confirm
      title="New key"
      action="Make the key"
      reason="a new key"
      onClose={onClose}
      onConfirm={async reason => {
        const ofPages = {
          ...(lines(origins).length > 0 && { origins: lines(origins) }),
          ...(lines(tags).length > 0 && { tags: lines(tags) }),
          identity: {
            ...(identity === 'open' || identity === 'signed' ? { kind: identity } : { kind: 'pinned' as const, [identity]: owner.trim() }),
            ...(identity === 'signed' && lines(attributes).length > 0 && { attributes: lines(attributes) }),
          },
        };
        const body = { kind, label: label.trim(), reason, ...endOf(end), ...(kind === 'client' && ofPages) };
        const made = await take(api.POST('/api/admin/keys', { params: { query: environment.query }, body }));
        onMade([
          { name: `Key ${body.label}`, text: made.key },
          ...(made.identitySecret === undefined ? [] : [{ name: 'Secret of its identities', text: made.identitySecret }]),
        ]);
        reporter.written(`${body.label} is made.`, { ...made, changes: [] });
      }}
    >
      <div className="pair">
        <Field label="For">
          {props => (
            <select {...props} value={kind} onChange={event => setKind(event.target.value === 'server' ? 'server' : 'client')}>
              <option value="client">pages: public</option>
              <option value="server">servers: secret</option>
            </select>
          )}
        </Field>
        <Field label="Label">
          {props => (
            <input {...props} required maxLength={128} value={label} autoComplete="off" onChange={event => setLabel(event.target.value)} />
          )}
        </Field>
      </div>
      {kind === 'client' && (
        <>
          <Field label="Origins of its pages" hint="One a line, such as https://shop.example; * for any.">
            {props => (
              <textarea {...props} rows={2} value={origins} spellCheck={false} onChange={event => setOrigins(event.target.value)} />
            )}
          </Field>
          <Field label="Tags" hint="One a line: it sees flags with one of them. Empty for all flags.">
            {props => <textarea {...props} rows={2} value={tags} spellCheck={false} onChange={event => setTags(event.target.value)} />}
          </Field>
          <div className="pair">
            <Field label="Identities">
              {props => (
                <select {...props} value={identity} onChange={event => setIdentity(event.target.value as IdentityKind)}>
                  <option value="open">any that a page states</option>
                  <option value="signed">signed by a server</option>
                  <option value="customerId">one customer</option>
                  <option value="organizationId">one organization</option>
                </select>
              )}
            </Field>
            {(identity === 'customerId' || identity === 'organizationId') && (
              <Field label={identity === 'customerId' ? 'Customer' : 'Organization'}>
                {props => (
                  <input
                    {...props}
                    required
                    maxLength={256}
                    value={owner}
                    autoComplete="off"
                    onChange={event => setOwner(event.target.value)}
                  />
                )}
              </Field>
            )}
          </div>
          {identity === 'signed' && (
            <Field
              label="Signed attributes"
              hint="One a line, such as plan. The edge takes them from the signed token, whatever a page states."
            >
              {props => (
                <textarea {...props} rows={2} value={attributes} spellCheck={false} onChange={event => setAttributes(event.target.value)} />
              )}
            </Field>
          )}
        </>
      )}
      <EndField hint="Empty for a key without an end." value={end} onChange={setEnd} />
    </Confirm>
  );
}

function lines(text: string): string[] {
  return text
    .split(/\r?\n/)
    .map(line => line.trim())
    .filter(Boolean);
}
