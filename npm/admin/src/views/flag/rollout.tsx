/** The rollout of a flag: how far it is, what it waits for, and what may be done with it. */
import { useState } from 'react';

import type { Feature, Rollout } from '../../api/model.js';
import { dayAndTime, duration, whole } from '../../parts/moment.js';
import { ScheduleItem } from '../../parts/schedule-item.js';
import { TimedConfirm } from '../../parts/timed-confirm.js';
import { useSchedulesAbout } from '../../schedules.js';
import { useRights } from '../../session.js';
import { percent } from '../features/row.js';
import { GuardDialog } from './guard-dialog.js';
import { ListsDialog } from './lists-dialog.js';
import { PercentageForm } from './percentage-form.js';

const STEPS = [0, 1, 10, 50, 100];

/** A command of the rollout routes that takes nothing but a reason. */
type Verb = 'start' | 'advance' | 'pause' | 'resume' | 'complete' | 'rollback';

export function RolloutCard({ feature }: { feature: Feature }) {
  const { rollout } = feature;
  return (
    <section className="card" aria-labelledby="rollout">
      <h2 id="rollout">Rollout</h2>
      {rollout ? <Steering feature={feature} rollout={rollout} /> : <Creation feature={feature} />}
      <Scheduled flag={feature.flagPath} />
    </section>
  );
}

/** The requests about the flag that the hub carries out later; nothing if there are none. */
function Scheduled({ flag }: { flag: string }) {
  const schedules = useSchedulesAbout(flag);
  if (schedules.length === 0) return null;
  return (
    <section className="stack part wide" aria-label="Scheduled">
      <h3>Scheduled</h3>
      <ul className="changes">
        {schedules.map(schedule => (
          <ScheduleItem key={schedule.id} schedule={schedule} hasFlag={false} />
        ))}
      </ul>
    </section>
  );
}

function Steering({ feature, rollout }: { feature: Feature; rollout: Rollout }) {
  const { steer } = useRights();
  const [asked, setAsked] = useState<Verb | 'force' | 'later' | 'guard' | 'lists'>();
  const { status, percentage, tier, next } = rollout;
  const isRunning = status === 'active' || status === 'paused';
  const close = () => setAsked(undefined);
  return (
    <>
      <p>
        <strong className="share">{percentage} %</strong>{' '}
        <span className="quiet">{isListAlone(rollout) ? 'the allow list alone has it' : STATUS[status]}</span>
      </p>
      <ol className="steps" aria-label="Steps of the rollout">
        {STEPS.map((step, index) => (
          <li
            key={step}
            data-reached={tier === null ? percentage >= step : index <= tier}
            aria-current={index === tier ? 'step' : undefined}
          >
            {step} %
          </li>
        ))}
      </ol>
      <Gate rollout={rollout} exposures={feature.statistics.exposures} />
      {rollout.startedAt !== null && <p className="quiet small">Started {whole(rollout.startedAt)}</p>}
      {steer && (
        <div className="actions">
          {status === 'planned' && (
            <button type="button" className="accent" onClick={() => setAsked('start')}>
              Start
            </button>
          )}
          {status === 'active' && next && (
            <button type="button" className="accent" disabled={!next.allowed} aria-describedby="gate" onClick={() => setAsked('advance')}>
              Advance to {next.percentage} %
            </button>
          )}
          {status === 'active' && next && !next.allowed && (
            <>
              <button type="button" onClick={() => setAsked('later')}>
                Advance later
              </button>
              <button type="button" onClick={() => setAsked('force')}>
                Advance anyway
              </button>
            </>
          )}
          {status === 'active' && (
            <button type="button" onClick={() => setAsked('pause')}>
              Pause
            </button>
          )}
          {status === 'paused' && (
            <button type="button" className="accent" onClick={() => setAsked('resume')}>
              Resume
            </button>
          )}
          {isRunning && percentage >= 100 && (
            <button type="button" onClick={() => setAsked('complete')}>
              Complete
            </button>
          )}
          {status !== 'planned' && status !== 'rolled_back' && (
            <button type="button" onClick={() => setAsked('rollback')}>
              Roll back
            </button>
          )}
        </div>
      )}
      {steer && status === 'active' && <PercentageForm feature={feature} rollout={rollout} />}
      <Guard feature={feature} rollout={rollout} onChange={steer ? () => setAsked('guard') : undefined} />
      <Lists rollout={rollout} onChange={steer ? () => setAsked('lists') : undefined} />
      {(status === 'rolled_back' || status === 'completed') && <Creation feature={feature} />}
      {asked === 'guard' && <GuardDialog feature={feature} rollout={rollout} onClose={close} />}
      {asked === 'lists' && <ListsDialog feature={feature} rollout={rollout} onClose={close} />}
      {asked !== undefined && asked !== 'guard' && asked !== 'lists' && (
        <VerbDialog
          feature={feature}
          verb={asked === 'force' || asked === 'later' ? 'advance' : asked}
          {...(asked === 'force' && { how: 'forced' })}
          {...(asked === 'later' && { how: 'later' })}
          onClose={close}
        />
      )}
    </>
  );
}

