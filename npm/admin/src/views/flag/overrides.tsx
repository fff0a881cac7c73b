/** The customers and organizations with an override of this flag. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import { take } from '../../api/client.js';
import type { Feature } from '../../api/model.js';
import { useEnvironment } from '../../environment.js';
import { OverrideDialog } from '../../parts/override-dialog.js';
import { ProblemNote } from '../../parts/states.js';
import { Until } from '../../parts/until.js';
import { useRights, useSession } from '../../session.js';

/** The most owners that are shown; the command line exports all of them. */
const MOST = 100;

interface Owner {
  readonly kind: 'customer' | 'organization';
  readonly id: string;
  readonly value: string;
}

export function FlagOverrides({ feature }: { feature: Feature }) {
  const { api } = useSession();
  const { override } = useRights();
  const environment = useEnvironment();
  const [asked, setAsked] = useState<{ owner?: Owner }>();
  const owners = useQuery({
    queryKey: ['overrides-of', environment.name ?? null, feature.flagPath],
    queryFn: async () => {
      const query = { ...environment.query, flag: feature.flagPath };
      const text = await take(api.GET('/api/admin/overrides/export', { params: { query }, parseAs: 'text' }));
      return String(text)
        .split('\n')
        .filter(Boolean)
        .flatMap(line => ownerOf(JSON.parse(line)));
    },
  });
  const shown = owners.data?.slice(0, MOST) ?? [];
  return (
    <section className="card" aria-labelledby="overrides">
      <div className="title">
        <h2 id="overrides">Overrides {owners.data && <span className="count">{owners.data.length}</span>}</h2>
        {override && (
          <button type="button" className="small" onClick={() => setAsked({})}>
            Add
          </button>
        )}
      </div>
      {owners.isError && <ProblemNote error={owners.error} onRetry={() => void owners.refetch()} />}
      {owners.data?.length === 0 && <p className="quiet">Nobody has one.</p>}
      {shown.length > 0 && (
        <ul className="plainrows">
          {shown.map(owner => (
            <li key={`${owner.kind}/${owner.id}`}>
              <span className="quiet small">{owner.kind}</span>
              {owner.kind === 'customer' ? (
                <Link to="/customers" search={{ id: owner.id }}>
                  {owner.id}
                </Link>
              ) : (
                <span>{owner.id}</span>
              )}
              <b>{owner.value}</b>
              <Until flag={feature.flagPath} owner={owner.kind === 'customer' ? { customerId: owner.id } : { organizationId: owner.id }} />
              {override && (
                <button
                  type="button"
                  className="small"
                  aria-label={`Change the override of ${owner.id}`}
                  onClick={() => setAsked({ owner })}
                >
                  Change
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      {owners.data && owners.data.length > MOST && (
        <p className="quiet small">
          The first {MOST} of {owners.data.length}.
        </p>
      )}
      {asked && (
        <OverrideDialog
          feature={feature}
          onClose={() => setAsked(undefined)}
          {...(asked.owner && { owner: asked.owner, value: asked.owner.value })}
        />
      )}
    </section>
  );
}

/** A line of the export: `{ customerId | organizationId, flags }`, of this flag alone. */
function ownerOf(line: { customerId?: string; organizationId?: string; flags?: unknown }): Owner[] {
  const id = line.customerId ?? line.organizationId;
  if (id === undefined) return [];
  return [{ kind: line.customerId === undefined ? 'organization' : 'customer', id, value: leafOf(line.flags) }];
}

/** The only leaf of a tree of overrides. */
function leafOf(tree: unknown): string {
  let at = tree;
  while (typeof at === 'object' && at !== null) at = Object.values(at)[0];
  return at === true ? 'on' : at === false ? 'off' : String(at);
}
