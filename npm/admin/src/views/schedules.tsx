/** The requests that the hub carries out later, by their moments, and those that it refused when they were due. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { take } from '../api/client.js';
import type { Change, Schedule } from '../api/model.js';
import { useEnvironment } from '../environment.js';
import { Ago, zone } from '../parts/moment.js';
import { ScheduleItem } from '../parts/schedule-item.js';
import { Empty, Loaded } from '../parts/states.js';
import { recordedText, refusalText } from '../schedule-text.js';
import { useSchedules } from '../schedules.js';
import { useSession } from '../session.js';

/** The newest refusals that are shown; the audit trail has all. */
const MOST_REFUSED = 20;
/** The time between two looks at what waits for its gate, in milliseconds. */
const ATTEMPTS_MS = 15_000;
const DAY = new Intl.DateTimeFormat('en', { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' });

export function Schedules() {
  const schedules = useSchedules(ATTEMPTS_MS);
  return (
    <>
      <div className="title">
        <h1>Schedules</h1>
      </div>
      <section className="stack" aria-labelledby="pending">
        <h2 id="pending">To come {schedules.data && <span className="count">{schedules.data.schedules.length}</span>}</h2>
        <p className="quiet">
          The hub does these by itself. To add one, choose a moment in the dialog of a change: of a rollout's step, a percentage, or a flag
          that is turned off or on. Times are of {zone()}.
        </p>
        <Loaded query={schedules} what="schedules">
          {({ schedules }) =>
            schedules.length === 0 ? (
              <Empty>Nothing is scheduled.</Empty>
            ) : (
              byDay(schedules).map(([day, of]) => (
                <section key={day} className="stack" aria-label={day}>
                  <h3>{day}</h3>
                  <ul className="changes">
                    {of.map(schedule => (
                      <ScheduleItem key={schedule.id} schedule={schedule} />
                    ))}
                  </ul>
                </section>
              ))
            )
          }
        </Loaded>
      </section>
      <Refused />
    </>
  );
}

/** Schedules by the operator's own days, in the order in which they come. */
function byDay(schedules: readonly Schedule[]): [string, Schedule[]][] {
  const days = new Map<string, Schedule[]>();
  for (const schedule of schedules) {
    const day = schedule.at === undefined ? 'Without a moment' : DAY.format(new Date(schedule.at));
    days.set(day, [...(days.get(day) ?? []), schedule]);
  }
  return [...days];
}

function Refused() {
  const { api } = useSession();
  const environment = useEnvironment();
  const refused = useQuery({
    queryKey: ['schedules-refused', environment.name ?? null],
    queryFn: () =>
      take(api.GET('/api/admin/changes', { params: { query: { ...environment.query, action: 'schedule.refuse', limit: MOST_REFUSED } } })),
  });
  return (
    <section className="stack" aria-labelledby="refused">
      <h2 id="refused">Refused when they were due</h2>
      <Loaded query={refused} what="refusals">
        {({ changes, next }) => {
          const known = changes.filter((change): change is Change => !('erased' in change));
          return known.length === 0 ? (
            <p className="quiet">None.</p>
          ) : (
            <>
              <ul className="changes">
                {known.map(change => (
                  <RefusedItem key={change.id} change={change} />
                ))}
              </ul>
              {next !== undefined && (
                <Link to="/audit" search={{ action: 'schedule.refuse' }}>
                  All of them
                </Link>
              )}
            </>
          );
        }}
      </Loaded>
    </section>
  );
}

function RefusedItem({ change }: { change: Change }) {
  const { flagPath, newJson, changedAt, onBehalfOf, schedule } = change;
  const { text, detail } = refusalText(newJson);
  return (
    <li className="change" data-refused={schedule}>
      <p>
        {flagPath !== undefined && (
          <>
            <Link to="/flags/$key" params={{ key: flagPath }}>
              {flagPath}
            </Link>
            :{' '}
          </>
        )}
        {recordedText(change) ?? 'a request that the record does not hold'}
      </p>
      <p>
        <span className="mark bad">refused</span> {text}
      </p>
      {detail !== '' && <p className="quiet small">The hub said: {detail}</p>}
      <p className="quiet small">
        {onBehalfOf !== undefined && `Scheduled by ${onBehalfOf} · `}
        <Ago at={changedAt} />
      </p>
    </li>
  );
}
