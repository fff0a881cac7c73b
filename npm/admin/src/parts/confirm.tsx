/** Asks for a reason before something changes, says what will happen, and shows a refusal where it was asked. */
import { type ReactNode, useState } from 'react';

import { Dialog } from './dialog.js';
import { Field } from './field.js';
import { ProblemNote } from './states.js';

export interface ConfirmProps {
  title: string;
  /** What the change does, in one or two sentences. */
  children?: ReactNode;
  /** The text of the button that carries it out. */
  action: string;
  tone?: 'accent' | 'bad';
  reason?: string;
  onConfirm: (reason: string) => Promise<void>;
  onClose: () => void;
}

export function Confirm({ title, children, action, tone = 'accent', reason: prefilled = '', onConfirm, onClose }: ConfirmProps) {
  const [reason, setReason] = useState(prefilled);
  const [error, setError] = useState<unknown>();
  const [isBusy, setIsBusy] = useState(false);
  return (
    <Dialog title={title} onClose={onClose}>
      <form
        className="stack"
        onSubmit={event => {
          event.preventDefault();
          setIsBusy(true);
          setError(undefined);
          onConfirm(reason.trim()).then(onClose, (refused: unknown) => {
            setError(refused);
            setIsBusy(false);
          });
        }}
      >
        {children}
        <Field label="Reason" hint="The audit trail keeps it.">
          {props => (
            <input
              {...props}
              value={reason}
              onChange={event => setReason(event.target.value)}
              required
              maxLength={1000}
              autoComplete="off"
            />
          )}
        </Field>
        {error !== undefined && <ProblemNote error={error} />}
        <div className="actions">
          <button type="submit" className={tone} disabled={isBusy}>
            {isBusy ? 'One moment…' : action}
          </button>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}
