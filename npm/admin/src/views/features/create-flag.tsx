/** Creates a flag in one dialog, in every environment: for nobody in the first one, for everybody in the others. */
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';

import { take } from '../../api/client.js';
import type { Flag } from '../../api/model.js';
import { parameterOf, queryOf, useEnvironments } from '../../environment.js';
import { Dialog } from '../../parts/dialog.js';
import { Field } from '../../parts/field.js';
import { ProblemNote } from '../../parts/states.js';
import { useReporter } from '../../parts/toasts.js';
import { useSession } from '../../session.js';

export function CreateFlag({ taken, onClose, onCreated }: { taken: ReadonlySet<string>; onClose: () => void; onCreated: () => void }) {
  const { api } = useSession();
  const environments = useEnvironments();
  const reporter = useReporter();
  const navigate = useNavigate();
  const [key, setKey] = useState('');
  const [error, setError] = useState<unknown>();
  const [isBusy, setIsBusy] = useState(false);
  const others = environments.filter(each => !each.default);

  const create = async (form: FormData) => {
    const given = (name: string) => String(form.get(name) ?? '').trim();
    const definition = {
      ...(given('description') && { description: given('description') }),
      ...(given('owner') && { owner: given('owner') }),
      ...(given('stage') && { stage: given('stage') }),
      lifetime: given('lifetime'),
      unit: given('unit'),
    };
    const reason = given('reason');
    // The first environment is the one that customers meet: a flag that cannot be created there is created nowhere.
    for (const each of environments.length > 0 ? environments : [{ name: null, default: true }]) {
      const percentage = each.default ? 0 : 100;
      const rollout =
        given('plan') === 'tiers' && each.default ? { status: 'planned', tier: 0, percentage: 0 } : { status: 'active', percentage };
      const params = { path: { key }, query: { ...queryOf(parameterOf(each)), reason } };
      await take(api.PUT('/api/admin/flags/{key}', { params, body: { ...definition, rollout } as unknown as Flag }));
    }
  };

  return (
    <Dialog title="New flag" onClose={onClose}>
      <form
        className="stack"
        onSubmit={event => {
          event.preventDefault();
          setIsBusy(true);
          setError(undefined);
          create(new FormData(event.currentTarget)).then(
            () => {
              reporter.say(`${key} is there, for nobody yet in the first environment.`);
              onCreated();
              onClose();
              void navigate({ to: '/flags/$key', params: { key } });
            },
            (refused: unknown) => {
              setError(refused);
              setIsBusy(false);
            },
          );
        }}
      >
        <Field label="Key" {...(taken.has(key) && { hint: 'A flag has this name already.' })}>
          {props => (
            <input
              {...props}
              name="key"
              value={key}
              onChange={event => setKey(event.target.value)}
              required
              maxLength={256}
              autoComplete="off"
              autoCapitalize="off"
              spellCheck={false}
              aria-invalid={taken.has(key)}
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
        <p className="quiet small">
          {others.length === 0
            ? 'The flag is for nobody until you set its percentage.'
            : `For nobody in ${environments.find(each => each.default)?.name ?? 'the first environment'}; on for everybody in ${others.map(({ name }) => name).join(', ')}.`}
        </p>
        <Field label="Reason">
          {props => <input {...props} name="reason" required defaultValue="a new feature" maxLength={1000} autoComplete="off" />}
        </Field>
        {error !== undefined && <ProblemNote error={error} />}
        <div className="actions">
          <button type="submit" className="accent" disabled={isBusy || taken.has(key)}>
            {isBusy ? 'One moment…' : 'Create the flag'}
          </button>
          <button type="button" onClick={onClose}>
            Cancel
          </button>
        </div>
      </form>
    </Dialog>
  );
}
