/** The way to a flag's answer: its steps in their order of precedence, as sentences; targets and rules are edited in place. */
import { useState } from 'react';

import type { Definition, Feature } from '../../api/model.js';
import { useRights } from '../../session.js';
import { sentences } from './sentences.js';
import { StepDialog } from './step-dialog.js';
import type { StepPlace } from './step-fields.js';

export function Ladder({
  feature,
  definition,
  environment,
}: {
  feature: Feature;
  definition: Definition;
  environment: string | undefined;
}) {
  const { administer } = useRights();
  const [edited, setEdited] = useState<StepPlace>();
  return (
    <section className="card" aria-labelledby="who-gets-it">
      <h2 id="who-gets-it">Who gets it</h2>
      <p className="quiet small">The first line that applies to somebody decides.</p>
      <ol className="ladder">
        {sentences(definition.definition, feature, environment).map(({ name, text, isSettling, place }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a step has no other name than its place.
          <li key={index} data-settles={isSettling}>
            <b>{name}</b>
            <span className={place && 'editable'}>
              <span>{text}</span>
              {place && administer && (
                <button type="button" className="small" aria-label={`Edit: ${name}, step ${index + 1}`} onClick={() => setEdited(place)}>
                  Edit
                </button>
              )}
            </span>
          </li>
        ))}
      </ol>
      {administer && (
        <div className="actions">
          <button type="button" className="small" onClick={() => setEdited({ kind: 'targets' })}>
            Name someone
          </button>
          <button type="button" className="small" onClick={() => setEdited({ kind: 'rules' })}>
            Add a rule
          </button>
        </div>
      )}
      {edited && <StepDialog definition={definition} place={edited} onClose={() => setEdited(undefined)} />}
    </section>
  );
}
