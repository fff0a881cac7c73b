/** The consequences of a change; the operator allows each thing that it would take away by the name that `remove` wants. */
import type { Consequence } from '../api/model.js';

export function Consequences({
  of,
  chosen,
  onChoose,
}: {
  of: readonly Consequence[];
  chosen: ReadonlySet<string>;
  onChoose: (chosen: ReadonlySet<string>) => void;
}) {
  if (of.length === 0) return null;
  return (
    <ul className="consequences" aria-label="Consequences">
      {of.map(({ kind, message, pointer, remove: name, overrides, usedBy, errors }) => (
        <li key={kind + pointer} className="note away">
          <p>
            <code>{pointer}</code> {message}
          </p>
          {errors.map(error => (
            <p key={error.pointer + error.message} className="small">
              <code>{error.pointer}</code> {error.message}
            </p>
          ))}
          {(overrides > 0 || usedBy.length > 0) && (
            <p className="small">
              {overrides > 0 && `${overrides} ${overrides === 1 ? 'override is' : 'overrides are'} concerned. `}
              {usedBy.length > 0 && `Used by ${usedBy.join(', ')}.`}
            </p>
          )}
          {name !== undefined && (
            <label className="inline">
              <input
                type="checkbox"
                checked={chosen.has(name)}
                onChange={() => {
                  const after = new Set(chosen);
                  if (!after.delete(name)) after.add(name);
                  onChoose(after);
                }}
              />
              Allow this
            </label>
          )}
        </li>
      ))}
    </ul>
  );
}
