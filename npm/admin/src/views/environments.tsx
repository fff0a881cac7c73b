/** The environments of the deployment: opened, closed, and compared before definitions are copied from one to another. */
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';

import { take } from '../api/client.js';
import type { Environment } from '../api/model.js';
import { parameterOf } from '../environment.js';
import { Confirm } from '../parts/confirm.js';
import { Field } from '../parts/field.js';
import { Ago } from '../parts/moment.js';
import { Loading, ProblemNote } from '../parts/states.js';
import { useReporter } from '../parts/toasts.js';
import { useRights, useSession } from '../session.js';
import { CopyForm } from './environments/copy-form.js';

export function Environments() {
  const { api } = useSession();
  const { administer } = useRights();
  const [asked, setAsked] = useState<{ close?: string }>();
  const list = useQuery({ queryKey: ['environments'], queryFn: () => take(api.GET('/api/admin/environments')) });
  if (list.isPending) return <Loading what="environments" />;
  if (!list.data) return <ProblemNote error={list.error} onRetry={() => void list.refetch()} />;
  const { environments } = list.data;
  return (
    <>
      <div className="title">
        <h1>Environments</h1>
        {administer && (
          <button type="button" onClick={() => setAsked({})}>
            New environment
          </button>
        )}
      </div>
      <p>Each environment has its own flags, keys, overrides and trail. Definitions are copied from one to another; state is not.</p>
      <ul className="changes versions" aria-label="Environments">
        {environments.map(environment => (
          <Item key={environment.name ?? ''} of={environment} {...(administer && { onClose: setAsked })} />
        ))}
      </ul>
      {environments.length > 1 && <CopyForm environments={environments} mayCopy={administer} />}
      {asked && asked.close === undefined && <NewEnvironment onClose={() => setAsked(undefined)} />}
      {asked?.close !== undefined && <CloseEnvironment name={asked.close} onClose={() => setAsked(undefined)} />}
    </>
  );
}

function Item({ of: environment, onClose }: { of: Environment; onClose?: (asked: { close: string }) => void }) {
  const { name, version, flags, errors, createdAt, breakGlassUsedAt } = environment;
  return (
    <li className="change" data-environment={name}>
      <div className="head">
        <p>
          <Link to="/" search={{ env: parameterOf(environment) }}>
            <b>{name ?? 'without a name'}</b>
          </Link>{' '}
          {environment.default && <span className="quiet">the first one</span>}
        </p>
        {onClose && !environment.default && name !== null && (
          <button type="button" className="small" aria-label={`Close: ${name}`} onClick={() => onClose({ close: name })}>
            Close
          </button>
        )}
      </div>
      <p className="small quiet">
        {version === undefined
          ? 'Its hub does not answer now.'
          : version === 0
            ? 'No document yet.'
            : `Version ${version} · ${flags === 1 ? '1 flag' : `${flags ?? 0} flags`}`}
        {createdAt !== undefined && (
          <>
            {' '}
            · opened <Ago at={createdAt} />
          </>
        )}{' '}
        {(errors ?? 0) > 0 && <span className="mark bad">{errors === 1 ? '1 error' : `${errors} errors`} in its document</span>}{' '}
        {breakGlassUsedAt !== undefined && (
          <span className="mark bad">
            break-glass token used <Ago at={breakGlassUsedAt} />
          </span>
        )}
      </p>
    </li>
  );
}

function NewEnvironment({ onClose }: { onClose: () => void }) {
  const { api } = useSession();
  const reporter = useReporter();
  const [name, setName] = useState('');
  return (
    <Confirm
      title="New environment"
      action="Open the environment"
      reason="a new environment"
      onClose={onClose}
      onConfirm={async reason => {
        const written = await take(api.POST('/api/admin/environments', { body: { name: name.trim(), reason } }));
        reporter.written(`${name.trim()} is open.`, { ...written, changes: [] });
      }}
    >
      <p>It is empty; one that was closed before has everything again that it had.</p>
      <Field label="Name" hint="Small letters, digits and dashes; keys and documents name it.">
        {props => (
          <input
            {...props}
            required
            maxLength={32}
            pattern="[a-z0-9\-]+"
            value={name}
            autoComplete="off"
            spellCheck={false}
            onChange={event => setName(event.target.value)}
          />
        )}
      </Field>
    </Confirm>
  );
}

function CloseEnvironment({ name, onClose }: { name: string; onClose: () => void }) {
  const { api } = useSession();
  const reporter = useReporter();
  return (
    <Confirm
      title={`Close ${name}`}
      action="Close the environment"
      tone="bad"
      onClose={onClose}
      onConfirm={async reason => {
        const params = { path: { name }, query: { reason } };
        const written = await take(api.DELETE('/api/admin/environments/{name}', { params }));
        reporter.written(`${name} is closed.`, { ...written, changes: [] });
      }}
    >
      <p>
        Its keys open nothing within 10 seconds: pages and servers that use them go on with what they have, and get no news. Its data stays,
        and is back when the name is opened again.
      </p>
    </Confirm>
  );
}
