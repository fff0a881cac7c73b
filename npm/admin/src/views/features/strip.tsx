/** The changes of the last hour, with the way to take the newest back. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { take } from '../../api/client.js';
import type { Change } from '../../api/model.js';
import { actionText } from '../../change-text.js';
import { useEnvironment } from '../../environment.js';
import { Ago } from '../../parts/moment.js';
import { RevertButton } from '../../parts/revert.js';
import { useSession } from '../../session.js';

const HOUR_MS = 3_600_000;
const MOST = 3;

export function Strip() {
  const { api } = useSession();
  const environment = useEnvironment();
  const { data } = useQuery({
    queryKey: ['recent', environment.name ?? null],
    queryFn: () => take(api.GET('/api/admin/changes', { params: { query: { ...environment.query, limit: 20 } } })),
  });
  const since = Date.now() - HOUR_MS;
  const recent = (data?.changes ?? []).filter((change): change is Change => !('erased' in change) && Date.parse(change.changedAt) > since);
  if (recent.length === 0) return null;
  return (
    <section className="strip" aria-label="Changes of the last hour">
      <h2>
        Last hour <span className="count">{recent.length < 20 ? recent.length : '20 or more'}</span>
      </h2>
      <ul>
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
      <Link to="/audit">All changes</Link>
    </section>
  );
}
