/** The strip that an operator looks at first: guards, health of hub and push, scheduled steps, and the changes of the last hour with the way to take them back. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { take } from '../../api/client.js';
import type { Change, Feature } from '../../api/model.js';
import { actionText } from '../../change-text.js';
import { useEnvironment } from '../../environment.js';
import { Ago, dayAndTime, utc } from '../../parts/moment.js';
import { RevertButton } from '../../parts/revert.js';
import { requestText } from '../../schedule-text.js';
import { useSchedules } from '../../schedules.js';
import { useRights, useSession } from '../../session.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const MOST = 3;
/** The time between two looks at the health, which no change tells of, in milliseconds. */
const HEALTH_MS = 15_000;
/** The failures of a push after which pages count as uninformed: the first is repeated at once. */
const LATE_FAILURES = 1;

export function Strip({ features }: { features: readonly Feature[] }) {
  const { readAll } = useRights();
  return (
    <section className="strip" aria-label="Now">
      <Guards features={features} />
      {readAll && <Health />}
      {readAll && <NextSteps />}
      <LastHour />
    </section>
  );
}

/** The guards that judge, and those that held or fired within a day. */
function Guards({ features }: { features: readonly Feature[] }) {
  const { api } = useSession();
  const environment = useEnvironment();
  const { data } = useQuery({
    queryKey: ['rolled-back', environment.name ?? null],
    queryFn: () =>
      take(
        api.GET('/api/admin/changes', {
          params: { query: { ...environment.query, action: 'rollout.rollback', changedBy: 'system', limit: 3 } },
        }),
      ),
  });
  const since = Date.now() - DAY_MS;
  const fired = (data?.changes ?? []).filter((change): change is Change => !('erased' in change) && Date.parse(change.changedAt) > since);
  const held = features.filter(({ rollout }) => rollout?.heldAt != null && Date.parse(rollout.heldAt) > since);
  const watching = features.filter(({ rollout }) => rollout?.guarded).length;
  const isQuiet = fired.length === 0 && held.length === 0;
  return (
    <div data-state={isQuiet ? 'good' : 'bad'}>
      <h2>Guards</h2>
      <ul>
        {fired.map(({ id, flagPath = '', changedAt }) => (
          <li key={id}>
            <b>Fired</b> <FlagLink flag={flagPath} />{' '}
            <span className="quiet small">
              <Ago at={changedAt} />
            </span>
          </li>
        ))}
        {held.slice(0, MOST).map(({ flagPath, featureName, rollout }) => (
          <li key={flagPath}>
            <b>Held</b> <FlagLink flag={flagPath} name={featureName} />{' '}
            {rollout?.heldAt != null && (
              <span className="quiet small">
                <Ago at={rollout.heldAt} />
              </span>
            )}
          </li>
        ))}
        <li className={isQuiet ? undefined : 'quiet'}>
          {watching === 0 ? 'No rollout has outcomes to judge.' : `${watching} ${watching === 1 ? 'rollout is' : 'rollouts are'} judged.`}
          {isQuiet && watching > 0 && ' None was stopped today.'}
        </li>
      </ul>
    </div>
  );
}

function FlagLink({ flag, name = flag }: { flag: string; name?: string }) {
  return (
    <Link to="/flags/$key" params={{ key: flag }}>
      {name}
    </Link>
  );
}

