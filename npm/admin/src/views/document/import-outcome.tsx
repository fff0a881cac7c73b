/** The outcome of a dry run: each place that would change, before and after, and the contexts that would get another answer. */
import { useMemo, useState } from 'react';

import type { Import } from '../../api/model.js';
import { JsonDiff } from '../../parts/json-diff.js';
import { valueAt } from './text.js';

/** The most places that are listed. */
const MOST = 200;

export function ImportOutcome({ found, text, served }: { found: Import; text: string; served: string | undefined }) {
  const [before, after] = useMemo(() => [served === undefined ? undefined : JSON.parse(served), JSON.parse(text)], [served, text]);
  const { changes, kept, renamed = [], returned = [], warnings, errorCount, errors, blastRadius } = found;
  return (
    <div className="stack" role="status">
      <h3>{changes.length === 0 ? 'The import changes nothing' : `The import changes ${places(changes.length)}`}</h3>
      {changes.length > 0 && (
        <ul className="plainrows" aria-label="Changes">
          {changes.slice(0, MOST).map(({ kind, pointer }) => (
            <Place key={kind + pointer} kind={kind} pointer={pointer} before={before} after={after} />
          ))}
        </ul>
      )}
      {changes.length > MOST && <p className="small">And {changes.length - MOST} more.</p>}
      {errorCount > 0 && (
        <p>
          {errorCount} {errorCount === 1 ? 'part' : 'parts'} cannot be read and {errorCount === 1 ? 'is' : 'are'} left out
          {errorCount > errors.length && `; the first ${errors.length} are listed`}.
        </p>
      )}
      <Notes title="Renamed, with state and overrides" of={renamed.map(({ from, to }) => `${from} is ${to}`)} />
      <Notes
        title="Returning with the state that they had"
        of={returned.map(({ flag, enabled, overrides }) => `${flag}: ${enabled ? 'enabled' : 'turned off'}, ${overrides} overrides`)}
      />
      <Notes title="State that stays though the document has another" of={kept.map(({ pointer }) => pointer)} />
      <Notes title="Warnings" of={warnings.map(({ pointer, message }) => `${pointer} ${message}`)} />
      {blastRadius && (
        <div className="note">
          <p>
            {blastRadius.changed} of {blastRadius.contexts} contexts get another answer.
          </p>
          <ul>
            {blastRadius.flags.slice(0, MOST).map(({ flag, changed }) => (
              <li key={flag}>
                {flag}: {changed}
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  );
}

type Kind = Import['changes'][number]['kind'];
const TEXT: Record<Kind, string> = {
  added: 'new',
  changed: 'changed',
  removed: 'removed',
  refused: 'in error: the last good one serves on',
};

function Place({ kind, pointer, before, after }: { kind: Kind; pointer: string; before: unknown; after: unknown }) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <li>
      <details onToggle={event => setIsOpen(event.currentTarget.open)}>
        <summary>
          <code>{pointer === '' ? '/' : pointer}</code> {TEXT[kind]}
        </summary>
        {isOpen && <JsonDiff before={valueAt(before, pointer)} after={valueAt(after, pointer)} />}
      </details>
    </li>
  );
}

function Notes({ title, of }: { title: string; of: readonly string[] }) {
  if (of.length === 0) return null;
  return (
    <div className="note">
      <p>{title}:</p>
      <ul>
        {of.slice(0, MOST).map(each => (
          <li key={each}>{each}</li>
        ))}
      </ul>
      {of.length > MOST && <p>And {of.length - MOST} more.</p>}
    </div>
  );
}

function places(count: number): string {
  return count === 1 ? '1 place' : `${count} places`;
}
