/** The guard's limit, and the gate's. */
import { useState } from 'react';

import { take } from '../../api/client.js';
import type { Feature, Rollout } from '../../api/model.js';
import { useEnvironment } from '../../environment.js';
import { Confirm } from '../../parts/confirm.js';
import { Field } from '../../parts/field.js';
import { useReporter } from '../../parts/toasts.js';
import { useSession } from '../../session.js';

const HOUR_MS = 3_600_000;

export function GuardDialog({ feature, rollout, onClose }: { feature: Feature; rollout: Rollout; onClose: () => void }) {
  const { api } = useSession();
  const environment = useEnvironment();
  const reporter = useReporter();
  const guard = rollout.rollbackThreshold;
  const [method, setMethod] = useState(guard.method);
  const [errors, setErrors] = useState(String(Number((guard.errorRate * 100).toFixed(4))));
  const [samples, setSamples] = useState(String(guard.minSamples));
  const [hours, setHours] = useState(String(guard.timeWindow / HOUR_MS));
  const [tierHours, setTierHours] = useState(String(rollout.minTierDuration / HOUR_MS));
  const { featureName } = feature;
  return (
    <Confirm
      title={`Guard of ${featureName}`}
      action="Change the guard"
      onClose={onClose}
      onConfirm={async reason => {
        const rollbackThreshold = {
          method,
          errorRate: Number(errors) / 100,
          minSamples: Number(samples),
          timeWindow: Math.round(Number(hours) * HOUR_MS),
        };
        const body = { featureName, reason, rollbackThreshold, minTierDuration: Math.round(Number(tierHours) * HOUR_MS) };
        const asked = api.POST('/api/admin/rollout/guard', { params: { query: environment.query }, body });
        reporter.written(`${featureName}: the guard is changed.`, await take(asked));
      }}
    >
      <div className="pair">
        <Field label="Judges by">
          {props => (
            <select
              {...props}
              value={method}
              onChange={event => setMethod(event.target.value === 'threshold' ? 'threshold' : 'sequential')}
            >
              <option value="sequential">evidence, however often it looks</option>
              <option value="threshold">the observed rate within a time</option>
            </select>
          )}
        </Field>
        <Field label="Errors, % at most">
          {props => (
            <input
              {...props}
              type="number"
              min={0}
              max={100}
              step="any"
              required
              value={errors}
              onChange={event => setErrors(event.target.value)}
            />
          )}
        </Field>
        <Field label="From exposures on">
          {props => (
            <input {...props} type="number" min={0} step={1} required value={samples} onChange={event => setSamples(event.target.value)} />
          )}
        </Field>
        <Field label="Time looked at, hours">
          {props => (
            <input {...props} type="number" min={0} step="any" required value={hours} onChange={event => setHours(event.target.value)} />
          )}
        </Field>
        <Field label="A tier lasts, hours">
          {props => (
            <input
              {...props}
              type="number"
              min={0}
              step="any"
              required
              value={tierHours}
              onChange={event => setTierHours(event.target.value)}
            />
          )}
        </Field>
      </div>
    </Confirm>
  );
}
