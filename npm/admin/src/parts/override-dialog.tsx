/** Sets or removes what one customer or organization gets, whatever the rollout says: until it is removed, or until a moment. */
import { useState } from 'react';

import { type Given, giveUntil, mayEndLater, type Owner } from '../access.js';
import { take } from '../api/client.js';
import type { Feature } from '../api/model.js';
import { useEnvironment } from '../environment.js';
import { useRights, useSession } from '../session.js';
import { Confirm } from './confirm.js';
import { Field } from './field.js';
import { dayAndTime } from './moment.js';
import { useReporter } from './toasts.js';
import { momentOf, nextHour, WhenField } from './when-field.js';

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
  const { api, me } = useSession();
  const { administer } = useRights();
  const environment = useEnvironment();
  const reporter = useReporter();
  const [kind, setKind] = useState<OverrideOwner['kind']>(owner?.kind ?? 'customer');
  const [id, setId] = useState(owner?.id ?? '');
  const [wanted, setWanted] = useState(value === undefined ? (feature.type === 'boolean' ? 'on' : '') : value);
  const [hasEnd, setHasEnd] = useState(false);
  const [end, setEnd] = useState(nextHour);
  // The override that there was when the dialog was opened.
  const [before] = useState(value);
  const { featureName } = feature;
  const isTimed = hasEnd && wanted !== '';
  const afterwards = before !== undefined && before !== wanted ? before : '';
  const send = async (reason: string) => {
    const whose: Owner = kind === 'customer' ? { customerId: id.trim() } : { organizationId: id.trim() };
    const { query } = environment;
    const about = `${featureName} for ${id.trim()}`;
    if (!isTimed) {
      const body = { featureName, ...whose, ...givenBy(wanted), reason };
      const asked = api.POST('/api/admin/feature-flags', { params: { query }, body: body as never });
      reporter.written(`${about}: ${wanted === '' ? 'no override' : wanted}.`, await take(asked));
      return;
    }
    const until = momentOf(end);
    if (until === undefined) throw new Error('expected a date and a time');
    const access = { featureName, owner: whose, given: givenBy(wanted), afterwards: givenBy(afterwards), until, reason };
    const added = await giveUntil(api, query, access);
    reporter.written(`${about}: ${wanted} until ${dayAndTime(until)}.`, { ...added, changes: [] });
  };
  return (
    <Confirm
      title={owner ? `${featureName} for ${owner.id}` : `Override ${featureName}`}
      action={wanted === '' ? 'Remove the override' : isTimed ? 'Give it until then' : 'Set the override'}
      onClose={onClose}
      onConfirm={send}
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
      {administer && wanted !== '' && (
        <End
          mayEnd={mayEndLater(me)}
          hasEnd={hasEnd}
          end={end}
          onHasEnd={setHasEnd}
          onEnd={setEnd}
          afterwards={afterwards === '' ? 'the override is removed' : `it is ${afterwards} again, as it is now`}
        />
      )}
    </Confirm>
  );
}

/** The end of an override: none, or a moment at which the hub ends it by itself. */
function End({
  mayEnd,
  hasEnd,
  end,
  afterwards,
  onHasEnd,
  onEnd,
}: {
  mayEnd: boolean;
  hasEnd: boolean;
  end: string;
  /** The override from the end on, in words. */
  afterwards: string;
  onHasEnd: (hasEnd: boolean) => void;
  onEnd: (end: string) => void;
}) {
  if (!mayEnd)
    return (
      <p className="quiet small">
        An override with an end is given by a person: the token that you signed in by may itself have ended by then, and nothing would end
        the access.
      </p>
    );
  return (
    <>
      <div className="pair">
        <Field label="Lasts">
          {props => (
            <select {...props} value={hasEnd ? 'until' : 'always'} onChange={event => onHasEnd(event.target.value === 'until')}>
              <option value="always">until it is removed</option>
              <option value="until">until a moment</option>
            </select>
          )}
        </Field>
        {hasEnd && <WhenField label="Until" value={end} onChange={onEnd} />}
      </div>
      {hasEnd && (
        <p className="quiet small">
          It begins within seconds. At the end {afterwards}, also if somebody has changed it meanwhile. Both are scheduled by one request,
          or neither.
        </p>
      )}
    </>
  );
}

/** The override that a text of the dialog stands for; empty for none. */
function givenBy(wanted: string): Given {
  if (wanted === '') return { enabled: null };
  return wanted === 'on' || wanted === 'off' ? { enabled: wanted === 'on' } : { variant: wanted };
}
