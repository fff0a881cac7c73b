/** Asks for a reason before a flag is steered, and sends the request now, or has the hub send it at a moment to come. */
import { useState } from 'react';

import { take } from '../api/client.js';
import { useEnvironment } from '../environment.js';
import { useSession } from '../session.js';
import { Confirm, type ConfirmProps } from './confirm.js';
import { Field } from './field.js';
import { dayAndTime } from './moment.js';
import { useReporter } from './toasts.js';
import { fieldOf, momentOf, nextHour, WhenField } from './when-field.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The times for which the hub tries a step again whose gate is closed, in milliseconds; 0 for one attempt. */
const PATIENCE: readonly [number, string][] = [
  [0, 'refuse the step'],
  [HOUR_MS, 'try again for an hour'],
  [DAY_MS, 'try again for a day'],
  [7 * DAY_MS, 'try again for a week'],
  [31 * DAY_MS, 'try again for 31 days'],
];

/** A request that steers a flag, without its reason. */
export interface SteeringRequest {
  readonly path:
    | '/api/admin/feature-flags'
    | `/api/admin/rollout/${'create' | 'start' | 'advance' | 'percentage' | 'pause' | 'resume' | 'complete' | 'rollback'}`;
  readonly body: { readonly featureName: string } & Readonly<Record<string, unknown>>;
}

export interface TimedConfirmProps extends Omit<ConfirmProps, 'onConfirm'> {
  request: SteeringRequest;
  /** The message once it is done now. */
  done: string;
  /** True for a step that may wait for its gate. */
  hasGate?: boolean;
  /** The moment to begin with, in milliseconds since 1970; absent for now. */
  later?: number | undefined;
  onDone?: () => void;
}

export function TimedConfirm({ request, done, hasGate = false, later, onDone, action, children, ...confirm }: TimedConfirmProps) {
  const { api } = useSession();
  const environment = useEnvironment();
  const reporter = useReporter();
  const [isLater, setIsLater] = useState(later !== undefined);
  const [when, setWhen] = useState(() => (later === undefined ? nextHour() : fieldOf(Math.max(later, Date.now()) + 60_000)));
  const [patience, setPatience] = useState(hasGate && later !== undefined ? DAY_MS : 0);
  const { query } = environment;
  const { path } = request;
  const send = async (reason: string) => {
    const body = { ...request.body, reason };
    if (isLater) {
      const at = momentOf(when);
      if (at === undefined) throw new Error('expected a date and a time');
      const until = hasGate && patience > 0 ? { until: new Date(Date.parse(at) + patience).toISOString() } : {};
      const step = { at, method: 'POST', path, body, ...until };
      const added = await take(api.POST('/api/admin/schedules', { params: { query }, body: { steps: [step], reason } }));
      // No revert takes it back: the schedule is cancelled where it is listed.
      reporter.written(`${body.featureName}: scheduled for ${dayAndTime(at)}.`, { ...added, changes: [] });
    } else {
      reporter.written(done, await take(api.POST(path, { params: { query }, body: body as never })));
    }
    onDone?.();
  };
  return (
    <Confirm {...confirm} action={isLater ? 'Schedule it' : action} onConfirm={send}>
      {children}
      <div className="pair">
        <Field label="When">
          {props => (
            <select {...props} value={isLater ? 'later' : 'now'} onChange={event => setIsLater(event.target.value === 'later')}>
              <option value="now">now</option>
              <option value="later">at a moment to come</option>
            </select>
          )}
        </Field>
        {isLater && <WhenField label="Moment" value={when} onChange={setWhen} />}
        {isLater && hasGate && (
          <Field label="If its gate is closed then">
            {props => (
              <select {...props} value={patience} onChange={event => setPatience(Number(event.target.value))}>
                {PATIENCE.map(([value, text]) => (
                  <option key={value} value={value}>
                    {text}
                  </option>
                ))}
              </select>
            )}
          </Field>
        )}
      </div>
      {isLater && <p className="quiet small">The hub does it then by your present right, and records it under your name.</p>}
    </Confirm>
  );
}
