/**
 * Edits a definition as JSON: the server's errors at their lines, the difference before it is saved, and a change by somebody else never takes
 * away what was typed.
 */
import { useEffect, useRef, useState } from 'react';

import { take } from '../api/client.js';
import type { Consequence, Definition } from '../api/model.js';
import { Refusal } from '../api/refusal.js';
import { useEnvironment } from '../environment.js';
import { useRights, useSession } from '../session.js';
import { ALLOW_NOTHING, Consequences, queryOfAllowance } from './consequences.js';
import { FaultList } from './fault-list.js';
import { Field } from './field.js';
import { JsonDiff, spelled } from './json-diff.js';
import { ProblemNote } from './states.js';
import { useSubmission } from './submission.js';
import { useReporter } from './toasts.js';

export interface EditorProps {
  kind: 'flags' | 'segments';
  /** The definition that serves. It may change while one edits. */
  served: Definition;
}

export function DefinitionEditor({ kind, served }: EditorProps) {
  const { api } = useSession();
  const { administer } = useRights();
  const environment = useEnvironment();
  const reporter = useReporter();
  const [base, setBase] = useState(served);
  const [text, setText] = useState(() => spelled(served.definition));
  const [reviewed, setReviewed] = useState<unknown>();
  const [reason, setReason] = useState('');
  const { isBusy, error, submit, rest, forget } = useSubmission();
  const [allowed, setAllowed] = useState(ALLOW_NOTHING);
  /** The tag of a served definition that is older than `base`, because the page has not read again since a save. */
  const [older, setOlder] = useState<string>();
  const area = useRef<HTMLTextAreaElement>(null);
  const isDirty = text !== spelled(base.definition);
  const isOutdated = served.etag !== base.etag && served.etag !== older;

  useEffect(() => {
    // The operator has typed no change, so the newest definition may take the place of the one before.
    if (isOutdated && !isDirty) {
      setBase(served);
      setText(spelled(served.definition));
    }
  }, [isOutdated, isDirty, served]);

  useEffect(() => {
    if (served.etag !== older) setOlder(undefined);
  }, [served.etag, older]);

  const parsed = parse(text);
  /** Begins anew from a definition; a text that differs from `before` was typed meanwhile, and stays. */
  const reset = (definition: Definition, before?: string) => {
    setBase(definition);
    setOlder(served.etag);
    setText(now => (before === undefined || now === before ? spelled(definition.definition) : now));
    setReviewed(undefined);
    forget();
    setAllowed(ALLOW_NOTHING);
  };
  const save = async () => {
    const query = { ...environment.query, reason: reason.trim(), ...queryOfAllowance(allowed) };
    const header = { 'if-match': base.etag ?? '*' };
    const body = parsed.value as never;
    const written = await take(
      kind === 'flags'
        ? api.PUT('/api/admin/flags/{key}', { params: { path: { key: base.name }, query, header }, body })
        : api.PUT('/api/admin/segments/{name}', { params: { path: { name: base.name }, query, header }, body }),
    );
    const name = kind === 'flags' ? { key: base.name } : { name: base.name };
    reset(
      await take(
        kind === 'flags'
          ? api.GET('/api/admin/flags/{key}', { params: { path: name as { key: string }, query: environment.query } })
          : api.GET('/api/admin/segments/{name}', { params: { path: name as { name: string }, query: environment.query } }),
      ),
      text,
    );
    setReason('');
    reporter.written(`${base.name} is saved.`, written);
  };
  const refusal = error instanceof Refusal ? error : undefined;
  const consequences = refusal?.problem?.consequences ?? [];
  const faults = faultsOf(refusal, consequences, `/${kind}/${escaped(base.name)}`);

  return (
    <details className="card">
      <summary>{administer ? 'Edit the definition' : 'The definition'}</summary>
      {/* While a save is under way, the newest definition may be the own one. */}
      {isOutdated && isDirty && !isBusy && (
        <div className="note away" role="alert">
          <p>
            {served.lastChange
              ? `${served.lastChange.changedBy} changed it meanwhile: “${served.lastChange.reason}”.`
              : 'Somebody else changed it meanwhile.'}{' '}
            What you typed is kept.
          </p>
          <JsonDiff before={base.definition} after={served.definition} />
          <div className="actions">
            <button type="button" onClick={() => setBase(served)}>
              Keep mine, compare with theirs
            </button>
            <button type="button" onClick={() => reset(served)}>
              Take theirs
            </button>
          </div>
        </div>
      )}
      <Field label="Definition, as JSON" hint="Enabled, rollout and overrides are state: they are not in it, and stay as they are.">
        {props => (
          <textarea
            {...props}
            ref={area}
            rows={Math.min(24, text.split('\n').length + 1)}
            value={text}
            readOnly={!administer}
            spellCheck={false}
            aria-invalid={parsed.fault !== undefined}
            onChange={event => {
              setText(event.target.value);
              setReviewed(undefined);
            }}
          />
        )}
      </Field>
      {parsed.fault !== undefined && (
        <p className="note bad small" role="alert">
          {parsed.fault}
        </p>
      )}
      {parsed.fault === undefined && <FaultList text={text} faults={faults} area={area} />}
      {error !== undefined && <ProblemNote error={error} />}
      <Consequences of={consequences} chosen={allowed} onChoose={setAllowed} />
      {reviewed !== undefined && parsed.fault === undefined && (
        <>
          <h3>Before and after</h3>
          <JsonDiff before={base.definition} after={parsed.value} />
          <Field label="Reason" hint="The audit trail keeps it.">
            {props => (
              <input {...props} value={reason} maxLength={1000} autoComplete="off" onChange={event => setReason(event.target.value)} />
            )}
          </Field>
        </>
      )}
      {administer && (
        <div className="actions">
          {reviewed === undefined ? (
            <button
              type="button"
              className="accent"
              disabled={!isDirty || parsed.fault !== undefined}
              onClick={() => setReviewed(parsed.value)}
            >
              Review
            </button>
          ) : (
            <button
              type="button"
              className="accent"
              disabled={isBusy || reason.trim() === '' || parsed.fault !== undefined}
              onClick={event => submit(event, () => save().finally(rest))}
            >
              {isBusy ? 'One moment…' : 'Save'}
            </button>
          )}
          {isDirty && (
            <button type="button" onClick={() => reset(served)}>
              Discard
            </button>
          )}
        </div>
      )}
    </details>
  );
}

function parse(text: string): { value?: unknown; fault?: string } {
  try {
    return { value: JSON.parse(text) };
  } catch (error) {
    return { fault: error instanceof Error ? error.message : String(error) };
  }
}

/** The errors inside this definition, by pointers from its own root. */
function faultsOf(
  refusal: Refusal | undefined,
  consequences: readonly Consequence[],
  root: string,
): { pointer: string; message: string }[] {
  const all = consequences.flatMap(({ errors }) => errors);
  const { pointer, detail } = refusal?.problem ?? {};
  if (pointer !== undefined && detail !== undefined && all.length === 0) all.push({ pointer, message: detail });
  return all
    .filter(fault => fault.pointer === root || fault.pointer.startsWith(`${root}/`) || !/^\/(flags|segments)\//.test(fault.pointer))
    .map(({ pointer: from, message }) => ({ pointer: from.startsWith(root) ? from.slice(root.length) : from, message }));
}

/** A name as a part of a JSON pointer. */
function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1');
}
