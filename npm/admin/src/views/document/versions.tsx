/** The versions of the document, newest first: each is there to download, to compare with now, and to import again. */
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { take } from '../../api/client.js';
import { actionText } from '../../change-text.js';
import { useEnvironment } from '../../environment.js';
import { download } from '../../parts/download.js';
import { JsonDiff } from '../../parts/json-diff.js';
import { Ago } from '../../parts/moment.js';
import { Empty, Loading, ProblemNote } from '../../parts/states.js';
import { useReporter } from '../../parts/toasts.js';
import { useSession } from '../../session.js';
import { fileName, readDocument } from './text.js';

const PAGE = 20;

export function Versions({ onChoose }: { onChoose: (text: string) => void }) {
  const { api } = useSession();
  const environment = useEnvironment();
  const list = useInfiniteQuery({
    queryKey: ['versions', environment.name ?? null],
    initialPageParam: undefined as number | undefined,
    queryFn: ({ pageParam: before }) => {
      const query = { ...environment.query, limit: PAGE, ...(before !== undefined && { before }) };
      return take(api.GET('/api/admin/versions', { params: { query } }));
    },
    getNextPageParam: page => page.next,
  });
  const versions = list.data?.pages.flatMap(page => page.versions) ?? [];
  return (
    <section className="stack" aria-labelledby="versions">
      <h2 id="versions">Versions</h2>
      {list.isPending ? (
        <Loading what="versions" />
      ) : list.isError && versions.length === 0 ? (
        <ProblemNote error={list.error} onRetry={() => void list.refetch()} />
      ) : versions.length === 0 ? (
        <Empty>Nothing was written here yet.</Empty>
      ) : (
        <ol className="changes versions">
          {versions.map(entry => (
            <Version key={entry.version} entry={entry} onChoose={onChoose} />
          ))}
        </ol>
      )}
      {list.hasNextPage && (
        <div>
          <button type="button" disabled={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            Older versions
          </button>
        </div>
      )}
    </section>
  );
}

interface Entry {
  version: number;
  createdAt: string;
  changes: number;
  first?: { action: string; changedBy: string; reason: string; flagPath?: string } | undefined;
}

function Version({ entry, onChoose }: { entry: Entry; onChoose: (text: string) => void }) {
  const { api } = useSession();
  const environment = useEnvironment();
  const reporter = useReporter();
  const [isOpen, setIsOpen] = useState(false);
  const { version, createdAt, changes, first } = entry;
  const read = async (then: (text: string, tag: string) => void) => {
    try {
      const found = await readDocument(api, { ...environment.query, version });
      if (found) then(found.text, found.tag);
    } catch (refused) {
      reporter.say(refused instanceof Error ? refused.message : String(refused), true);
    }
  };
  return (
    <li className="change" data-version={version}>
      <div className="head">
        <p>
          <b>Version {version}</b> {first && `${actionText(first.action)} ${first.flagPath ?? ''}`}
          {changes > 1 && ` and ${changes - 1} more`}
        </p>
        <div className="actions">
          <button
            type="button"
            className="small"
            aria-label={`Download: version ${version}`}
            onClick={() => void read((text, tag) => download(fileName(environment.name, tag), text))}
          >
            Download
          </button>
          <button
            type="button"
            className="small"
            aria-label={`Compare with now: version ${version}`}
            aria-expanded={isOpen}
            onClick={() => setIsOpen(open => !open)}
          >
            Compare with now
          </button>
          <button
            type="button"
            className="small"
            aria-label={`Import again: version ${version}`}
            onClick={() =>
              void read(text => {
                onChoose(text);
                reporter.say(`Version ${version} stands in the import. Nothing is written yet.`);
              })
            }
          >
            Import again
          </button>
        </div>
      </div>
      {first && (
        <p className="quiet small">
          “{first.reason}” · {first.changedBy} · <Ago at={createdAt} />
        </p>
      )}
      {isOpen && <Comparison version={version} />}
    </li>
  );
}

function Comparison({ version }: { version: number }) {
  const { api } = useSession();
  const environment = useEnvironment();
  const both = useQuery({
    queryKey: ['comparison', environment.name ?? null, version],
    queryFn: async () => {
      const [older, now] = await Promise.all([readDocument(api, { ...environment.query, version }), readDocument(api, environment.query)]);
      return { older: JSON.parse(older?.text ?? 'null'), now: JSON.parse(now?.text ?? 'null') };
    },
  });
  if (both.isPending) return <Loading what="both versions" />;
  if (both.isError) return <ProblemNote error={both.error} onRetry={() => void both.refetch()} />;
  return <JsonDiff before={both.data.older} after={both.data.now} />;
}
