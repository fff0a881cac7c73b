/** The last things that the operator did, each with the way to take it back. A message stays until it is dismissed or pushed out, so nobody has to hurry. */
import { useQueryClient } from '@tanstack/react-query';
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from 'react';

import { take } from '../api/client.js';
import type { Written } from '../api/model.js';
import { Refusal } from '../api/refusal.js';
import { useEnvironment } from '../environment.js';
import { readAgain } from '../live.js';
import { useSession } from '../session.js';

const MOST = 3;

interface Toast {
  readonly id: number;
  readonly text: string;
  readonly warnings: readonly string[];
  readonly isProblem: boolean;
  readonly undo?: (() => Promise<void>) | undefined;
}

interface Reporter {
  /** Says that a change was made, and offers to take it back. */
  readonly written: (text: string, written: Pick<Written, 'changes' | 'changed' | 'warnings'> & { notes?: string[] }) => void;
  readonly say: (text: string, isProblem?: boolean) => void;
}

const ReporterContext = createContext<Reporter | undefined>(undefined);
let lastId = 0;

export function Toasts({ children }: { children: ReactNode }) {
  const { api } = useSession();
  const environment = useEnvironment();
  const queries = useQueryClient();
  const [toasts, setToasts] = useState<readonly Toast[]>([]);
  const push = useCallback((toast: Omit<Toast, 'id'>) => {
    lastId += 1;
    const shown = { ...toast, id: lastId };
    setToasts(before => [...before, shown].slice(-MOST));
  }, []);
  const dismiss = useCallback((id: number) => setToasts(before => before.filter(toast => toast.id !== id)), []);
  const reporter = useMemo<Reporter>(() => {
    const say = (text: string, isProblem = false) => push({ text, isProblem, warnings: [] });
    const revert = async (id: string) => {
      try {
        const query = environment.query;
        await take(
          api.POST('/api/admin/changes/{id}/revert', { params: { path: { id }, query }, body: { reason: 'undone in the dashboard' } }),
        );
        readAgain(queries);
        say('Undone.');
      } catch (error) {
        say(error instanceof Refusal ? `Not undone: ${error.message}` : 'Not undone.', true);
      }
    };
    return {
      say,
      written: (text, { changes, changed, warnings, notes = [] }) => {
        const id = changes[0]?.id;
        const undo = changed && id !== undefined ? () => revert(id) : undefined;
        push({ text: changed ? text : 'Nothing to change: it is so already.', isProblem: false, warnings: [...warnings, ...notes], undo });
        readAgain(queries);
      },
    };
  }, [api, environment, push, queries]);
  return (
    <ReporterContext value={reporter}>
      {children}
      <div className="toasts" role="status" aria-live="polite">
        {toasts.map(toast => (
          <div key={toast.id} className={toast.isProblem ? 'toast bad' : 'toast'}>
            <div>
              <p>{toast.text}</p>
              {toast.warnings.map(warning => (
                <p key={warning} className="quiet">
                  {warning}
                </p>
              ))}
            </div>
            {toast.undo && (
              <button
                type="button"
                onClick={() => {
                  dismiss(toast.id);
                  void toast.undo?.();
                }}
              >
                Undo
              </button>
            )}
            <button type="button" className="plain" aria-label="Dismiss" onClick={() => dismiss(toast.id)}>
              ×
            </button>
          </div>
        ))}
      </div>
    </ReporterContext>
  );
}

export function useReporter(): Reporter {
  const reporter = useContext(ReporterContext);
  if (!reporter) throw new Error('there is no place for messages');
  return reporter;
}
