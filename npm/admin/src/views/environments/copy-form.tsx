/**
 * Copies definitions from one environment to another, in two steps: the server's difference first, and then that difference alone. A change on
 * either side in between refuses the copy.
 */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { take } from '../../api/client.js';
import type { Difference, Environment, Written } from '../../api/model.js';
import { type DefinitionKind, readDefinitions } from '../../definitions.js';
import { parameterOf, queryOf } from '../../environment.js';
import { ALLOW_NOTHING, Consequences, isAllowed, queryOfAllowance } from '../../parts/consequences.js';
import { Field } from '../../parts/field.js';
import { JsonDiff } from '../../parts/json-diff.js';
import { Loading, ProblemNote } from '../../parts/states.js';
import { useSubmission } from '../../parts/submission.js';
import { useReporter } from '../../parts/toasts.js';
import { useSession } from '../../session.js';
import { type Pick, Picks, pointerOf } from './picks.js';

export function CopyForm({ environments, mayCopy }: { environments: readonly Environment[]; mayCopy: boolean }) {
  const named = environments.filter(({ name }) => name !== null);
  const [from, setFrom] = useState(named.find(each => !each.default)?.name ?? '');
  const [to, setTo] = useState(named.find(each => each.default)?.name ?? named.find(({ name }) => name !== from)?.name ?? '');
  // To choose the other side's environment turns the copy around.
  const turn = (name: string, value: string, other: string, set: (name: string) => void, setOther: (name: string) => void) => {
    if (name === other) setOther(value);
    set(name);
  };
  const choice = (label: string, value: string, set: (name: string) => void) => (
    <Field label={label}>
      {props => (
        <select {...props} value={value} onChange={event => set(event.target.value)}>
          {named.map(({ name }) => (
            <option key={name} value={name ?? ''}>
              {name}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
  const [source, target] = [environments.find(({ name }) => name === from), environments.find(({ name }) => name === to)];
  return (
    <section className="card" aria-labelledby="copy">
      <h2 id="copy">Copy definitions</h2>
      <div className="pair">
        {choice('From', from, name => turn(name, from, to, setFrom, setTo))}
        {choice('To', to, name => turn(name, to, from, setTo, setFrom))}
      </div>
      {named.length < environments.length && (
        <p className="quiet small">The first environment has no name in its document, and so takes no part.</p>
      )}
      {source && target && <Between key={`${from} ${to}`} source={source} target={target} mayCopy={mayCopy} />}
    </section>
  );
}

/** The definitions that a copy would bring from one environment to the other. */
function Between({ source, target, mayCopy }: { source: Environment; target: Environment; mayCopy: boolean }) {
  const { api } = useSession();
  const reporter = useReporter();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [difference, setDifference] = useState<Difference>();
  const [allowance, setAllowance] = useState(ALLOW_NOTHING);
  const [reason, setReason] = useState('');
  const looking = useSubmission();
  const copying = useSubmission();
  const [from, to] = [source.name ?? '', target.name ?? ''];
  const picks = useQuery({
    queryKey: ['picks', from, to],
    queryFn: async () => {
      const read = (kind: DefinitionKind, { of }: { of: Environment }) => readDefinitions(api, kind, queryOf(parameterOf(of)));
      const kinds = ['flags', 'segments'] as const;
      const both = kinds.map(async kind => {
        const [mine, theirs] = await Promise.all([read(kind, { of: source }), read(kind, { of: target })]);
        return [...mine.values()].flatMap(({ name, definition }): Pick[] => {
          const there = theirs.get(name);
          if (there && JSON.stringify(there.definition) === JSON.stringify(definition)) return [];
          return [{ kind, name, isNew: there === undefined }];
        });
      });
      return (await Promise.all(both)).flat();
    },
  });
  const choose = (names: ReadonlySet<string>) => {
    setChosen(names);
    setDifference(undefined);
    setAllowance(ALLOW_NOTHING);
  };
  const body = (kind: DefinitionKind) =>
    (picks.data ?? []).filter(pick => pick.kind === kind && chosen.has(pointerOf(pick))).map(({ name }) => name);
  const asked = { from, to, flags: body('flags'), segments: body('segments') };
  const look = async () => {
    const found = await take(api.POST('/api/admin/environments/copy', { params: { query: { dryRun: true } }, body: asked }));
    setDifference(found as Difference);
  };
  const copy = async ({ fromVersion, ifMatch }: Difference) => {
    const params = { query: queryOfAllowance(allowance), header: { 'if-match': ifMatch } };
    const written = await take(
      api.POST('/api/admin/environments/copy', { params, body: { ...asked, fromVersion, reason: reason.trim() } }),
    );
    // The change is one of the target, and taken back there.
    reporter.written(`Copied from ${from} to ${to}.`, { ...(written as Written), changes: [] });
    choose(new Set());
    setReason('');
    setDifference(undefined);
  };
  if (picks.isPending) return <Loading what="both environments" />;
  if (picks.isError && !picks.data) return <ProblemNote error={picks.error} onRetry={() => void picks.refetch()} />;
  const isOpen = difference?.consequences.some(each => !isAllowed(each, allowance)) ?? false;
  return (
    <>
      <Picks picks={picks.data} chosen={chosen} onChoose={choose} />
      <form className="stack" aria-label="Difference" onSubmit={event => looking.submit(event, () => look().finally(looking.rest))}>
        <div className="actions">
          <button type="submit" disabled={chosen.size === 0 || looking.isBusy}>
            {looking.isBusy ? 'One moment…' : 'See the difference'}
          </button>
        </div>
        {looking.error !== undefined && <ProblemNote error={looking.error} />}
      </form>
      {difference && (
        <form className="stack" aria-label="Copy" onSubmit={event => copying.submit(event, () => copy(difference).finally(copying.rest))}>
          <DifferenceList of={difference} />
          <Consequences of={difference.consequences} chosen={allowance} onChoose={setAllowance} />
          {copying.error !== undefined && <ProblemNote error={copying.error} />}
          {mayCopy ? (
            <>
              <Field label="Reason" hint={`The audit trail of ${to} keeps it.`}>
                {props => (
                  <input
                    {...props}
                    required
                    maxLength={1000}
                    value={reason}
                    autoComplete="off"
                    onChange={event => setReason(event.target.value)}
                  />
                )}
              </Field>
              <div className="actions">
                <button type="submit" className="accent" disabled={copying.isBusy || isOpen || difference.errors.length > 0}>
                  {copying.isBusy ? 'One moment…' : `Copy to ${to}`}
                </button>
              </div>
            </>
          ) : (
            <p className="quiet small">Your role compares environments and copies nothing.</p>
          )}
        </form>
      )}
    </>
  );
}

function DifferenceList({ of: { definitions, errors } }: { of: Difference }) {
  return (
    <>
      <ul className="stack" aria-label="Definitions">
        {definitions.map(({ kind, pointer, old, new: next }) => (
          <li key={pointer} className="stack">
            <p>
              <code>{pointer}</code> {KINDS[kind]}
              {kind === 'added' && pointer.startsWith('/flags/') && ', and arrives turned off'}
            </p>
            {kind !== 'same' && <JsonDiff before={old} after={next} />}
          </li>
        ))}
      </ul>
      {errors.length > 0 && (
        <div className="note bad" role="alert">
          <p>The target’s document would get errors, so the copy is refused:</p>
          <ul>
            {errors.slice(0, 100).map(({ pointer, message }) => (
              <li key={pointer + message}>
                <code>{pointer}</code> {message}
              </li>
            ))}
          </ul>
        </div>
      )}
    </>
  );
}

const KINDS: Record<Difference['definitions'][number]['kind'], string> = {
  added: 'is new there',
  changed: 'changes',
  same: 'is the same already',
};
