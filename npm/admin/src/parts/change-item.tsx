/** A change of the audit trail; opened, it shows what was written. */
import { Link } from '@tanstack/react-router';

import type { AnyChange, Change } from '../api/model.js';
import { actionText } from '../change-text.js';
import { recordedText } from '../schedule-text.js';
import { JsonDiff } from './json-diff.js';
import { Ago } from './moment.js';
import { RevertButton } from './revert.js';

export function ChangeItem({ change }: { change: AnyChange }) {
  if ('erased' in change)
    return (
      <li className="change">
        <p className="quiet">
          Record {change.sequence}, version {change.version}: its content was erased. The chain holds.
        </p>
      </li>
    );
  const owner = change.customerId ?? change.organizationId;
  return (
    <li className="change" data-sequence={change.sequence}>
      <div className="head">
        <p>
          {actionText(change.action)}{' '}
          {change.flagPath !== undefined && (
            <Link to="/flags/$key" params={{ key: change.flagPath }}>
              {change.flagPath}
            </Link>
          )}
          {owner !== undefined && (
            <>
              {' '}
              for{' '}
              {change.customerId === undefined ? (
                <b>{owner}</b>
              ) : (
                <Link to="/customers" search={{ id: owner }}>
                  {owner}
                </Link>
              )}
            </>
          )}
          {change.action.startsWith('schedule.') && <Scheduled change={change} />}
          {change.forced && <span className="mark">forced</span>}
        </p>
        <RevertButton change={change} />
      </div>
      <p className="reason">{change.reason === '' ? <span className="quiet">no reason given</span> : `“${change.reason}”`}</p>
      <p className="quiet small">
        {change.changedBy} · {change.role.replace('_', ' ')}
        {change.onBehalfOf !== undefined && ` · for ${change.onBehalfOf}`} · <Ago at={change.changedAt} /> · version {change.version}
      </p>
      {(change.oldJson !== undefined || change.newJson !== undefined) && (
        <details>
          <summary>What was written</summary>
          <JsonDiff before={change.oldJson} after={change.newJson} />
        </details>
      )}
    </li>
  );
}

/** The request that the record of a schedule is about. */
function Scheduled({ change }: { change: Change }) {
  const text = recordedText(change);
  return text !== undefined && `${change.flagPath === undefined ? '' : ': '}${text}`;
}
