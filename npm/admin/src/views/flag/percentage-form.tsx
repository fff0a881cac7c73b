/** Any other percentage, at once. */
import { useState } from 'react';

import { take } from '../../api/client.js';
import type { Feature, Rollout } from '../../api/model.js';
import { useEnvironment } from '../../environment.js';
import { Confirm } from '../../parts/confirm.js';
import { useReporter } from '../../parts/toasts.js';
import { useSession } from '../../session.js';

const QUICK = [0, 1, 10, 50, 100];

export function PercentageForm({ feature, rollout }: { feature: Feature; rollout: Rollout }) {
  const { api } = useSession();
  const environment = useEnvironment();
  const reporter = useReporter();
  const [share, setShare] = useState('');
  const [wanted, setWanted] = useState<number>();
  const { featureName } = feature;
  // The dialog has a form of its own, whose submission would be one of a form around it too.
  return (
    <>
      <form
        className="stack part"
        onSubmit={event => {
          event.preventDefault();
          setWanted(Number(share));
        }}
      >
        <h3>Set the percentage</h3>
        <div className="actions quick">
          {QUICK.map(step => (
            <button key={step} type="button" className="small" aria-pressed={step === rollout.percentage} onClick={() => setWanted(step)}>
              {step} %
            </button>
          ))}
          <input
            type="number"
            aria-label="Percentage"
            placeholder="other"
            min={0}
            max={100}
            step={0.001}
            required
            value={share}
            onChange={event => setShare(event.target.value)}
          />
          <button type="submit" className="small">
            Set
          </button>
        </div>
      </form>
      {wanted !== undefined && (
        <Confirm
          title={`${featureName}: ${wanted} %`}
          action={`Set ${wanted} %`}
          onClose={() => setWanted(undefined)}
          onConfirm={async reason => {
            const body = { featureName, percentage: wanted, reason };
            const asked = api.POST('/api/admin/rollout/percentage', { params: { query: environment.query }, body });
            reporter.written(`${featureName}: ${wanted} % get it.`, await take(asked));
            setShare('');
          }}
        >
          <p>{moved(rollout.percentage, wanted)}</p>
        </Confirm>
      )}
    </>
  );
}

/** The share of buckets that a percentage moves. It counts buckets, not people. */
function moved(from: number, to: number): string {
  const distance = Number(Math.abs(to - from).toFixed(3));
  if (distance === 0) return 'It is so already.';
  const what = `${distance} % of all buckets`;
  return to > from ? `${what} get it in addition. Everyone who has it keeps it.` : `${what} lose it.`;
}
