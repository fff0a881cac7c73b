/** Turns a flag off for everyone, or back on: one press, one confirmation with a reason. */
import { useState } from 'react';

import type { Feature } from '../api/model.js';
import { useEnvironment } from '../environment.js';
import { useRights } from '../session.js';
import { TimedConfirm } from './timed-confirm.js';

export function FlagSwitch({ feature }: { feature: Feature }) {
  const { steer } = useRights();
  const [isAsking, setIsAsking] = useState(false);
  return (
    <>
      <button
        type="button"
        role="switch"
        className="switch"
        aria-checked={feature.enabled}
        aria-label={`${feature.featureName}: enabled`}
        disabled={!steer}
        title={steer ? undefined : 'Your role may not turn flags off.'}
        onClick={() => setIsAsking(true)}
      />
      {isAsking && <TurnDialog feature={feature} onClose={() => setIsAsking(false)} />}
    </>
  );
}

/** The question before a flag is turned off or back on. */
export function TurnDialog({ feature, onClose }: { feature: Feature; onClose: () => void }) {
  const environment = useEnvironment();
  const { featureName, enabled } = feature;
  const where = environment.name ?? 'the first environment';
  return (
    <TimedConfirm
      title={enabled ? `Turn ${featureName} off for everyone` : `Turn ${featureName} back on`}
      action={enabled ? 'Turn off for everyone' : 'Turn back on'}
      tone={enabled ? 'bad' : 'accent'}
      reason={enabled ? 'turned off in the dashboard' : 'turned back on in the dashboard'}
      request={{ path: '/api/admin/feature-flags', body: { featureName, action: enabled ? 'kill' : 'revive' } }}
      done={enabled ? `${featureName} is off for everyone.` : `${featureName} is back on.`}
      onClose={onClose}
    >
      <p>
        {enabled
          ? `Everyone in ${where} gets the off value, whatever overrides, rules and the rollout say. They stay as they are, for when it is turned back on.`
          : `The flag answers in ${where} as it did before: by its overrides, rules and rollout.`}
      </p>
    </TimedConfirm>
  );
}
