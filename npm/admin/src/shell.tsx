/** The frame around every view: where one is, which environment it is about, and whether what is shown is new. */
import { useQuery } from '@tanstack/react-query';
import { Link, Outlet, useLocation, useNavigate } from '@tanstack/react-router';
import { useContext, useEffect, useRef } from 'react';

import { take } from './api/client.js';
import { Refusal } from './api/refusal.js';
import { parameterOf, useEnvironment, useEnvironments } from './environment.js';
import { type State, useLive } from './live.js';
import { Brand } from './parts/brand.js';
import { clock } from './parts/moment.js';
import { ContentContext, useShortcut } from './parts/shortcut.js';
import { Loading, ProblemNote } from './parts/states.js';
import { Toasts } from './parts/toasts.js';
import { SessionAs, useRights, useSession } from './session.js';
import { SignInAgain } from './sign-in/again.js';

/** The frame in the role that the caller has in the environment: roles may differ from one to another. */
export function Shell() {
  const { api, me, signedInTo } = useSession();
  const { name, query } = useEnvironment();
  const caller = useQuery({
    queryKey: ['me', name ?? null],
    queryFn: () => take(api.GET('/api/admin/me', { params: { query } })),
    ...(name === signedInTo && { initialData: me }),
  });
  if (caller.isPending) return <Loading what="your role here" />;
  const refused = caller.error instanceof Refusal && caller.error.kind === 'forbidden' ? caller.error : undefined;
  return (
    <SessionAs me={caller.data ?? me}>
      <Frame refused={refused} />
    </SessionAs>
  );
}

function Frame({ refused }: { refused: Refusal | undefined }) {
  const { me, signOut, signInAgain } = useSession();
  const environment = useEnvironment();
  const { readAll } = useRights();
  const { state: liveness, seenAt } = useLive(environment.name);
  // The address behind `#` is the view's, so the way to the content is no anchor.
  const content = useRef<HTMLElement>(null);
  const views = useRef<HTMLElement>(null);
  const { pathname } = useLocation();
  useEffect(() => {
    // On a narrow page the chosen view may stand outside of what the navigation shows.
    if (pathname !== '') views.current?.querySelector('[aria-current=page]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [pathname]);
  return (
    <>
      <button type="button" className="skip" onClick={() => content.current?.focus()}>
        Skip to the content
      </button>
      <header className="top">
        <Brand />
        <EnvironmentChoice />
        {!refused && (
          <p className="liveness" data-state={liveness} title={SAID[liveness].more}>
            {SAID[liveness].text}
          </p>
        )}
        <p className="who small">
          <span>{me.subject}</span> <span className="quiet">{me.breakGlass ? 'break-glass' : me.role.replace('_', ' ')}</span>
        </p>
        {signOut && (
          <button type="button" className="plain" onClick={signOut}>
            Sign out
          </button>
        )}
      </header>
      <nav aria-label="Views" ref={views}>
        <Link to="/" activeOptions={{ exact: true, includeSearch: false }}>
          Features
        </Link>
        <Link to="/customers">Customers</Link>
        <Link to="/audit">Audit</Link>
        {readAll && <Link to="/schedules">Schedules</Link>}
        {readAll && <Link to="/segments">Segments</Link>}
        {readAll && <Link to="/document">Document</Link>}
        {readAll && <Link to="/keys">Keys</Link>}
        {readAll && <Link to="/webhooks">Webhooks</Link>}
        {readAll && <Link to="/environments">Environments</Link>}
      </nav>
      {!refused && SAID[liveness].isBad && (
        <p className="banner" role="status">
          <strong>{SAID[liveness].text}.</strong> {seenAt !== undefined && `What you see is of ${clock(seenAt)}. `}
          {SAID[liveness].more}
          {liveness === 'signedOut' && signInAgain && <SignInAgain again={signInAgain} />}
        </p>
      )}
      <main ref={content} tabIndex={-1}>
        <ContentContext value={content}>
          <SearchKey />
          <Toasts key={environment.name}>{refused ? <ProblemNote error={refused} /> : <Outlet />}</Toasts>
        </ContentContext>
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
  signedOut: { text: 'The token has ended', more: 'Copy what you have typed, then sign in again.', isBad: true },
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

/** `/` puts the cursor in the view's search field. */
function SearchKey() {
  const content = useContext(ContentContext);
  useShortcut('/', () => {
    const field = content.current?.querySelector<HTMLInputElement>('input[type=search]');
    field?.focus();
    field?.select();
    return !!field;
  });
  return null;
}
