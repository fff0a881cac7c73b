/** A pending schedule: its moment, what it will do, its author and reason, and the way to cancel it. */
import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import { take } from '../api/client.js';
import type { Schedule } from '../api/model.js';
import { useEnvironment } from '../environment.js';
import { requestText } from '../schedule-text.js';
import { useRights, useSession } from '../session.js';
import { Confirm } from './confirm.js';
import { Ago, dayAndTime, utc } from './moment.js';
import { useReporter } from './toasts.js';

export function ScheduleItem({ schedule, hasFlag = true }: { schedule: Schedule; hasFlag?: boolean }) {
  const { steer } = useRights();
  const [isCancelling, setIsCancelling] = useState(false);
  const { id, at, flag, unreadable, reason, createdBy, role, onBehalfOf, until, waitingFor, nextAttemptAt } = schedule;
  const what = requestText(schedule);
  return (
    <li className="change" data-schedule={id}>
      <div className="head">
        <div>
          {at !== undefined && (
            <p>
              <time dateTime={at} title={utc(at)}>
                <b>{dayAndTime(at)}</b>
              </time>{' '}
              <span className="quiet small">{utc(at)}</span>
            </p>
          )}
          <p>
            {hasFlag && flag !== undefined && (
              <>
                <Link to="/flags/$key" params={{ key: flag }}>
                  {flag}
                </Link>
                :{' '}
              </>
            )}
            {what}
          </p>
        </div>
        {steer && (
          <button
            type="button"
            className="small"
            aria-label={`Cancel: ${flag === undefined ? '' : `${flag}, `}${what}`}
            onClick={() => setIsCancelling(true)}
          >
            Cancel
          </button>
        )}
      </div>
      {unreadable !== undefined ? (
        <p className="note away small">
          Another release of the server scheduled it, and this one cannot read it. It does nothing until it is cancelled.
        </p>
      ) : (
        <>
          <p className="reason">{reason ? `“${reason}”` : <span className="quiet">no reason given</span>}</p>
          <p className="quiet small">
            {createdBy} · {role?.replace('_', ' ')}
            {onBehalfOf !== undefined && ` · for ${onBehalfOf}`}
            {at !== undefined && (
              <>
                {' '}
                · due <Ago at={at} />
              </>
            )}
            {until !== undefined && ` · tried until ${dayAndTime(until)}`}
          </p>
          {waitingFor !== undefined && (
            <p className="note away small">
              It waits: {waitingFor}
              {nextAttemptAt !== undefined && ` The next attempt is at ${dayAndTime(nextAttemptAt)}.`}
            </p>
          )}
        </>
      )}
      {isCancelling && <CancelDialog schedule={schedule} what={what} onClose={() => setIsCancelling(false)} />}
    </li>
  );
}

function CancelDialog({ schedule: { id, flag, at }, what, onClose }: { schedule: Schedule; what: string; onClose: () => void }) {
  const { api } = useSession();
  const environment = useEnvironment();
  const reporter = useReporter();
  return (
    <Confirm
      title="Cancel this schedule"
      action="Cancel the schedule"
      tone="bad"
      dismiss="Keep it"
      onClose={onClose}
      onConfirm={async reason => {
        const params = { path: { id }, query: { ...environment.query, reason } };
        const written = await take(api.DELETE('/api/admin/schedules/{id}', { params }));
        reporter.written(`${flag ?? 'A schedule'}: cancelled.`, { ...written, changes: [] });
      }}
    >
      <p>
        {flag !== undefined && (
          <>
            <b>{flag}</b>:{' '}
          </>
        )}
        {what}
        {at !== undefined && `, ${dayAndTime(at)}`}. Nothing happens then; the record of this stays in the trail.
      </p>
    </Confirm>
  );
}
