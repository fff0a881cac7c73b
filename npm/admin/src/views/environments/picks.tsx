/** The definitions that differ between two environments, to choose from. */
import type { DefinitionKind } from '../../definitions.js';

export interface Pick {
  readonly kind: DefinitionKind;
  readonly name: string;
  /** True if the target has none of this name. */
  readonly isNew: boolean;
}

/** `flags/new_checkout`: no flag and segment share it. */
export function pointerOf({ kind, name }: Pick): string {
  return `${kind}/${name}`;
}

export function Picks({
  picks,
  chosen,
  onChoose,
}: {
  picks: readonly Pick[];
  chosen: ReadonlySet<string>;
  onChoose: (chosen: ReadonlySet<string>) => void;
}) {
  if (picks.length === 0) return <p className="quiet">Nothing in the source differs from the target.</p>;
  const isAll = picks.every(pick => chosen.has(pointerOf(pick)));
  return (
    <fieldset className="picks">
      <legend>What differs ({picks.length})</legend>
      <label className="inline">
        <input type="checkbox" checked={isAll} onChange={() => onChoose(isAll ? new Set() : new Set(picks.map(pointerOf)))} />
        <b>All of it</b>
      </label>
      {picks.map(pick => (
        <label key={pointerOf(pick)} className="inline">
          <input
            type="checkbox"
            checked={chosen.has(pointerOf(pick))}
            onChange={() => {
              const after = new Set(chosen);
              if (!after.delete(pointerOf(pick))) after.add(pointerOf(pick));
              onChoose(after);
            }}
          />
          <span>
            {pick.name}{' '}
            <span className="quiet small">
              {pick.kind === 'segments' && 'segment '}
              {pick.isNew ? 'new' : 'changed'}
            </span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}
