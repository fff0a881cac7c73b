/** Shows a secret that was made, once: no later answer has it. */
import { useRef, useState } from 'react';

import { Dialog } from './dialog.js';
import { Field } from './field.js';

export interface MadeSecret {
  readonly name: string;
  /** The secret; `null` if the answer was a replay, which has none. */
  readonly text: string | null;
}

export function SecretDialog({
  secrets,
  about = 'The server keeps its hash alone, so nobody can show it again.',
  remedy = 'Revoke the new one, and make another.',
  onClose,
}: {
  secrets: readonly MadeSecret[];
  /** The reason why it is shown this once. */
  about?: string;
  /** The way to another secret where the answer had none. */
  remedy?: string;
  onClose: () => void;
}) {
  return (
    <Dialog title="Copy it now" onClose={onClose}>
      <div className="stack">
        <p>It is shown once. {about}</p>
        {secrets.map(({ name, text }) =>
          text === null ? (
            <p key={name} className="note away">
              {name}: this answer came a second time, and has no secret. {remedy}
            </p>
          ) : (
            <Secret key={name} name={name} text={text} />
          ),
        )}
        <div className="actions">
          <button type="button" className="accent" onClick={onClose}>
            I have it
          </button>
        </div>
      </div>
    </Dialog>
  );
}

function Secret({ name, text }: { name: string; text: string }) {
  const field = useRef<HTMLInputElement>(null);
  const [said, setSaid] = useState('');
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid('Copied.');
    } catch {
      // Without HTTPS, or without leave to write, the browser has the operator press the keys.
      field.current?.focus();
      field.current?.select();
      setSaid('Press Ctrl+C or ⌘C to copy it.');
    }
  };
  return (
    <div className="secret">
      <Field label={name}>{props => <input {...props} ref={field} className="mono" readOnly value={text} spellCheck={false} />}</Field>
      <button type="button" aria-label={`Copy: ${name}`} onClick={() => void copy()}>
        Copy
      </button>
      <p role="status" className="quiet small">
        {said}
      </p>
    </div>
  );
}
