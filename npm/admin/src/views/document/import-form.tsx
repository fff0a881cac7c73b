/**
 * Imports a document in two steps: a dry run shows every error and consequence, and only what it showed is published. A change of somebody else
 * in between refuses the import; the text stays, and a new dry run compares it with theirs.
 */
import { useQueryClient } from '@tanstack/react-query';
import { useRef, useState } from 'react';

import { take } from '../../api/client.js';
import type { Import } from '../../api/model.js';
import { Refusal } from '../../api/refusal.js';
import { useEnvironment } from '../../environment.js';
import { ALLOW_NOTHING, Consequences, isAllowed, queryOfAllowance } from '../../parts/consequences.js';
import { type Fault, FaultList } from '../../parts/fault-list.js';
import { Field } from '../../parts/field.js';
import { ProblemNote } from '../../parts/states.js';
import { useSubmission } from '../../parts/submission.js';
import { useReporter } from '../../parts/toasts.js';
import { useSession } from '../../session.js';
import { ImportOutcome } from './import-outcome.js';
import { Meanwhile } from './meanwhile.js';
import { type DocumentText, readDocument, versionOf } from './text.js';

/** The longest text that stands in a field, in characters. A longer one of a file is imported as well, but is not edited here. */
const LONGEST_EDITED = 400_000;

/** The result of a dry run, and the text that it tried. */
interface Trial {
  readonly found: Import;
  /** The document that serves; absent if there is none yet. */
  readonly served: DocumentText | undefined;
}

