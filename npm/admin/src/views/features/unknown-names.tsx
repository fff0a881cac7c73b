/** Names that evaluations ask for, or outcomes name, and that no flag has. */
import { useQuery } from '@tanstack/react-query';

import { take } from '../../api/client.js';
import { useEnvironment } from '../../environment.js';
import { Ago } from '../../parts/moment.js';
import { useSession } from '../../session.js';

/** The time between two looks, which no change tells of, in milliseconds. */
const LOOK_MS = 60_000;
const MOST = 10;

export function UnknownNames() {
  const { api } = useSession();
  const environment = useEnvironment();
  const { data } = useQuery({
    queryKey: ['unknown-names', environment.name ?? null],
    queryFn: () => take(api.GET('/api/admin/unknown-flags', { params: { query: environment.query } })),
    select: ({ unknownFlags }) => [...unknownFlags].sort((a, b) => b.lastAt.localeCompare(a.lastAt)),
    refetchInterval: LOOK_MS,
    meta: { isTimed: true },
  });
  if (!data || data.length === 0) return null;
  return (
    <section className="unknown" aria-labelledby="unknown-names">
      <h2 id="unknown-names">Names without a flag</h2>
      <p className="quiet">
        Programs name these: they misspell them, their flags were removed too early, or their definitions cannot be read.
      </p>
      <ul>
        {data.slice(0, MOST).map(({ name, asked, outcomes, lastAt }) => (
          <li key={name}>
            <code>{name}</code>{' '}
            <span className="quiet small">
              {[times(asked, 'evaluation'), times(outcomes, 'outcome')].filter(Boolean).join(', ')}, <Ago at={lastAt} />
            </span>
          </li>
        ))}
      </ul>
      {data.length > MOST && <p className="quiet small">and {data.length - MOST} more</p>}
    </section>
  );
}

function times(count: number, what: string): string {
  return count === 0 ? '' : `${count} ${what}${count === 1 ? '' : 's'}`;
}
