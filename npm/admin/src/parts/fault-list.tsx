/** Errors of a JSON text, each with the button that selects its line. */
import type { RefObject } from 'react';

import { lineAt, placeOf } from '../json-place.js';

/** An error at a JSON pointer into the text. */
export interface Fault {
  readonly pointer: string;
  readonly message: string;
}

/** The most errors that are listed; a text with more is mended from its first ones. */
const MOST = 100;

export function FaultList({
  text,
  faults,
  area,
  label = 'Errors',
}: {
  text: string;
  faults: readonly Fault[];
  /** The field with the text. */
  area: RefObject<HTMLTextAreaElement | null>;
  label?: string;
}) {
  if (faults.length === 0) return null;
  const show = (offset: number) => {
    const end = text.indexOf('\n', offset);
    area.current?.focus();
    area.current?.setSelectionRange(offset, end === -1 ? text.length : end);
  };
  return (
    <>
      <ul className="note bad" aria-label={label}>
        {faults.slice(0, MOST).map(({ pointer, message }) => {
          const offset = placeOf(text, pointer);
          return (
            <li key={pointer + message}>
              <button type="button" className="small" onClick={() => show(offset)}>
                Line {lineAt(text, offset)}
              </button>{' '}
              {message} <code>{pointer}</code>
            </li>
          );
        })}
      </ul>
      {faults.length > MOST && <p className="small">And {faults.length - MOST} more.</p>}
    </>
  );
}
