/** Keys that do something without a field: heard inside of the views alone, never elsewhere on a host's page. */
import { createContext, type RefObject, useContext, useEffect } from 'react';

/** The content of the views. Keys are heard in its document, or in its shadow tree inside of a host's page. */
export const ContentContext = createContext<RefObject<HTMLElement | null>>({ current: null });

/**
 * Calls `run` when the key is pressed alone, unless the operator is typing or a dialog is open. Without `run` the key does nothing.
 *
 * @param run returns false if there is nothing to do: then the key is the browser's
 */
export function useShortcut(key: string, run: (() => boolean) | undefined) {
  const content = useContext(ContentContext);
  useEffect(() => {
    const tree = content.current?.getRootNode();
    if (!tree || !run) return undefined;
    const pressed = (event: Event) => {
      const [target] = event.composedPath();
      const isElsewhere = target instanceof HTMLElement && target.closest('input, textarea, select, dialog, [contenteditable]') !== null;
      if (!(event instanceof KeyboardEvent) || event.key !== key || event.ctrlKey || event.metaKey || event.altKey || isElsewhere) return;
      if (run()) event.preventDefault();
    };
    tree.addEventListener('keydown', pressed);
    return () => tree.removeEventListener('keydown', pressed);
  });
}
