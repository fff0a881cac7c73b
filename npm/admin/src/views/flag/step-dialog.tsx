/** A target or a rule of a flag as a form, or as JSON where it says more than the form has fields for. */
import { useState } from 'react';

import { take } from '../../api/client.js';
import type { Definition } from '../../api/model.js';
import { useEnvironment } from '../../environment.js';
import { Confirm } from '../../parts/confirm.js';
import { Field } from '../../parts/field.js';
import { useReporter } from '../../parts/toasts.js';
import { useSession } from '../../session.js';
import { OPERATORS } from './sentences.js';
import { type Fields, fieldsOf, type StepKind, type StepPlace, stepOf, valueAt } from './step-fields.js';

export function StepDialog({ definition, place, onClose }: { definition: Definition; place: StepPlace; onClose: () => void }) {
  const { api } = useSession();
  const environment = useEnvironment();
  const reporter = useReporter();
  // The step as it was when the dialog was opened: a change by somebody else meanwhile is refused.
  const [base] = useState(definition);
  const before = valueAt(base.definition, place);
  const [fields, setFields] = useState(() => fieldsOf(place.kind, before, base.definition));
  const [text, setText] = useState(() => JSON.stringify(before, undefined, 2) ?? '');
  const [isRemoved, setIsRemoved] = useState(false);
  const name = place.kind === 'targets' ? 'target' : 'rule';
  const isNew = place.index === undefined;
  return (
    <Confirm
      title={`${isNew ? 'A new' : 'Change the'} ${name} of ${base.name}`}
      action={isRemoved ? `Remove the ${name}` : isNew ? `Add the ${name}` : `Change the ${name}`}
      tone={isRemoved ? 'bad' : 'accent'}
      onClose={onClose}
      onConfirm={async reason => {
        const value = fields ? stepOf(place.kind, fields, before) : (JSON.parse(text) as unknown);
        const written = await take(
          api.PATCH('/api/admin/flags/{key}', {
            params: { path: { key: base.name }, query: { ...environment.query, reason }, header: { 'if-match': base.etag ?? '*' } },
            headers: { 'content-type': 'application/json-patch+json' },
            body: patchOf(place, base.definition, isRemoved ? undefined : value) as never,
          }),
        );
        reporter.written(`${base.name}: the ${name} is ${isRemoved ? 'removed' : isNew ? 'added' : 'changed'}.`, written);
      }}
    >
      {!isRemoved && fields && <StepFields kind={place.kind} fields={fields} onChange={setFields} />}
      {!isRemoved && !fields && (
        <Field label="The rule, as JSON" hint="It has more than one condition, or serves a split.">
          {props => <textarea {...props} rows={8} value={text} spellCheck={false} onChange={event => setText(event.target.value)} />}
        </Field>
      )}
      {!isNew && (
        <label className="inline">
          <input type="checkbox" checked={isRemoved} onChange={event => setIsRemoved(event.target.checked)} /> Remove this {name}
        </label>
      )}
    </Confirm>
  );
}

function StepFields({ kind, fields, onChange }: { kind: StepKind; fields: Fields; onChange: (fields: Fields) => void }) {
  const set = (name: keyof Fields) => (event: { target: { value: string } }) => onChange({ ...fields, [name]: event.target.value });
  const isList = kind === 'targets' || fields.op === 'in' || fields.op === 'notIn';
  return (
    <>
      <div className="pair">
        <Field label="Attribute">
          {props => <input {...props} required maxLength={256} value={fields.attribute} spellCheck={false} onChange={set('attribute')} />}
        </Field>
        {kind === 'rules' && (
          <Field label="Compared">
            {props => (
              <select {...props} value={fields.op} onChange={set('op')}>
                {Object.entries(OPERATORS).map(([op, words]) => (
                  <option key={op} value={op}>
                    {words}
                  </option>
                ))}
              </select>
            )}
          </Field>
        )}
        <Field label="Gets">
          {props => (
            <select {...props} value={fields.variant} onChange={set('variant')}>
              {fields.variants.map(variant => (
                <option key={variant}>{variant}</option>
              ))}
            </select>
          )}
        </Field>
      </div>
      {fields.op !== 'exists' && (
        <Field
          label="Values"
          hint={isList ? 'One a line, by the thousand if need be.' : 'A number or true and false count as such; "7" in quotes is a text.'}
        >
          {props => (
            <textarea {...props} rows={isList ? 6 : 2} required value={fields.values} spellCheck={false} onChange={set('values')} />
          )}
        </Field>
      )}
    </>
  );
}

/** The patch that adds, replaces or removes a step. */
function patchOf({ kind, index }: StepPlace, definition: unknown, value: unknown): unknown[] {
  if (index !== undefined) {
    const path = `/${kind}/${index}`;
    return [value === undefined ? { op: 'remove', path } : { op: 'replace', path, value }];
  }
  const hasList = Array.isArray((definition as Record<string, unknown> | null)?.[kind]);
  return [hasList ? { op: 'add', path: `/${kind}/-`, value } : { op: 'add', path: `/${kind}`, value: [value] }];
}
