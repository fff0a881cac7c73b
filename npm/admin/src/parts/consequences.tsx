/** The consequences of a change; the operator allows each thing that it would take away by the parameter that the server names for it. */
import type { Consequence } from '../api/model.js';

/** Allowed consequences: the values of the parameters `remove` and `overwrite`. */
export interface Allowance {
  readonly remove: ReadonlySet<string>;
  readonly overwrite: ReadonlySet<string>;
}

export const ALLOW_NOTHING: Allowance = { remove: new Set(), overwrite: new Set() };

/** The query parameters of an allowance; empty if it allows nothing. */
export function queryOfAllowance({ remove, overwrite }: Allowance): { remove?: string[]; overwrite?: string[] } {
  return { ...(remove.size > 0 && { remove: [...remove] }), ...(overwrite.size > 0 && { overwrite: [...overwrite] }) };
}

/** True if the server or the operator allows the consequence by its own name. Errors have no name: `partial` allows them. */
export function isAllowed({ allowed, remove, overwrite }: Consequence, by: Allowance): boolean {
  return allowed || (remove !== undefined && by.remove.has(remove)) || (overwrite !== undefined && by.overwrite.has(overwrite));
}

export function Consequences({
  of,
  chosen,
  onChoose,
}: {
  of: readonly Consequence[];
  chosen: Allowance;
  onChoose: (chosen: Allowance) => void;
}) {
  if (of.length === 0) return null;
  return (
    <ul className="consequences" aria-label="Consequences">
      {of.map(each => (
        <Item key={each.kind + each.pointer} consequence={each} chosen={chosen} onChoose={onChoose} />
      ))}
    </ul>
  );
}

function Item({ consequence, chosen, onChoose }: { consequence: Consequence; chosen: Allowance; onChoose: (chosen: Allowance) => void }) {
  const { message, pointer, remove, overwrite, overrides, usedBy, errors, edit } = consequence;
  const parameter = remove === undefined ? 'overwrite' : 'remove';
  const name = remove ?? overwrite;
  return (
    <li className="note away">
      <p>
        <code>{pointer}</code> {message}
      </p>
      {errors.map(error => (
        <p key={error.pointer + error.message} className="small">
          <code>{error.pointer}</code> {error.message}
        </p>
      ))}
      {edit && (
        <p className="small">
          Edited by {edit.changedBy} in version {edit.version}
          {edit.members.length > 0 && `: ${edit.members.map(memberText).join('; ')}`}.
        </p>
      )}
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
            checked={chosen[parameter].has(name)}
            onChange={() => {
              const after = new Set(chosen[parameter]);
              if (!after.delete(name)) after.add(name);
              onChoose({ ...chosen, [parameter]: after });
            }}
          />
          Allow this
        </label>
      )}
    </li>
  );
}

function memberText({ name, from, to, document }: { name: string; from?: string; to?: string; document?: string }): string {
  return `${name} from ${from ?? 'nothing'} to ${to ?? 'nothing'}, in the document ${document ?? 'nothing'}`;
}