export function ImportForm({ text, onText, mayPublish }: { text: string; onText: (text: string) => void; mayPublish: boolean }) {
  const { api } = useSession();
  const environment = useEnvironment();
  const reporter = useReporter();
  const queries = useQueryClient();
  const area = useRef<HTMLTextAreaElement>(null);
  const [contexts, setContexts] = useState('');
  const [state, setState] = useState<'keep' | 'replace'>('keep');
  const [named, setNamed] = useState('');
  const [partial, setPartial] = useState(false);
  const [allowance, setAllowance] = useState(ALLOW_NOTHING);
  const [trial, setTrial] = useState<Trial>();
  const [reason, setReason] = useState('');
  const { isBusy, error, submit, rest, forget } = useSubmission();

  const refusal = error instanceof Refusal ? error : undefined;
  const other = OTHER[refusal?.problem?.code ?? ''];
  const wanted = useRef<'newEnvironment' | 'newBucketKey'>(undefined);
  if (other !== undefined) wanted.current = other.parameter;
  const isConflict = refusal?.kind === 'conflict';
  const changed = (apply: () => void) => {
    apply();
    setTrial(undefined);
    forget();
  };

  const send = (dryRun: boolean, served: DocumentText | undefined) => {
    const permitted = {
      ...queryOfAllowance(allowance),
      ...(partial && { partial }),
      ...(named.trim() !== '' && wanted.current !== undefined && { [wanted.current]: named.trim() }),
    };
    const query = { ...environment.query, ...permitted, state, ...(dryRun ? { dryRun } : { reason: reason.trim() }) };
    const body = dryRun && contexts.trim() !== '' ? `{"document":${text},"contexts":${contexts}}` : text;
    const header = served && { 'if-match': served.tag };
    return take(
      api.PUT('/api/admin/document', {
        params: { query, ...(header && { header }) },
        // The text is sent as it was written: reading and writing it again could change a number.
        body: body as never,
        bodySerializer: whole => whole as unknown as string,
        headers: { 'content-type': 'application/json' },
      }),
    );
  };
  const tryOut = async () => {
    setTrial(undefined);
    JSON.parse(text);
    if (contexts.trim() !== '' && !Array.isArray(JSON.parse(contexts))) throw new Error('The contexts are no JSON array.');
    const served = await readDocument(api, environment.query);
    setTrial({ served, found: await send(true, served) });
  };
  const publish = async () => {
    const { version } = await send(false, trial?.served);
    reporter.say(`The document is imported as version ${version}.`);
    onText('');
    setTrial(undefined);
    setReason('');
    setNamed('');
    setAllowance(ALLOW_NOTHING);
    await queries.invalidateQueries();
  };

  const found = trial?.found;
  const open = found?.consequences.filter(each => !isAllowed(each, allowance)) ?? [];
  const unnamed = open.filter(({ remove, overwrite }) => remove === undefined && overwrite === undefined);
  const needsPartial = unnamed.length > 0 || partial;
  const isOpen = open.length > (partial ? unnamed.length : 0);
  const faults = faultsOf(found, refusal);
  return (
    <section className="card" aria-labelledby="import">
      <h2 id="import">Import</h2>
      <Field label="File" className="file">
        {props => (
          <input
            {...props}
            type="file"
            accept=".json,application/json"
            onChange={event => {
              const [file] = event.target.files ?? [];
              if (file) void file.text().then(read => changed(() => onText(read)));
            }}
          />
        )}
      </Field>
      {text.length > LONGEST_EDITED ? (
        <p className="note">
          {text.length.toLocaleString('en')} characters, too many to edit here.{' '}
          <button type="button" onClick={() => changed(() => onText(''))}>
            Take it away
          </button>
        </p>
      ) : (
        <Field label="Document, as JSON">
          {props => (
            <textarea
              {...props}
              ref={area}
              rows={Math.min(20, Math.max(6, text.split('\n').length + 1))}
              value={text}
              spellCheck={false}
              onChange={event => changed(() => onText(event.target.value))}
            />
          )}
        </Field>
      )}
      <details>
        <summary>Options</summary>
        <div className="stack">
          <fieldset>
            <legend>Enabled, rollouts and overrides</legend>
            <label className="inline">
              <input type="radio" name="state" checked={state === 'keep'} onChange={() => changed(() => setState('keep'))} /> stay as they
              are here
            </label>
            <label className="inline">
              <input type="radio" name="state" checked={state === 'replace'} onChange={() => changed(() => setState('replace'))} /> are
              replaced by those in the document
            </label>
          </fieldset>
          <Field
            label="Contexts to compare, as a JSON array"
            hint='For example [{"customerId":"customer-123"}]: whose answers would change.'
          >
            {props => (
              <textarea
                {...props}
                rows={3}
                value={contexts}
                spellCheck={false}
                onChange={event => changed(() => setContexts(event.target.value))}
              />
            )}
          </Field>
        </div>
      </details>
      {text.length <= LONGEST_EDITED && <FaultList text={text} faults={faults} area={area} label="Errors of the document" />}
      {error !== undefined && <ProblemNote error={error} />}
      {isConflict && trial?.served && <Meanwhile since={Number(versionOf(trial.served.tag))} />}
      {other !== undefined && environment.name === undefined && (
        <Field label={other.label} hint={other.hint}>
          {props => <input {...props} value={named} maxLength={64} autoComplete="off" onChange={event => setNamed(event.target.value)} />}
        </Field>
      )}
      {found && !isConflict && <ImportOutcome found={found} text={text} served={trial?.served?.text} />}
      {found && !isConflict && (
        <>
          <Consequences of={found.consequences} chosen={allowance} onChoose={setAllowance} />
          {needsPartial && (
            <label className="inline">
              <input type="checkbox" checked={partial} onChange={event => setPartial(event.target.checked)} />
              Import the rest: what cannot be read keeps its last good definition
            </label>
          )}
        </>
      )}
      {found && !isConflict && mayPublish && (
        <Field label="Reason" hint="The audit trail keeps it.">
          {props => (
            <input {...props} value={reason} maxLength={1000} autoComplete="off" onChange={event => setReason(event.target.value)} />
          )}
        </Field>
      )}
      {!mayPublish && <p className="quiet small">Your role tries documents and publishes none.</p>}
      <div className="actions">
        {found && !isConflict && mayPublish && (
          <button
            type="button"
            className="accent"
            disabled={isBusy || isOpen || reason.trim() === '' || found.records === 0}
            onClick={event => submit(event, () => publish().finally(rest))}
          >
            {isBusy ? 'One moment…' : found.errorCount > 0 ? 'Publish without the parts in error' : 'Publish'}
          </button>
        )}
        <button type="button" disabled={isBusy || text.trim() === ''} onClick={event => submit(event, () => tryOut().finally(rest))}>
          {isConflict ? 'Compare with theirs' : 'See what it would change'}
        </button>
      </div>
      {found && !isConflict && isOpen && mayPublish && (
        <p className="quiet small">{open.length === 1 ? '1 consequence is' : `${open.length} consequences are`} not allowed yet.</p>
      )}
    </section>
  );
}

/** Refusals that a word of the operator's lifts. */
const OTHER: Record<string, { parameter: 'newEnvironment' | 'newBucketKey'; label: string; hint: string }> = {
  OTHER_ENVIRONMENT: {
    parameter: 'newEnvironment',
    label: 'New name of this environment',
    hint: 'Type the name in the document to rename the environment, then look again.',
  },
  OTHER_BUCKET_KEY: {
    parameter: 'newBucketKey',
    label: 'First eight digits of the document’s bucket key',
    hint: 'With it every rollout and every split draws other customers.',
  },
};

/** The errors that a dry run found, or the one for which the whole document was refused. */
function faultsOf(found: Import | undefined, refusal: Refusal | undefined): readonly Fault[] {
  if (found) return found.errors;
  const { pointer, detail, code } = refusal?.problem ?? {};
  return pointer && detail !== undefined && code === 'DOCUMENT_REFUSED' ? [{ pointer, message: detail }] : [];
}
