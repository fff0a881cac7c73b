/** Any other percentage, at once or at a moment to come. */
import { useState } from 'react';

import type { Feature, Rollout } from '../../api/model.js';
import { TimedConfirm } from '../../parts/timed-confirm.js';

const QUICK = [0, 1, 10, 50, 100];

export function PercentageForm({ feature, rollout }: { feature: Feature; rollout: Rollout }) {
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
        <TimedConfirm
          title={`${featureName}: ${wanted} %`}
          action={`Set ${wanted} %`}
          request={{ path: '/api/admin/rollout/percentage', body: { featureName, percentage: wanted } }}
          done={`${featureName}: ${wanted} % get it.`}
          onDone={() => setShare('')}
          onClose={() => setWanted(undefined)}
        >
          <p>{moved(rollout.percentage, wanted)}</p>
        </TimedConfirm>
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