function Health() {
  const { api } = useSession();
  const environment = useEnvironment();
  const timed = { refetchInterval: HEALTH_MS, meta: { isTimed: true } };
  const health = useQuery({ queryKey: ['health'], queryFn: () => take(api.GET('/health')), ...timed });
  const jobs = useQuery({
    queryKey: ['jobs', environment.name ?? null],
    queryFn: () => take(api.GET('/api/admin/jobs', { params: { query: { ...environment.query, limit: 100 } } })),
    ...timed,
  });
  const push = jobs.data?.jobs.find(({ kind }) => kind === 'push');
  const failed = jobs.data?.jobs.filter(({ kind, failures }) => kind !== 'push' && failures > 0) ?? [];
  const isLate = push !== undefined && push.failures >= LATE_FAILURES;
  const edge = edgeText(health.isError, health.data);
  return (
    <div data-state={edge.isGood && !jobs.isError && !isLate && failed.length === 0 ? 'good' : 'bad'}>
      <h2>Health</h2>
      <ul>
        <li>{edge.text}</li>
        <li>{jobs.isError ? 'The hub does not answer: reads go on, changes wait.' : 'The hub answers.'}</li>
        <li>
          {isLate
            ? `Push is late: ${push.error ?? 'the relays do not answer'}. Pages ask every 30 seconds meanwhile.`
            : jobs.data
              ? 'Push is up to date.'
              : 'Push is not known.'}
        </li>
        {failed.slice(0, MOST).map(({ kind, payload, error }) => (
          <li key={kind + payload}>
            {kind === 'webhook' ? <Link to="/webhooks">A webhook</Link> : kind} failed: {error}
          </li>
        ))}
      </ul>
    </div>
  );
}

function edgeText(
  isError: boolean,
  data: { status: string; stale?: boolean; errors?: number } | undefined,
): { text: string; isGood: boolean } {
  if (isError) return { text: 'The edge cannot answer flags: callers get their defaults.', isGood: false };
  if (data?.status === 'disabled') return { text: 'All flags are switched off by FEATURE_FLAGS_ENABLED.', isGood: false };
  if (data?.stale) return { text: 'The edge answers from an older version.', isGood: false };
  return { text: data ? 'The edge answers.' : 'Asking the edge…', isGood: true };
}

/** The scheduled steps that come next. */
function NextSteps() {
  const { data, isError } = useSchedules();
  const schedules = data?.schedules ?? [];
  return (
    <div className="next">
      <h2>
        Next <span className="count">{schedules.length}</span>
      </h2>
      <ul>
        {schedules.slice(0, MOST).map(schedule => (
          <li key={schedule.id}>
            {schedule.flag !== undefined && (
              <>
                <FlagLink flag={schedule.flag} />:{' '}
              </>
            )}
            {requestText(schedule)}{' '}
            {schedule.at !== undefined && (
              <time className="quiet small unbroken" dateTime={schedule.at} title={utc(schedule.at)}>
                {dayAndTime(schedule.at)}
              </time>
            )}
          </li>
        ))}
        {schedules.length === 0 && <li className="quiet">{data ? 'Nothing is scheduled.' : isError ? 'Not known.' : 'Asking…'}</li>}
      </ul>
      {schedules.length > MOST && <Link to="/schedules">All schedules</Link>}
    </div>
  );
}

function LastHour() {
  const { api } = useSession();
  const environment = useEnvironment();
  const { data } = useQuery({
    queryKey: ['recent', environment.name ?? null],
    queryFn: () => take(api.GET('/api/admin/changes', { params: { query: { ...environment.query, limit: 20 } } })),
  });
  const since = Date.now() - HOUR_MS;
  const recent = (data?.changes ?? []).filter((change): change is Change => !('erased' in change) && Date.parse(change.changedAt) > since);
  return (
    <div className="lasthour">
      <h2>
        Last hour <span className="count">{recent.length < 20 ? recent.length : '20 or more'}</span>
      </h2>
      <ul>
        {recent.length === 0 && <li className="quiet">No change.</li>}
        {recent.slice(0, MOST).map(change => (
          <li key={change.id}>
            <span>
              {actionText(change.action)} {change.flagPath && <b>{change.flagPath}</b>}
            </span>
            <span className="quiet small">
              {change.changedBy}, <Ago at={change.changedAt} />
            </span>
            <RevertButton change={change} text="Undo" />
          </li>
        ))}
      </ul>
      {recent.length > MOST && <Link to="/audit">All changes</Link>}
    </div>
  );
}
