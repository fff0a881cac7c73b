/** One customer: what each flag is for them and why, and the overrides that they have. */
import { useQuery } from '@tanstack/react-query';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';

import { take } from '../api/client.js';
import { useHostsOrganization } from '../embed/about.js';
import { useEnvironment } from '../environment.js';
import { ChangeItem } from '../parts/change-item.js';
import { Confirm } from '../parts/confirm.js';
import { Field } from '../parts/field.js';
import { Empty, Loading, ProblemNote } from '../parts/states.js';
import { useReporter } from '../parts/toasts.js';
import { useRights, useSession } from '../session.js';
import { Answer } from './customer/answer.js';
import type { Question } from './customer/question.js';
import { QuestionForm } from './customer/question-form.js';
import { CustomerTabs } from './customer/tabs.js';

/** The customer in the address, the words that the list is searched by, and the moment that answers are of. */
export interface CustomerSearch {
  id?: string | undefined;
  q?: string | undefined;
  at?: string | undefined;
}

export function Customers() {
  const { id } = useSearch({ from: '/customers' });
  const navigate = useNavigate({ from: '/customers' });
  return (
    <>
      <div className="title">
        <h1>Customers</h1>
        <CustomerTabs />
      </div>
      <form
        className="filters"
        onSubmit={event => {
          event.preventDefault();
          const wanted = String(new FormData(event.currentTarget).get('id') ?? '').trim();
          void navigate({ search: before => ({ env: before.env, id: wanted === '' ? undefined : wanted }) });
        }}
      >
        <input
          key={id}
          type="search"
          name="id"
          aria-label="Customer id"
          placeholder="A customer's id  ( / )"
          defaultValue={id}
          maxLength={256}
          spellCheck={false}
        />
        <button type="submit" className="accent">
          Show
        </button>
      </form>
      {id === undefined ? (
        <Empty>
          <p>Type a customer's id to see what each flag is for them, and why.</p>
        </Empty>
      ) : (
        <Customer key={id} id={id} />
      )}
    </>
  );
}

function Customer({ id }: { id: string }) {
  const { api } = useSession();
  const rights = useRights();
  const environment = useEnvironment();
  const { q = '', at: asked } = useSearch({ from: '/customers' });
  const [attributes, setAttributes] = useState<Readonly<Record<string, unknown>>>({});
  const navigate = useNavigate({ from: '/customers' });
  const known = useHostsOrganization(id);
  const answers = useQuery({
    queryKey: ['customer', environment.name ?? null, id, known],
    queryFn: () => {
      const query = { ...environment.query, customerId: id, ...(known !== undefined && { organizationId: known }) };
      return take(api.GET('/api/admin/feature-flags', { params: { query } }));
    },
  });
  const membership = useQuery({
    queryKey: ['membership', environment.name ?? null, id],
    queryFn: () => take(api.GET('/api/admin/customers', { params: { query: { ...environment.query, customerId: id } } })),
  });
  const trail = useQuery({
    queryKey: ['customer-changes', environment.name ?? null, id],
    queryFn: () => take(api.GET('/api/admin/changes', { params: { query: { ...environment.query, customerId: id, limit: 10 } } })),
  });
  const organizationId = answers.data?.evaluation.organizationId ?? organizationOf(membership.data) ?? known;
  const at = asked !== undefined && !Number.isNaN(Date.parse(asked)) ? asked : undefined;
  const question = useMemo<Question>(
    () => ({
      context: { ...attributes, customerId: id, ...(organizationId !== undefined && { organizationId }) },
      ...(at !== undefined && { at }),
      isSpecial: at !== undefined || Object.keys(attributes).length > 0,
    }),
    [attributes, id, organizationId, at],
  );
  if (answers.isPending) return <Loading what="their flags" />;
  if (answers.isError && !answers.data) return <ProblemNote error={answers.error} onRetry={() => void answers.refetch()} />;
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = answers.data.features.filter(({ featureName, flagPath }) =>
    words.every(word => `${featureName}\n${flagPath}`.toLowerCase().includes(word)),
  );
  const own = answers.data.features.filter(({ overrides }) => overrides.customer !== null).length;
  return (
    <>
      <section className="card" aria-label="Customer">
        <h2 className="mono">{id}</h2>
        <p>
          {organizationId === undefined ? 'No organization is known for this customer.' : `Organization ${organizationId}.`}{' '}
          {own === 0 ? 'No overrides of their own.' : `${own} ${own === 1 ? 'override' : 'overrides'} of their own.`}
        </p>
        {rights.administer && <Assignment id={id} organizationId={organizationId} />}
      </section>
      <section className="stack" aria-labelledby="answers">
        <div className="title">
          <h2 id="answers">What each flag is for them</h2>
          <input
            type="text"
            className="narrow"
            aria-label="Search their flags"
            placeholder="Search their flags"
            value={q}
            maxLength={200}
            onChange={event => void navigate({ search: before => ({ ...before, q: event.target.value || undefined }), replace: true })}
          />
        </div>
        {rights.readAll && (
          <QuestionForm
            customerId={id}
            at={at}
            names={Object.keys(attributes)}
            onMoment={moment => void navigate({ search: before => ({ ...before, at: moment }), replace: true })}
            onAttributes={setAttributes}
          />
        )}
        {Object.keys(attributes).length === 0 && (
          <p className="quiet small">
            Other attributes than the customer and the organization are unknown to the edge; a rule over one does not hold here.
          </p>
        )}
        <ul className="rows answers">
          {shown.map(feature => (
            <Answer key={feature.flagPath} feature={feature} customerId={id} question={question} />
          ))}
        </ul>
        {shown.length === 0 && <Empty>No flag matches.</Empty>}
      </section>
      <section className="stack" aria-labelledby="touched">
        <h2 id="touched">Changes of their overrides</h2>
        {trail.data?.changes.length === 0 && <p className="quiet">None.</p>}
        {(trail.data?.changes.length ?? 0) > 0 && (
          <ol className="changes">
            {trail.data?.changes.map(change => (
              <ChangeItem key={change.sequence} change={change} />
            ))}
          </ol>
        )}
      </section>
    </>
  );
}

function Assignment({ id, organizationId }: { id: string; organizationId: string | undefined }) {
  const { api } = useSession();
  const environment = useEnvironment();
  const reporter = useReporter();
  const [isAsking, setIsAsking] = useState(false);
  const [wanted, setWanted] = useState('');
  return (
    <div>
      <button
        type="button"
        className="small"
        onClick={() => {
          setWanted(organizationId ?? '');
          setIsAsking(true);
        }}
      >
        {organizationId === undefined ? 'Assign to an organization' : 'Change the organization'}
      </button>
      {isAsking && (
        <Confirm
          title={`Organization of ${id}`}
          action={wanted === '' ? 'Remove from the organization' : 'Assign'}
          onClose={() => setIsAsking(false)}
          onConfirm={async reason => {
            const body = { customerId: id, organizationId: wanted.trim() === '' ? null : wanted.trim(), reason };
            reporter.written(
              `${id} is assigned.`,
              await take(api.POST('/api/admin/customers', { params: { query: environment.query }, body })),
            );
          }}
        >
          <Field label="Organization" hint="Its overrides count for the customer. Empty for none.">
            {props => (
              <input {...props} value={wanted} maxLength={256} autoComplete="off" onChange={event => setWanted(event.target.value)} />
            )}
          </Field>
        </Confirm>
      )}
    </div>
  );
}

/** The organization in an answer about one customer. */
function organizationOf(body: unknown): string | null | undefined {
  return (body as { organizationId?: string | null } | undefined)?.organizationId;
}
