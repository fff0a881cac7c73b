/** Sets or removes what one customer or organization gets, whatever the rollout says. */
import { useState } from 'react';

import { take } from '../api/client.js';
import type { Feature } from '../api/model.js';
import { useEnvironment } from '../environment.js';
import { useSession } from '../session.js';
import { Confirm } from './confirm.js';
import { Field } from './field.js';
import { useReporter } from './toasts.js';

export interface OverrideOwner {
  readonly kind: 'customer' | 'organization';
  readonly id: string;
}

export function OverrideDialog({
  feature,
  owner,
  value,
  onClose,
}: {
  feature: Pick<Feature, 'featureName' | 'type'>;
  owner?: OverrideOwner;
  /** The override that there is; absent if there is none. */
  value?: string;
  onClose: () => void;
}) {
  const { api } = useSession();
  const environment = useEnvironment();
  const reporter = useReporter();
  const [kind, setKind] = useState<OverrideOwner['kind']>(owner?.kind ?? 'customer');
  const [id, setId] = useState(owner?.id ?? '');
  const [wanted, setWanted] = useState(value === undefined ? (feature.type === 'boolean' ? 'on' : '') : value);
  const { featureName } = feature;
  return (
    <Confirm
      title={owner ? `${featureName} for ${owner.id}` : `Override ${featureName}`}
      action={wanted === '' ? 'Remove the override' : 'Set the override'}
      onClose={onClose}
      onConfirm={async reason => {
        const whose = kind === 'customer' ? { customerId: id.trim() } : { organizationId: id.trim() };
        const what =
          wanted === '' ? { enabled: null } : wanted === 'on' || wanted === 'off' ? { enabled: wanted === 'on' } : { variant: wanted };
        const asked = api.POST('/api/admin/feature-flags', {
          params: { query: environment.query },
          body: { featureName, ...whose, ...what, reason } as never,
        });
        reporter.written(`${featureName} for ${id.trim()}: ${wanted === '' ? 'no override' : wanted}.`, await take(asked));
      }}
    >
      {!owner && (
        <div className="pair">
          <Field label="For a">
            {props => (
              <select {...props} value={kind} onChange={event => setKind(event.target.value === 'customer' ? 'customer' : 'organization')}>
                <option value="customer">customer</option>
                <option value="organization">organization</option>
              </select>
            )}
          </Field>
          <Field label="Id">
            {props => (
              <input
                {...props}
                required
                maxLength={256}
                value={id}
                onChange={event => setId(event.target.value)}
                autoComplete="off"
                spellCheck={false}
              />
            )}
          </Field>
        </div>
      )}
      <Field label="Gets">
        {props =>
          feature.type === 'boolean' ? (
            <select {...props} value={wanted} onChange={event => setWanted(event.target.value)}>
              <option value="on">on</option>
              <option value="off">off</option>
              {value !== undefined && <option value="">what everyone gets (remove the override)</option>}
            </select>
          ) : (
            <input
              {...props}
              value={wanted}
              placeholder="a variant; empty removes the override"
              onChange={event => setWanted(event.target.value)}
            />
          )
        }
      </Field>
    </Confirm>
  );
}
