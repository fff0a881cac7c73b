/** One segment: its condition, the flags and segments that use it, and its end. */
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { useState } from 'react';

import { take } from '../../api/client.js';
import type { Definition } from '../../api/model.js';
import type { Uses } from '../../definitions.js';
import { useEnvironment } from '../../environment.js';
import { ChangeItem } from '../../parts/change-item.js';
import { Confirm } from '../../parts/confirm.js';
import { DefinitionEditor } from '../../parts/definition-editor.js';
import { Loading, ProblemNote } from '../../parts/states.js';
import { useReporter } from '../../parts/toasts.js';
import { useRights, useSession } from '../../session.js';
import { condition } from '../flag/sentences.js';
import { useSegment, useSegments, usesText } from '../segments.js';

export function SegmentView() {
  const { administer } = useRights();
  const environment = useEnvironment();
  const { name } = useParams({ from: '/segments/$name' });
  const segment = useSegment(name);
  const list = useSegments();
  const [isRemoving, setIsRemoving] = useState(false);
  if (segment.isPending) return <Loading what="the segment" />;
  if (!segment.data) return <ProblemNote error={segment.error} onRetry={() => void segment.refetch()} />;
  const uses = list.data?.uses.get(name);
  const { lastChange } = segment.data;
  return (
    <>
      <div className="title">
        <div>
          <Link to="/segments" className="small">
            ← All segments
          </Link>
          <h1>{name}</h1>
        </div>
        {administer && (
          <button type="button" className="bad" onClick={() => setIsRemoving(true)}>
            Delete the segment
          </button>
        )}
      </div>
      <p>Holds if {condition(segment.data.definition)}.</p>
      <section className="card" aria-labelledby="uses">
        <h2 id="uses">Used by</h2>
        {list.isPending ? <Loading what="its uses" /> : list.isError ? <ProblemNote error={list.error} /> : <UsesList uses={uses} />}
      </section>
      <DefinitionEditor kind="segments" served={segment.data} key={`${environment.name ?? ''}/${name}`} />
      {lastChange && (
        <section className="stack" aria-labelledby="last">
          <h2 id="last">Last change</h2>
          <ol className="changes">
            <ChangeItem change={lastChange} />
          </ol>
        </section>
      )}
      {isRemoving && <RemoveDialog segment={segment.data} uses={uses} onClose={() => setIsRemoving(false)} />}
    </>
  );
}

function UsesList({ uses }: { uses: Uses | undefined }) {
  if (!uses) return <p className="quiet">No flag and no segment uses it.</p>;
  return (
    <ul className="plainrows">
      {[...uses.flags].map(key => (
        <li key={`flag ${key}`}>
          <span className="quiet small">flag</span>
          <Link to="/flags/$key" params={{ key }}>
            {key}
          </Link>
        </li>
      ))}
      {[...uses.segments].map(name => (
        <li key={`segment ${name}`}>
          <span className="quiet small">segment</span>
          <Link to="/segments/$name" params={{ name }}>
            {name}
          </Link>
        </li>
      ))}
    </ul>
  );
}

function RemoveDialog({ segment, uses, onClose }: { segment: Definition; uses: Uses | undefined; onClose: () => void }) {
  const { api } = useSession();
  const environment = useEnvironment();
  const reporter = useReporter();
  const navigate = useNavigate();
  const { name, etag } = segment;
  return (
    <Confirm
      title={`Delete the segment ${name}`}
      action="Delete"
      tone="bad"
      onClose={onClose}
      onConfirm={async reason => {
        const params = { path: { name }, query: { ...environment.query, reason }, header: { 'if-match': etag ?? '*' } };
        const written = await take(api.DELETE('/api/admin/segments/{name}', { params }));
        // This view would ask for the segment once more.
        await navigate({ to: '/segments' });
        reporter.written(`${name} is deleted.`, written);
      }}
    >
      <p>
        {uses
          ? `${usesText(uses)} Rules that name a segment which is not there cannot be read, so the server refuses this until none does.`
          : 'Nothing uses it. Its definition stays in the trail, from which it can be taken back.'}
      </p>
    </Confirm>
  );
}
