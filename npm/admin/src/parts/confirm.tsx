/** Asks for a reason before something changes, says what will happen, and shows a refusal where it was asked. */
import { type ReactNode, useState } from 'react';

import { Dialog } from './dialog.js';
import { Field } from './field.js';
import { ProblemNote } from './states.js';
import { useSubmission } from './submission.js';

export interface ConfirmProps {
  title: string;
  /** The effect of the change, in one or two sentences. */
  children?: ReactNode;
  /** The text of the button that carries it out. */
  action: string;
  tone?: 'accent' | 'bad';
  /** The text of the button that closes the dialog and changes nothing. */
  dismiss?: string;
  reason?: string;
  onConfirm: (reason: string) => Promise<void>;
  onClose: () => void;
}

export function Confirm({
  title,
  children,
  action,
  tone = 'accent',
  dismiss = 'Cancel',
  reason: prefilled = '',
  onConfirm,
  onClose,
}: ConfirmProps) {
  const [reason, setReason] = useState(prefilled);
  const { isBusy, error, submit } = useSubmission();
  return (
    <Dialog title={title} onClose={onClose}>
      <form className="stack" onSubmit={event => submit(event, () => onConfirm(reason.trim()).then(onClose))}>
        {children}
        <Field label="Reason" hint="The audit trail keeps it.">
          {props => (
            <input
              {...props}
              data-first
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
            {dismiss}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
