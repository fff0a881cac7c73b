/** The last attempts of a webhook, read while they are looked at. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { take } from '../../api/client.js';
import type { Delivery } from '../../api/model.js';
import { actionText } from '../../change-text.js';
import { useEnvironment } from '../../environment.js';
import { Ago, whole } from '../../parts/moment.js';
import { Loaded } from '../../parts/states.js';
import { useSession } from '../../session.js';

const SHOWN = 20;
/** The time between two looks, in milliseconds. */
const LOOK_MS = 5_000;

export function Deliveries({ id, label }: { id: string; label: string }) {
  const { api } = useSession();
  const environment = useEnvironment();
  const [isOpen, setIsOpen] = useState(false);
  const deliveries = useQuery({
    queryKey: ['deliveries', environment.name ?? null, id],
    queryFn: () => {
      const params = { path: { id }, query: { ...environment.query, limit: SHOWN } };
      return take(api.GET('/api/admin/webhooks/{id}/deliveries', { params }));
    },
    enabled: isOpen,
    refetchInterval: LOOK_MS,
  });
  return (
    <details onToggle={event => setIsOpen(event.currentTarget.open)}>
      <summary className="small">Last attempts</summary>
      {isOpen && (
        <Loaded query={deliveries} what="the last attempts">
          {({ deliveries, nextAttemptAt }) => (
            <div className="stack small">
              {nextAttemptAt !== undefined && (
                <p>
                  The next attempt is due <time dateTime={nextAttemptAt}>{whole(nextAttemptAt)}</time>.
                </p>
              )}
              {deliveries.length === 0 ? (
                <p className="quiet">Nothing was sent yet.</p>
              ) : (
                <ol className="plainrows" aria-label={`Attempts of ${label}`}>
                  {deliveries.map(attempt => (
                    <Attempt key={`${attempt.id} ${attempt.at}`} attempt={attempt} />
                  ))}
                </ol>
              )}
            </div>
          )}
        </Loaded>
      )}
    </details>
  );
}

function Attempt({ attempt }: { attempt: Delivery }) {
  const { action, at, sequence, delivered } = attempt;
  return (
    <li>
      <span className={delivered ? 'mark good' : 'mark bad'}>{attemptText(attempt)}</span>
      <span>
        {actionText(action)} <span className="quiet">record {sequence}</span>
      </span>
      <span className="quiet">
        <Ago at={at} />
      </span>
    </li>
  );
}

/** The outcome of an attempt: `taken: 204, 12 ms`. */
export function attemptText({
  delivered,
  status,
  error,
  milliseconds,
}: Pick<Delivery, 'delivered' | 'status' | 'error' | 'milliseconds'>): string {
  if (delivered) return `taken: ${status ?? 'yes'}, ${milliseconds} ms`;
  return `not taken: ${error ?? `it answered ${status ?? 'nothing'}`}, ${milliseconds} ms`;
}
