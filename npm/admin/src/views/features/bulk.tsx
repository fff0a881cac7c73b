/** Turns several flags off or back on, one after the other, and says which ones the server refused. */
import { useState } from 'react';

import { take } from '../../api/client.js';
import type { Feature } from '../../api/model.js';
import { Refusal } from '../../api/refusal.js';
import { useEnvironment } from '../../environment.js';
import { Confirm } from '../../parts/confirm.js';
import { useReporter } from '../../parts/toasts.js';
import { useSession } from '../../session.js';

type Action = 'kill' | 'revive';

export function BulkBar({ features, onDone }: { features: readonly Feature[]; onDone: () => void }) {
  const { api } = useSession();
  const environment = useEnvironment();
  const reporter = useReporter();
  const [action, setAction] = useState<Action>();
  const [done, setDone] = useState(0);
  const affected = features.filter(({ enabled }) => enabled === (action === 'kill'));
  const run = async (reason: string) => {
    const refused: string[] = [];
    let changes = 0;
    for (const { featureName } of affected) {
      const body = { featureName, action: action as Action, reason };
      try {
        await patiently(() => take(api.POST('/api/admin/feature-flags', { params: { query: environment.query }, body })));
        changes += 1;
      } catch (error) {
        if (error instanceof Refusal && ['unreachable', 'unavailable', 'signedOut'].includes(error.kind)) throw error;
        refused.push(`${featureName}: ${error instanceof Error ? error.message : String(error)}`);
      }
      setDone(count => count + 1);
    }
    const warnings = refused.length > 0 ? refused : [];
    reporter.written(
      `${changes} flags are ${action === 'kill' ? 'off for everyone' : 'back on'}. Each can be taken back in the audit trail.`,
      {
        changed: true,
        changes: [],
        warnings,
      },
    );
    onDone();
  };
  return (
    <section className="bulk" aria-label="Chosen flags">
      <p>{features.length === 1 ? '1 flag chosen' : `${features.length} flags chosen`}</p>
      <button type="button" className="bad" onClick={() => setAction('kill')}>
        Turn off
      </button>
      <button type="button" onClick={() => setAction('revive')}>
        Turn back on
      </button>
      <button type="button" className="plain" onClick={onDone}>
        Choose none
      </button>
      {action !== undefined && (
        <Confirm
          title={action === 'kill' ? `Turn ${affected.length} flags off for everyone` : `Turn ${affected.length} flags back on`}
          action={done > 0 ? `${done} of ${affected.length}…` : action === 'kill' ? 'Turn off for everyone' : 'Turn back on'}
          tone={action === 'kill' ? 'bad' : 'accent'}
          reason={action === 'kill' ? 'turned off in the dashboard' : 'turned back on in the dashboard'}
          onClose={() => setAction(undefined)}
          onConfirm={run}
        >
          <p className="names">
            {affected.length === 0 ? 'All of them are so already.' : affected.map(({ featureName }) => featureName).join(', ')}
          </p>
        </Confirm>
      )}
    </section>
  );
}

/** Sends a request again after the time that a limit of the server names. Kills have no limit; revivals do. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Refusal) || error.problem?.status !== 429 || error.retryAfter === undefined) throw error;
      await new Promise(resolve => setTimeout(resolve, (error.retryAfter ?? 1) * 1000));
    }
  }
}
