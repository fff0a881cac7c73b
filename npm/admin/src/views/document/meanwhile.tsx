/** The changes that others made since a version, for an operator whose own change was refused because of them. */
import { useQuery } from '@tanstack/react-query';

import { take } from '../../api/client.js';
import { useEnvironment } from '../../environment.js';
import { ChangeItem } from '../../parts/change-item.js';
import { useSession } from '../../session.js';

/** The most changes that are shown; the trail has all. */
const MOST = 20;

export function Meanwhile({ since }: { since: number }) {
  const { api } = useSession();
  const environment = useEnvironment();
  const { data } = useQuery({
    queryKey: ['meanwhile', environment.name ?? null, since],
    queryFn: () => take(api.GET('/api/admin/changes', { params: { query: { ...environment.query, limit: MOST } } })),
  });
  const newer = data?.changes.filter(({ version }) => version > since) ?? [];
  return (
    <section className="stack" aria-label="Changed meanwhile">
      <p>Changed since you looked. What you typed is kept.</p>
      <ol className="changes">
        {newer.map(change => (
          <ChangeItem key={change.sequence} change={change} />
        ))}
      </ol>
    </section>
  );
}
