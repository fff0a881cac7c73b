/** Creates a flag in one dialog, in every environment with a document: for everybody where the operator says so, for nobody in production. */
import { useNavigate } from '@tanstack/react-router';
import { useRef, useState } from 'react';

import { type Api, take } from '../../api/client.js';
import type { Environment, Flag } from '../../api/model.js';
import { Refusal } from '../../api/refusal.js';
import { parameterOf, queryOf, useEnvironments } from '../../environment.js';
import { Dialog } from '../../parts/dialog.js';
import { Field } from '../../parts/field.js';
import { ProblemNote } from '../../parts/states.js';
import { useSubmission } from '../../parts/submission.js';
import { useReporter } from '../../parts/toasts.js';
import { useSession } from '../../session.js';

export function CreateFlag({ taken, onClose, onCreated }: { taken: ReadonlySet<string>; onClose: () => void; onCreated: () => void }) {
  const { api } = useSession();
  const environments = useEnvironments();
  const reporter = useReporter();
  const navigate = useNavigate();
  const [key, setKey] = useState('');
  const { isBusy, error, submit } = useSubmission();
  /** The requests that are still to be sent for a flag that some environment has already; a later attempt goes on there. */
  const [rest, setRest] = useState<readonly Write[]>();
  const written = useRef(0);
  const targets = environments.length > 0 ? environments.filter(hasDocument) : [FIRST];
  /** The environments that the operator chose, to be on or off; each other one is off if it is production. */
  const [chosen, setChosen] = useState<ReadonlyMap<string, boolean>>(new Map());
  const on = new Set(targets.filter(each => chosen.get(nameOf(each)) ?? !isProduction(each, targets)).map(nameOf));
  const off = targets.map(nameOf).filter(name => !on.has(name));
  const empty = environments.filter(each => !hasDocument(each) && !each.default);

  const create = async (form: FormData) => {
    try {
      await write(form);
    } catch (refused) {
      if (written.current > 0) onCreated();
      throw refused;
    }
    reporter.say(off.length === 0 ? `${key} is there, for everybody.` : `${key} is there, for nobody yet in ${off.join(', ')}.`);
    onCreated();
    onClose();
    void navigate({ to: '/flags/$key', params: { key } });
  };

  const write = async (form: FormData) => {
    const writes = rest ?? planned(api, targets, on, plan(key, form));
    if (rest === undefined)
      for (const each of targets)
        if (await hasFlag(api, key, each))
          throw new Refusal('refused', `${nameOf(each)} has a flag of this name already. Nothing was created.`);
    for (const [index, send] of writes.entries()) {
      try {
        await send();
        written.current += 1;
      } catch (refused) {
        // Before the first write nothing is there, and the whole form may be mended.
        if (written.current > 0) setRest(writes.slice(index));
        throw refused;
      }
    }
  };

  return (
    <Dialog title="New flag" onClose={onClose}>
      <form
        className="stack"
        onSubmit={event => {
          const form = new FormData(event.currentTarget);
          submit(event, () => create(form));
        }}
      >
        <fieldset className="stack bare" disabled={rest !== undefined}>
          <Field label="Key" {...(rest === undefined && taken.has(key) && { hint: 'A flag has this name already.' })}>
            {props => (
              <input
                {...props}
                data-first
                name="key"
                value={key}
                onChange={event => setKey(event.target.value)}
                required
                maxLength={256}
                autoComplete="off"
                autoCapitalize="off"
                spellCheck={false}
                aria-invalid={rest === undefined && taken.has(key)}
              />
            )}
          </Field>
          <Field label="Description">{props => <input {...props} name="description" maxLength={1000} autoComplete="off" />}</Field>
          <div className="pair">
            <Field label="Owner">{props => <input {...props} name="owner" maxLength={256} autoComplete="off" />}</Field>
            <Field label="Stage">
              {props => (
                <select {...props} name="stage" defaultValue="experimental">
                  <option value="experimental">Phase 3 · Experimental</option>
                  <option value="beta">Phase 2 · Beta</option>
                  <option value="stable">Phase 1 · Production ready</option>
                </select>
              )}
            </Field>
            <Field label="Drawn by">
              {props => (
                <select {...props} name="unit" defaultValue="customerId">
                  <option>customerId</option>
                  <option>organizationId</option>
                  <option>userId</option>
                  <option>targetingKey</option>
                </select>
              )}
            </Field>
            <Field label="Kind">
              {props => (
                <select {...props} name="lifetime" defaultValue="release">
                  <option value="release">Release, ends</option>
                  <option value="experiment">Experiment, ends</option>
                  <option value="operational">Operational, stays</option>
                  <option value="permission">Permission, stays</option>
                </select>
              )}
            </Field>
          </div>
          <fieldset>
            <legend>Rollout</legend>
            <label className="inline">
              <input type="radio" name="plan" value="percentage" defaultChecked /> A percentage, which you set as you like
            </label>
            <label className="inline">
              <input type="radio" name="plan" value="tiers" /> Tiers: 0, 1, 10, 50 and 100 %, with a gate before each
            </label>
          </fieldset>
          {targets.length > 1 && (
            <fieldset>
              <legend>On for everybody in</legend>
              {targets.map(each => (
                <label key={nameOf(each)} className="inline">
                  <input
                    type="checkbox"
                    checked={on.has(nameOf(each))}
                    onChange={({ currentTarget: { checked } }) => setChosen(now => new Map(now).set(nameOf(each), checked))}
                  />{' '}
                  {nameOf(each)}
                </label>
              ))}
            </fieldset>
          )}
          <p className="quiet small">
            {off.length > 0 && `For nobody${targets.length > 1 ? ` in ${off.join(', ')}` : ''} until you set its percentage.`}
            {empty.length > 0 && ` Not in ${empty.map(nameOf).join(', ')}, which has no document yet: copy or import one there.`}
          </p>
          <Field label="Reason">
            {props => <input {...props} name="reason" required defaultValue="a new feature" maxLength={1000} autoComplete="off" />}
          </Field>
        </fieldset>
        {error !== undefined && <ProblemNote error={error} />}
        {rest !== undefined && (
          <p className="note away" role="alert">
            Only a part is written: {written.current} of {targets.length * 2} steps. Go on to write the rest, or close and finish it in the
            flag's own view.
          </p>
        )}
        <div className="actions">
          <button type="submit" className="accent" disabled={isBusy || (rest === undefined && taken.has(key))}>
            {isBusy ? 'One moment…' : rest === undefined ? 'Create the flag' : 'Go on'}
          </button>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}

type Target = Pick<Environment, 'name' | 'default'>;
/** A request that creates a part of the flag. */
type Write = () => Promise<unknown>;

/** The environment of a caller who sees no list of them. */
const FIRST: Target = { name: null, default: true };

interface Plan {
  readonly key: string;
  readonly definition: Flag;
  readonly isTiered: boolean;
  readonly reason: string;
}

function plan(key: string, form: FormData): Plan {
  const given = (name: string) => String(form.get(name) ?? '').trim();
  const definition = {
    ...(given('description') && { description: given('description') }),
    ...(given('owner') && { owner: given('owner') }),
    ...(given('stage') && { stage: given('stage') }),
    lifetime: given('lifetime'),
    unit: given('unit'),
    // The schema describes a flag as the server answers it, with what it adds.
  } as Partial<Flag> as Flag;
  return { key, definition, isTiered: given('plan') === 'tiers', reason: given('reason') };
}

/** The definition and then the rollout of each environment, in their order. A definition alone gives the flag to nobody. */
function planned(api: Api, targets: readonly Target[], on: ReadonlySet<string>, { key, definition, isTiered, reason }: Plan): Write[] {
  return targets.flatMap(each => {
    const query = queryOf(parameterOf(each));
    const isOn = on.has(nameOf(each));
    const rollout = isTiered && !isOn ? {} : { percentage: isOn ? 100 : 0, start: true };
    return [
      () => take(api.PUT('/api/admin/flags/{key}', { params: { path: { key }, query: { ...query, reason } }, body: definition })),
      () => take(api.POST('/api/admin/rollout/create', { params: { query }, body: { featureName: key, reason, ...rollout } })),
    ];
  });
}

async function hasFlag(api: Api, key: string, target: Target): Promise<boolean> {
  try {
    await take(api.GET('/api/admin/flags/{key}', { params: { path: { key }, query: queryOf(parameterOf(target)) } }));
    return true;
  } catch (refused) {
    if (refused instanceof Refusal && refused.problem?.status === 404) return false;
    throw refused;
  }
}

/** False for an environment that nothing was ever written to: a single definition cannot be put there. */
function hasDocument({ version }: Environment): boolean {
  return (version ?? 0) > 0;
}

/** Returns true for an environment that is called after production; where none is, for the first one. */
function isProduction(target: Target, all: readonly Target[]): boolean {
  const isNamed = ({ name }: Target) => name !== null && /^(prod|production|live)$/i.test(name);
  return all.some(isNamed) ? isNamed(target) : target.default;
}

function nameOf({ name }: Target): string {
  return name ?? 'the first environment';
}
