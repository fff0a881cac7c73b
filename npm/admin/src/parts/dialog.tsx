/**
 * A modal dialog of the browser's own: it holds the focus, closes on Escape and puts the focus back. A field with `data-first` has the focus
 * first, with its text selected: Enter there confirms, where on the cross it would cancel.
 */
import { type ReactNode, useEffect, useId, useRef } from 'react';

export function Dialog({
  title,
  onClose,
  children,
  wide = false,
}: {
  title: string;
  onClose: () => void;
  children: ReactNode;
  wide?: boolean;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const shown = dialog.current;
    // Inside of a host's page the root is not the document.
    const root = shown?.getRootNode();
    const before = root instanceof ShadowRoot ? root.activeElement : document.activeElement;
    if (shown && !shown.open) shown.showModal();
    // On a phone the focus would open the keyboard over what the dialog says.
    const first = matchMedia('(pointer: fine)').matches && shown?.querySelector<HTMLInputElement>('input[data-first]');
    if (first) {
      first.focus();
      first.select();
    }
    return () => {
      shown?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      className={wide ? 'wide' : undefined}
      aria-labelledby={id}
      onCancel={event => {
        event.preventDefault();
        onClose();
      }}
    >
      <header>
        <h2 id={id}>{title}</h2>
        <button type="button" className="plain" aria-label="Close" onClick={onClose}>
          ×
        </button>
      </header>
      {children}
    </dialog>
  );
}
