/** The answer of a flag to any context: by the core in this page while one types, and by the edge, now or at a past moment. It changes nothing. */
import { useQuery } from '@tanstack/react-query';
import { useSearch } from '@tanstack/react-router';
import { useMemo, useState } from 'react';

import { take } from '../api/client.js';
import type { Evaluation, Explained } from '../api/model.js';
import { valueText } from '../because.js';
import { useEnvironment } from '../environment.js';
import { Field } from '../parts/field.js';
import { ProblemNote } from '../parts/states.js';
import { useSession } from '../session.js';
import { CustomerTabs } from './customer/tabs.js';
import { Steps } from './customer/why.js';
import { type Context, type PageState, useInPage } from './playground/in-page.js';

const EXAMPLE = '{\n  "customerId": "customer-123",\n  "userId": "mary"\n}';

/** The question that the operator asked the edge, and its answer. */
interface Asked {
  readonly flag: string;
  readonly text: string;
  readonly explained: Explained;
  /** True if the question was about the present. */
  readonly isNow: boolean;
}

export function Playground() {
  const { api } = useSession();
  const environment = useEnvironment();
  const { flag: first = '' } = useSearch({ from: '/playground' });
  const [flag, setFlag] = useState(first);
  const [text, setText] = useState(EXAMPLE);
  const [at, setAt] = useState('');
  const [asked, setAsked] = useState<Asked>();
  const [error, setError] = useState<unknown>();
  const context = useMemo(() => contextOf(text), [text]);
  const inPage = useInPage(typeof context === 'string' ? undefined : context);
  const list = useQuery({
    queryKey: ['features', environment.name ?? null],
    queryFn: () => take(api.GET('/api/admin/feature-flags', { params: { query: environment.query } })),
  });
  const ask = async () => {
    setError(undefined);
    try {
      const context = JSON.parse(text) as Record<string, unknown>;
      const body = { flag: flag.trim(), context, ...(at !== '' && { at: new Date(at).toISOString() }) };
      const explained = await take(api.POST('/v1/explain', { params: { query: environment.query }, body }));
      setAsked({ flag, text, explained, isNow: at === '' });
    } catch (refused) {
      setAsked(undefined);
      setError(refused);
    }
  };
  return (
    <>
      <div className="title">
        <h1>Playground</h1>
        <CustomerTabs />
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
          <Field label="At a past moment" hint="For the edge alone. Empty for now.">
            {props => <input {...props} type="datetime-local" value={at} onChange={event => setAt(event.target.value)} />}
          </Field>
          <div className="actions">
            <button type="submit" className="accent">
              Ask the edge
            </button>
          </div>
        </form>
        <div className="stack">
          <InThisPage state={inPage} flag={flag.trim()} text={text} context={context} asked={asked} />
          <section className="card" aria-label="Answer" aria-live="polite">
            <h2>The edge</h2>
            {error !== undefined ? (
              <ProblemNote error={error} />
            ) : asked ? (
              <Steps explained={asked.explained} />
            ) : (
              <p className="quiet">Nothing was asked yet.</p>
            )}
          </section>
        </div>
      </div>
    </>
  );
}

function InThisPage({
  state,
  flag,
  text,
  context,
  asked,
}: {
  state: PageState;
  flag: string;
  text: string;
  /** The context, or a sentence on why there is none. */
  context: Context | string;
  asked: Asked | undefined;
}) {
  const answer = useMemo(() => answered(state, flag, context), [state, flag, context]);
  return (
    <section className="card" aria-label="In this page">
      <h2>This page, as you type</h2>
      {typeof context === 'object' && state.state === 'loading' && <p className="quiet">Loading the core…</p>}
      {state.state === 'elsewhere' && (
        <p className="quiet">The core in this page answers for the first environment. For others, ask the edge.</p>
      )}
      {state.state === 'failed' && <p className="note bad">{state.why}</p>}
      {typeof answer === 'string' && <p className="quiet">{answer}</p>}
      {typeof answer === 'object' && state.state === 'ready' && (
        <>
          <p>
            <b className="answer">{valueText(answer)}</b>{' '}
            <span className="quiet small">
              {answer.errorCode ?? answer.reason}
              {answer.layer !== undefined && `, layer ${answer.layer}`}
              {answer.bucket !== undefined && `, bucket ${answer.bucket.toLocaleString('en')}`}
              {state.version !== undefined && `, version ${state.version}`}
            </span>
          </p>
          {asked && state.version !== undefined && (
            <Compared answer={answer} version={state.version} asked={asked} isSame={asked.flag.trim() === flag && asked.text === text} />
          )}
        </>
      )}
    </section>
  );
}

/** The edge's answer beside this page's, if both are of one question and one version. */
function Compared({ answer, version, asked, isSame }: { answer: Evaluation; version: number; asked: Asked; isSame: boolean }) {
  const { explained, isNow } = asked;
  if (!isSame || !isNow) return null;
  if (explained.version !== version) return <p className="quiet small">The edge answered from version {explained.version}: ask again.</p>;
  const agrees = JSON.stringify(essence(answer)) === JSON.stringify(essence(explained.evaluation));
  return agrees ? (
    <p className="note good small">The edge agrees, at the same version.</p>
  ) : (
    <p className="note bad small">The edge answers otherwise at the same version. Please report this with the flag and the context.</p>
  );
}

function essence({ value, variant, reason, layer, bucket, errorCode }: Evaluation) {
  return [value ?? null, variant ?? null, reason, layer ?? null, bucket ?? null, errorCode ?? null];
}

/** The page's own answer, or a sentence on why there is none. */
function answered(state: PageState, flag: string, context: Context | string): Evaluation | string | undefined {
  if (typeof context === 'string') return context;
  if (state.state !== 'ready') return undefined;
  return flag === '' ? 'Name a flag.' : (state.engine.ask(flag, null, context as never) as Evaluation);
}

/** The context that a text spells, or a sentence on why there is none. */
function contextOf(text: string): Context | string {
  try {
    const context: unknown = JSON.parse(text);
    return typeof context === 'object' && context !== null && !Array.isArray(context)
      ? (context as Context)
      : 'The context has to be an object.';
  } catch {
    return 'The context is no JSON yet.';
  }
}