const STATUS: Record<Rollout['status'], string> = {
  planned: 'planned: nobody has it yet',
  active: 'by the draw',
  paused: 'paused: the share stays as it is',
  completed: 'completed',
  rolled_back: 'rolled back: nobody has it',
};

/** Tier 1 with an allow list draws nobody. */
function isListAlone({ status, tier, whitelistedCustomers }: Rollout): boolean {
  return status === 'active' && tier === 1 && (whitelistedCustomers?.length ?? 0) > 0;
}

/** The gate that the next step waits for. */
function Gate({ rollout, exposures }: { rollout: Rollout; exposures: number }) {
  const { status, next } = rollout;
  if (status !== 'active' || !next) return null;
  if (next.allowed)
    return (
      <p id="gate" className="note good small">
        Ready for {next.percentage} %.
      </p>
    );
  return (
    <p id="gate" className="note small">
      {next.percentage} % is blocked: {wanting(rollout, exposures, Date.now()) || (next.blockedBy ?? 'the gate is closed')}.
      {next.notBefore !== undefined && ` Not before ${dayAndTime(next.notBefore)}.`}
    </p>
  );
}

/** The exposures and the time that the gate still wants: `12 of 20 exposures, 31 h of 48 h`; empty if it wants neither. */
function wanting({ minTierDuration, tierSince, rollbackThreshold: { minSamples } }: Rollout, exposures: number, now: number): string {
  const passed = tierSince === null ? minTierDuration : now - Date.parse(tierSince);
  const parts: string[] = [];
  if (exposures < minSamples) parts.push(`${exposures} of ${minSamples} exposures`);
  if (passed < minTierDuration) parts.push(`${hours(passed)} h of ${hours(minTierDuration)} h`);
  return parts.join(', ');
}

/** Milliseconds in hours, rounded down to a tenth. */
function hours(milliseconds: number): number {
  return Math.floor(milliseconds / 360_000) / 10;
}

function Guard({ feature, rollout, onChange }: { feature: Feature; rollout: Rollout; onChange: (() => void) | undefined }) {
  const { rollbackThreshold: guard, successRate } = rollout;
  const { exposures, errors, evidence, rollsBackAt } = feature.statistics;
  return (
    <div className="stack part">
      <h3>Guard</h3>
      {rollsBackAt !== null && (
        <p>
          <strong>
            Rolls back at {rollsBackAt} of {exposures} errors; now {errors}.
          </strong>
        </p>
      )}
      <p>
        Rolls back by itself above {percent(guard.errorRate)} errors
        {guard.method === 'threshold' ? ` within ${duration(guard.timeWindow)}` : ', as soon as chance explains them no longer'}, from{' '}
        {guard.minSamples} exposures on. {exposures === 0 ? 'Nothing was counted in this stage yet.' : `Now ${errors} of ${exposures}.`}
      </p>
      {evidence !== null && guard.method === 'sequential' && (
        <p className="small">Evidence against it from settled outcomes: {percent(evidence)} of what rolls it back.</p>
      )}
      {rollout.heldAt !== null && <p className="note away small">The guard held it {whole(rollout.heldAt)}: look at its record below.</p>}
      <p className="quiet small">The gate wants more than {percent(successRate)} without an error.</p>
      {exposures > 0 && (
        <meter
          aria-label={`Errors: ${errors} of ${exposures}, limit ${percent(guard.errorRate)}`}
          min={0}
          max={Math.max(guard.errorRate * 2, errors / exposures)}
          high={guard.errorRate}
          optimum={0}
          value={errors / exposures}
        />
      )}
      {onChange && (
        <button type="button" className="small" onClick={onChange}>
          Change the guard
        </button>
      )}
    </div>
  );
}

