/** The history of one flag, newest first. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';

import { take } from '../../api/client.js';
import { useEnvironment } from '../../environment.js';
import { ChangeItem } from '../../parts/change-item.js';
import { ProblemNote } from '../../parts/states.js';
import { useSession } from '../../session.js';

const SHOWN = 10;

export function Timeline({ flag }: { flag: string }) {
  const { api } = useSession();
  const environment = useEnvironment();
  const trail = useQuery({
    queryKey: ['timeline', environment.name ?? null, flag],
    queryFn: () => take(api.GET('/api/admin/changes', { params: { query: { ...environment.query, flag, limit: SHOWN } } })),
  });
  return (
    <section className="stack" aria-labelledby="timeline">
      <h2 id="timeline">Timeline</h2>
      {trail.isError && <ProblemNote error={trail.error} onRetry={() => void trail.refetch()} />}
      {trail.data?.changes.length === 0 && <p className="quiet">Nobody has changed it yet.</p>}
      {(trail.data?.changes.length ?? 0) > 0 && (
        <ol className="changes">
          {trail.data?.changes.map(change => (
            <ChangeItem key={change.sequence} change={change} />
          ))}
        </ol>
      )}
      {trail.data?.next !== undefined && (
        <Link to="/audit" search={{ flag }}>
          All its changes
        </Link>
      )}
    </section>
  );
}
