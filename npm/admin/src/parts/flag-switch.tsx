/** Turns a flag off for everyone, or back on: one press, one confirmation with a reason. */
import { useState } from 'react';

import { take } from '../api/client.js';
import type { Feature } from '../api/model.js';
import { useEnvironment } from '../environment.js';
import { useRights, useSession } from '../session.js';
import { Confirm } from './confirm.js';
import { useReporter } from './toasts.js';

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
  const { api } = useSession();
  const environment = useEnvironment();
  const reporter = useReporter();
  const { featureName, enabled } = feature;
  const where = environment.name ?? 'the first environment';
  return (
    <Confirm
      title={enabled ? `Turn ${featureName} off for everyone` : `Turn ${featureName} back on`}
      action={enabled ? 'Turn off for everyone' : 'Turn back on'}
      tone={enabled ? 'bad' : 'accent'}
      reason={enabled ? 'turned off in the dashboard' : 'turned back on in the dashboard'}
      onClose={onClose}
      onConfirm={async reason => {
        const action = enabled ? 'kill' : 'revive';
        const asked = api.POST('/api/admin/feature-flags', { params: { query: environment.query }, body: { featureName, action, reason } });
        reporter.written(enabled ? `${featureName} is off for everyone.` : `${featureName} is back on.`, await take(asked));
      }}
    >
      <p>
        {enabled
          ? `Everyone in ${where} gets the off value from now on, whatever overrides, rules and the rollout say. They stay as they are, for when it is turned back on.`
          : `The flag answers in ${where} as it did before: by its overrides, rules and rollout.`}
      </p>
    </Confirm>
  );
}
