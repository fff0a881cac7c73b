/** The segments of an environment: conditions with a name, each with the flags and segments that use it. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import { take } from '../api/client.js';
import { readDefinitions, type Uses, usesOf } from '../definitions.js';
import { useEnvironment } from '../environment.js';
import { Ago } from '../parts/moment.js';
import { Empty, Loading, ProblemNote } from '../parts/states.js';
import { useRights, useSession } from '../session.js';
import { condition } from './flag/sentences.js';
import { NewSegment } from './segments/new-segment.js';

/** The segments of the current environment, and the flags and segments that use them. */
export function useSegments() {
  const { api } = useSession();
  const environment = useEnvironment();
  return useQuery({
    queryKey: ['segments', environment.name ?? null],
    queryFn: async () => {
      const [segments, flags] = await Promise.all([
        readDefinitions(api, 'segments', environment.query),
        readDefinitions(api, 'flags', environment.query),
      ]);
      return { segments, uses: usesOf(flags, segments) };
    },
  });
}

export function Segments() {
  const { administer } = useRights();
  const list = useSegments();
  const [isCreating, setIsCreating] = useState(false);
  if (list.isPending) return <Loading what="segments" />;
  if (list.isError && !list.data) return <ProblemNote error={list.error} onRetry={() => void list.refetch()} />;
  const { segments, uses } = list.data;
  return (
    <>
      <div className="title">
        <h1>Segments</h1>
        {administer && (
          <button type="button" className="accent" onClick={() => setIsCreating(true)}>
            New segment
          </button>
        )}
      </div>
      <p>A segment is a condition with a name. The rules of flags, and other segments, use it by that name.</p>
      {segments.size === 0 ? (
        <Empty>There are no segments in this environment.</Empty>
      ) : (
        <ul className="changes" aria-label="Segments">
          {[...segments.values()].map(({ name, definition, lastChange, refused }) => (
            <li key={name} className="change" data-segment={name}>
              <div className="head">
                <Link to="/segments/$name" params={{ name }}>
                  <b>{name}</b>
                </Link>
                {refused !== undefined && <span className="mark bad">newest definition refused, the last good one serves</span>}
              </div>
              <p>Holds if {condition(definition)}.</p>
              <p className="quiet small">
                {usesText(uses.get(name))}
                {lastChange && (
                  <>
                    {' '}
                    Last changed by {lastChange.changedBy}, <Ago at={lastChange.changedAt} />.
                  </>
                )}
              </p>
            </li>
          ))}
        </ul>
      )}
      {isCreating && <NewSegment onClose={() => setIsCreating(false)} />}
    </>
  );
}

/** The number of flags and segments that use a segment, in words. */
export function usesText(uses: Uses | undefined): string {
  if (!uses) return 'Not used.';
  const parts = [counted(uses.flags.size, 'flag'), counted(uses.segments.size, 'segment')].filter(Boolean);
  return `Used by ${parts.join(' and ')}.`;
}

function counted(count: number, noun: string): string {
  return count === 0 ? '' : count === 1 ? `1 ${noun}` : `${count} ${noun}s`;
}

/** One segment, as the server has it now. */
export function useSegment(name: string) {
  const { api } = useSession();
  const environment = useEnvironment();
  return useQuery({
    queryKey: ['segment', environment.name ?? null, name],
    queryFn: () => take(api.GET('/api/admin/segments/{name}', { params: { path: { name }, query: environment.query } })),
  });
}
