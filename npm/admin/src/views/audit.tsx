/** The trail: each change with its author, moment and reason; newest first. */
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';

import { take } from '../api/client.js';
import type { AnyChange, Change } from '../api/model.js';
import { actionText } from '../change-text.js';
import { useEnvironment } from '../environment.js';
import { ChangeItem } from '../parts/change-item.js';
import { Field } from '../parts/field.js';
import { Empty, Loading, ProblemNote } from '../parts/states.js';
import { useRights, useSession } from '../session.js';
import { Verification } from './audit/verification.js';

/** The filters in the address. */
export interface AuditSearch {
  flag?: string | undefined;
  customerId?: string | undefined;
  action?: string | undefined;
  changedBy?: string | undefined;
}

const PAGE = 50;
const ACTIONS = [
  'flag.kill',
  'flag.revive',
  'rollout.start',
  'rollout.advance',
  'rollout.percentage',
  'rollout.pause',
  'rollout.rollback',
  'definition.set',
  'import.definition',
  'override.set',
  'override.remove',
  'schedule.add',
  'schedule.cancel',
  'schedule.refuse',
  'webhook.disable',
  'key.create',
  'change.revert',
  'break-glass.use',
] as const satisfies readonly Change['action'][];

export function Audit() {
  const { api } = useSession();
  const { readAll } = useRights();
  const environment = useEnvironment();
  const search = useSearch({ from: '/audit' });
  const navigate = useNavigate({ from: '/audit' });
  const { flag, customerId, action, changedBy } = search;
  const trail = useInfiniteQuery({
    queryKey: ['changes', environment.name ?? null, flag, customerId, action, changedBy],
    initialPageParam: undefined as number | undefined,
    queryFn: ({ pageParam: before }) => {
      const filters = {
        ...(flag !== undefined && { flag }),
        ...(customerId !== undefined && { customerId }),
        ...(action !== undefined && { action: action as Change['action'] }),
        ...(changedBy !== undefined && { changedBy }),
        ...(before !== undefined && { before }),
      };
      return take(api.GET('/api/admin/changes', { params: { query: { ...environment.query, ...filters, limit: PAGE } } }));
    },
    getNextPageParam: page => page.next,
  });
  const changes: AnyChange[] = trail.data?.pages.flatMap(page => page.changes) ?? [];
  return (
    <>
      <div className="title">
        <h1>Audit</h1>
        {readAll && <Verification />}
      </div>
      <form
        className="filters"
        key={JSON.stringify(search)}
        onSubmit={event => {
          event.preventDefault();
          const given = new FormData(event.currentTarget);
          const value = (name: string) => String(given.get(name) ?? '').trim() || undefined;
          void navigate({
            search: before => ({
              ...before,
              flag: value('flag'),
              customerId: value('customerId'),
              action: value('action'),
              changedBy: value('changedBy'),
            }),
          });
        }}
      >
        <Field label="Flag">{props => <input {...props} name="flag" type="search" defaultValue={flag} maxLength={256} />}</Field>
        <Field label="Customer">{props => <input {...props} name="customerId" defaultValue={customerId} maxLength={256} />}</Field>
        <Field label="Who">{props => <input {...props} name="changedBy" defaultValue={changedBy} maxLength={256} />}</Field>
        <Field label="What">
          {props => (
            <select {...props} name="action" defaultValue={action ?? ''}>
              <option value="">Anything</option>
              {ACTIONS.map(name => (
                <option key={name} value={name}>
                  {actionText(name)} ({name})
                </option>
              ))}
            </select>
          )}
        </Field>
        <button type="submit">Filter</button>
      </form>
      {trail.isPending ? (
        <Loading what="changes" />
      ) : trail.isError && changes.length === 0 ? (
        <ProblemNote error={trail.error} onRetry={() => void trail.refetch()} />
      ) : changes.length === 0 ? (
        <Empty>No change matches.</Empty>
      ) : (
        <ol className="changes">
          {changes.map(change => (
            <ChangeItem key={change.sequence} change={change} />
          ))}
        </ol>
      )}
      {trail.hasNextPage && (
        <button type="button" disabled={trail.isFetchingNextPage} onClick={() => void trail.fetchNextPage()}>
          Older changes
        </button>
      )}
    </>
  );
}