function Lists({ rollout, onChange }: { rollout: Rollout; onChange: (() => void) | undefined }) {
  const { whitelistedCustomers: allow, blacklistedCustomers: deny } = rollout;
  if (!allow || !deny) return null;
  return (
    <div className="stack part">
      <h3>Lists</h3>
      <p className="small">
        Allowed: {allow.length === 0 ? 'none' : `${allow.length}`} · Denied: {deny.length === 0 ? 'none' : `${deny.length}`}
      </p>
      {onChange && (
        <button type="button" className="small" onClick={onChange}>
          Change the lists
        </button>
      )}
    </div>
  );
}

function VerbDialog({ feature, verb, how, onClose }: { feature: Feature; verb: Verb; how?: 'forced' | 'later'; onClose: () => void }) {
  const { featureName, rollout } = feature;
  const isForced = how === 'forced';
  const { title, text, action, done } = wordsOf(verb, rollout, isForced);
  const notBefore = rollout?.next?.notBefore;
  return (
    <TimedConfirm
      title={`${title} ${featureName}`}
      action={action}
      tone={verb === 'rollback' ? 'bad' : 'accent'}
      reason={verb === 'rollback' ? 'rolled back in the dashboard' : ''}
      request={{ path: `/api/admin/rollout/${verb}`, body: { featureName, ...(isForced && { force: true }) } }}
      done={`${featureName}: ${done}`}
      hasGate={verb === 'advance' && !isForced}
      later={how === 'later' ? Date.parse(notBefore ?? new Date().toISOString()) : undefined}
      onClose={onClose}
    >
      <p>{text}</p>
    </TimedConfirm>
  );
}

function wordsOf(verb: Verb, rollout: Rollout | null, isForced: boolean) {
  const to = rollout?.next?.percentage ?? 100;
  switch (verb) {
    case 'start':
      return {
        title: 'Start',
        text: 'Tier 1 begins: the allow list has the feature; without a list, 1 % have it.',
        action: 'Start the rollout',
        done: 'the rollout has started.',
      };
    case 'advance':
      return {
        title: isForced ? 'Force' : 'Advance',
        text: isForced
          ? `${to} % get it although the gate is closed: ${rollout?.next?.blockedBy ?? ''}. The audit trail marks it as forced.`
          : `${to} % get it. Everyone who has it keeps it.`,
        action: `Advance to ${to} %`,
        done: `${to} % get it.`,
      };
    case 'pause':
      return { title: 'Pause', text: 'The share stays as it is, and nothing advances.', action: 'Pause', done: 'paused.' };
    case 'resume':
      return { title: 'Resume', text: 'The rollout may advance again.', action: 'Resume', done: 'resumed.' };
    case 'complete':
      return {
        title: 'Complete',
        text: 'The rollout ends here: the feature stays on for everyone.',
        action: 'Complete',
        done: 'completed.',
      };
    case 'rollback':
      return {
        title: 'Roll back',
        text: 'Nobody has the feature any more, whatever overrides and rules say. The next rollout begins anew.',
        action: 'Roll back',
        done: 'rolled back.',
      };
  }
}

/** A rollout begins: on the tiers, or at a plain percentage. */
function Creation({ feature }: { feature: Feature }) {
  const { steer } = useRights();
  const [plan, setPlan] = useState<'tiers' | 'percentage'>();
  const [share, setShare] = useState('5');
  const { featureName } = feature;
  if (!steer) return feature.rollout ? null : <p className="quiet">There is no rollout.</p>;
  return (
    <div className="stack part">
      <p className="quiet">{feature.rollout ? 'Begin a new one:' : 'There is no rollout: the definition alone decides.'}</p>
      <div className="actions">
        <button type="button" onClick={() => setPlan('percentage')}>
          At a percentage
        </button>
        <button type="button" onClick={() => setPlan('tiers')}>
          In tiers
        </button>
      </div>
      {plan !== undefined && (
        <TimedConfirm
          title={`Roll ${featureName} out`}
          action={plan === 'tiers' ? 'Plan the rollout' : 'Begin'}
          request={{
            path: '/api/admin/rollout/create',
            body: { featureName, ...(plan === 'percentage' && { percentage: Number(share), start: true }) },
          }}
          done={plan === 'tiers' ? `${featureName}: the rollout is planned.` : `${featureName}: ${share} % get it.`}
          onClose={() => setPlan(undefined)}
        >
          {plan === 'tiers' ? (
            <p>
              1, 10, 50 and 100 %. Each tier lasts 48 hours at least, and the next one wants exposures without errors. Nobody has it before
              you start it.
            </p>
          ) : (
            <label className="field">
              <span>Percentage</span>
              <input type="number" min={0} max={100} step={0.001} required value={share} onChange={event => setShare(event.target.value)} />
            </label>
          )}
        </TimedConfirm>
      )}
    </div>
  );
}
