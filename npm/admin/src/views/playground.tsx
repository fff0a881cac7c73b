/** The answer of a flag to any context, now or at a past moment. It asks the edge and changes nothing. */
import { useQuery } from '@tanstack/react-query';
import { Link, useSearch } from '@tanstack/react-router';
import { useState } from 'react';

import { take } from '../api/client.js';
import type { Explained } from '../api/model.js';
import { useEnvironment } from '../environment.js';
import { Field } from '../parts/field.js';
import { ProblemNote } from '../parts/states.js';
import { useSession } from '../session.js';
import { Steps } from './customer/why.js';

const EXAMPLE = '{\n  "customerId": "customer-123",\n  "userId": "mary"\n}';

export function Playground() {
  const { api } = useSession();
  const environment = useEnvironment();
  const { flag: first = '' } = useSearch({ from: '/playground' });
  const [flag, setFlag] = useState(first);
  const [text, setText] = useState(EXAMPLE);
  const [at, setAt] = useState('');
  const [explained, setExplained] = useState<Explained>();
  const [error, setError] = useState<unknown>();
  const list = useQuery({
    queryKey: ['features', environment.name ?? null],
    queryFn: () => take(api.GET('/api/admin/feature-flags', { params: { query: environment.query } })),
  });
  const ask = async () => {
    setError(undefined);
    try {
      const context = JSON.parse(text) as Record<string, unknown>;
      const body = { flag: flag.trim(), context, ...(at !== '' && { at: new Date(at).toISOString() }) };
      setExplained(await take(api.POST('/v1/explain', { params: { query: environment.query }, body })));
    } catch (refused) {
      setExplained(undefined);
      setError(refused);
    }
  };
  return (
    <>
      <div className="title">
        <h1>Playground</h1>
        <Link to="/customers">Customers</Link>
      </div>
      <div className="columns-2">
        <form
          className="card"
          onSubmit={event => {
            event.preventDefault();
            void ask();
          }}
        >
          <Field label="Flag">
            {props => (
              <>
                <input
                  {...props}
                  list="flags"
                  required
                  maxLength={256}
                  value={flag}
                  onChange={event => setFlag(event.target.value)}
                  spellCheck={false}
                />
                <datalist id="flags">
                  {list.data?.features.map(({ featureName }) => (
                    <option key={featureName} value={featureName} />
                  ))}
                </datalist>
              </>
            )}
          </Field>
          <Field label="Context, as JSON" hint="customerId and organizationId find overrides; userId and others are yours.">
            {props => <textarea {...props} rows={10} value={text} onChange={event => setText(event.target.value)} spellCheck={false} />}
          </Field>
          <Field label="At a past moment" hint="Empty for now.">
            {props => <input {...props} type="datetime-local" value={at} onChange={event => setAt(event.target.value)} />}
          </Field>
          <div className="actions">
            <button type="submit" className="accent">
              Ask the edge
            </button>
          </div>
        </form>
        <section className="card" aria-label="Answer" aria-live="polite">
          <h2>Answer</h2>
          {error !== undefined ? (
            <ProblemNote error={error} />
          ) : explained ? (
            <Steps explained={explained} />
          ) : (
            <p className="quiet">Nothing was asked yet.</p>
          )}
        </section>
      </div>
    </>
  );
}
