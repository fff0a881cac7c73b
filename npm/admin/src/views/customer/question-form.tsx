/** The moment that answers are of, and what a page knows of its visitor beyond what the edge does. */
import { useState } from 'react';

import { Field } from '../../parts/field.js';
import { localOf } from '../../parts/moment.js';
import { MOST_TEXT, readAttributes } from './attributes.js';

export function QuestionForm({
  customerId,
  at,
  names,
  onMoment,
  onAttributes,
}: {
  customerId: string;
  at: string | undefined;
  /** The names of the attributes that were pasted. */
  names: readonly string[];
  onMoment: (at: string | undefined) => void;
  onAttributes: (attributes: Readonly<Record<string, unknown>>) => void;
}) {
  const [text, setText] = useState('');
  const [error, setError] = useState<string>();
  const paste = () => {
    try {
      const pasted = readAttributes(text);
      if (pasted.customerId !== undefined && pasted.customerId !== customerId)
        throw new Error(`The text is about the customer ${pasted.customerId}. Search for that id first.`);
      setError(undefined);
      onAttributes(pasted.attributes);
    } catch (refused) {
      setError(refused instanceof Error ? refused.message : String(refused));
    }
  };
  return (
    <div className="pair">
      <Field label="As it was at" hint="Empty for now.">
        {props => (
          <input
            {...props}
            type="datetime-local"
            step={1}
            value={at === undefined ? '' : localOf(at)}
            onChange={event => onMoment(event.target.value === '' ? undefined : new Date(event.target.value).toISOString())}
          />
        )}
      </Field>
      <details className="stack">
        <summary>{names.length === 0 ? 'Add what their page knows' : `With ${names.join(', ')} from their page`}</summary>
        <Field
          label="Context of their page, as JSON"
          hint="What the page gives its client, such as {&quot;plan&quot;: &quot;pro&quot;}. It stays in this page, and goes into the questions alone."
        >
          {props => (
            <textarea
              {...props}
              rows={4}
              maxLength={MOST_TEXT}
              value={text}
              aria-invalid={error !== undefined}
              onChange={event => setText(event.target.value)}
              spellCheck={false}
            />
          )}
        </Field>
        {error !== undefined && (
          <p className="note bad small" role="alert">
            {error}
          </p>
        )}
        <div className="actions">
          <button type="button" onClick={paste} disabled={text.trim() === ''}>
            Use them
          </button>
          {names.length > 0 && (
            <button type="button" className="plain" onClick={() => onAttributes({})}>
              Without them
            </button>
          )}
        </div>
      </details>
    </div>
  );
}
