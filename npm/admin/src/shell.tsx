/** The frame around every view: where one is, which environment it is about, and whether what is shown is new. */
import { Link, Outlet, useNavigate } from '@tanstack/react-router';
import { useEffect } from 'react';

import { parameterOf, useEnvironment, useEnvironments } from './environment.js';
import { type State, useLive } from './live.js';
import { Brand } from './parts/brand.js';
import { clock } from './parts/moment.js';
import { Toasts } from './parts/toasts.js';
import { useSession } from './session.js';

export function Shell() {
  const { me, signOut } = useSession();
  const environment = useEnvironment();
  const { state: liveness, seenAt } = useLive(environment.name);
  useSearchKey();
  return (
    <>
      <button type="button" className="skip" onClick={skip}>
        Skip to the content
      </button>
      <header className="top">
        <Brand />
        <EnvironmentChoice />
        <p className="liveness" data-state={liveness} title={SAID[liveness].more}>
          {SAID[liveness].text}
        </p>
        <p className="who small">
          <span>{me.subject}</span> <span className="quiet">{me.breakGlass ? 'break-glass' : me.role.replace('_', ' ')}</span>
        </p>
        <button type="button" className="plain" onClick={signOut}>
          Sign out
        </button>
      </header>
      <nav aria-label="Views">
        <Link to="/" activeOptions={{ exact: true, includeSearch: false }}>
          Features
        </Link>
        <Link to="/customers">Customers</Link>
        <Link to="/audit">Audit</Link>
      </nav>
      {SAID[liveness].isBad && (
        <p className="banner" role="status">
          <strong>{SAID[liveness].text}.</strong> {seenAt !== undefined && `What you see is of ${clock(seenAt)}. `}
          {SAID[liveness].more}
        </p>
      )}
      <main id="content" tabIndex={-1}>
        <Toasts key={environment.name}>
          <Outlet />
        </Toasts>
      </main>
    </>
  );
}

const SAID: Record<State, { text: string; more: string; isBad?: true }> = {
  asking: { text: 'Asking', more: 'The newest change is being asked for.' },
  live: { text: 'Live', more: 'Changes of others appear within a second.' },
  polled: { text: 'Live', more: 'The page asks for changes of others every 3 seconds.' },
  offline: {
    text: 'No connection',
    more: 'Flags go on being answered. Look at your network and at the address; the page asks again by itself.',
    isBad: true,
  },
  hubDown: {
    text: 'The hub is away',
    more: 'Reads go on from the last good version; changes wait. Look at the log of the server, then start it again; the page asks again by itself.',
    isBad: true,
  },
  signedOut: { text: 'The token has ended', more: 'Sign out, and sign in with a new one. Copy first what you have typed.', isBad: true },
};

function EnvironmentChoice() {
  const current = useEnvironment();
  const environments = useEnvironments();
  const navigate = useNavigate();
  if (environments.length === 0) return null;
  return (
    <label className="environment">
      <span className="heard">Environment</span>
      <select
        value={current.name ?? ''}
        onChange={event => {
          const name = event.target.value;
          void navigate({ to: '.', search: before => ({ ...before, env: name === '' ? undefined : name }) });
        }}
      >
        {environments.map(each => (
          <option key={parameterOf(each) ?? ''} value={parameterOf(each) ?? ''}>
            {each.name ?? 'default'}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The address behind `#` is the view's, so this is no anchor. */
function skip() {
  document.querySelector<HTMLElement>('#content')?.focus();
}

/** `/` puts the cursor in the view's search field, unless one is typing. */
function useSearchKey() {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      const field = document.querySelector<HTMLInputElement>('input[type=search]');
      if (!field) return;
      event.preventDefault();
      field.focus();
      field.select();
    };
    addEventListener('keydown', pressed);
    return () => removeEventListener('keydown', pressed);
  }, []);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]');
}
