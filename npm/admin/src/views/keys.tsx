/** Keys of clients and servers, and API tokens of programs: made, rotated and revoked. A secret is shown once, when it is made. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { take } from '../api/client.js';
import type { ApiToken, Key } from '../api/model.js';
import { useEnvironment } from '../environment.js';
import { ago, whole } from '../parts/moment.js';
import { type MadeSecret, SecretDialog } from '../parts/secret-dialog.js';
import { Empty, Loaded } from '../parts/states.js';
import { useRights, useSession } from '../session.js';
import { NewKey } from './keys/new-key.js';
import { NewToken } from './keys/new-token.js';
import { Revoke, type Revoked } from './keys/revoke.js';
import { Rotate } from './keys/rotate.js';

export function Keys() {
  const { api } = useSession();
  const { administer } = useRights();
  const environment = useEnvironment();
  const [asked, setAsked] = useState<Asked>();
  const [secrets, setSecrets] = useState<readonly MadeSecret[]>();
  const keys = useQuery({
    queryKey: ['keys', environment.name ?? null],
    queryFn: () => take(api.GET('/api/admin/keys', { params: { query: environment.query } })),
  });
  const tokens = useQuery({
    queryKey: ['tokens', environment.name ?? null],
    queryFn: () => take(api.GET('/api/admin/tokens', { params: { query: environment.query } })),
  });
  const close = () => setAsked(undefined);
  return (
    <>
      <div className="title">
        <h1>Keys</h1>
      </div>
      <section className="stack" aria-labelledby="keys">
        <div className="title">
          <h2 id="keys">Keys of pages and servers</h2>
          {administer && (
            <button type="button" onClick={() => setAsked({ what: 'key' })}>
              New key
            </button>
          )}
        </div>
        <p className="quiet">
          A page reads flags with a client key, which is public; a back end with a server key, which is secret. The key that the deployment
          itself brings is not in this list.
        </p>
        <Loaded query={keys} what="keys">
          {({ keys }) => (
            <List empty="No key was made here yet." label="Keys">
              {sorted(keys).map(key => (
                <KeyItem key={key.id} of={key} onAsk={administer ? setAsked : undefined} />
              ))}
            </List>
          )}
        </Loaded>
      </section>
      <section className="stack" aria-labelledby="tokens">
        <div className="title">
          <h2 id="tokens">API tokens of programs</h2>
          {administer && (
            <button type="button" onClick={() => setAsked({ what: 'token' })}>
              New token
            </button>
          )}
        </div>
        <p className="quiet">A pipeline or a script is an operator of its own: with a name in the trail, a role and an end.</p>
        <Loaded query={tokens} what="tokens">
          {({ tokens }) => (
            <List empty="No token was made here yet." label="API tokens">
              {sorted(tokens).map(token => (
                <TokenItem key={token.id} of={token} onAsk={administer ? setAsked : undefined} />
              ))}
            </List>
          )}
        </Loaded>
      </section>
      {asked?.what === 'key' && <NewKey onMade={setSecrets} onClose={close} />}
      {asked?.what === 'token' && <NewToken onMade={setSecrets} onClose={close} />}
      {asked?.what === 'rotate' && <Rotate of={asked.of} onMade={setSecrets} onClose={close} />}
      {asked?.what === 'revoke' && <Revoke of={asked.of} onClose={close} />}
      {secrets && <SecretDialog secrets={secrets} onClose={() => setSecrets(undefined)} />}
    </>
  );
}

type Asked = { what: 'key' } | { what: 'token' } | { what: 'rotate'; of: Key } | { what: 'revoke'; of: Revoked };

function List({ label, empty, children }: { label: string; empty: string; children: readonly React.ReactNode[] }) {
  if (children.length === 0) return <Empty>{empty}</Empty>;
  return (
    <ul className="changes versions" aria-label={label}>
      {children}
    </ul>
  );
}

function KeyItem({ of: key, onAsk }: { of: Key; onAsk: ((asked: Asked) => void) | undefined }) {
  const { id, label, kind, hint, identity, origins, tags, successor } = key;
  const isOver = hasEnded(key);
  return (
    <li className="change" data-key={id}>
      <div className="head">
        <p>
          <b>{label}</b> <span className="mono quiet">{hint}</span>
        </p>
        {onAsk && !isOver && (
          <div className="actions">
            {successor === undefined && (
              <button type="button" className="small" aria-label={`Rotate: ${label}`} onClick={() => onAsk({ what: 'rotate', of: key })}>
                Rotate
              </button>
            )}
            <button
              type="button"
              className="small"
              aria-label={`Revoke: ${label}`}
              onClick={() => onAsk({ what: 'revoke', of: { kind: 'keys', id, name: label } })}
            >
              Revoke
            </button>
          </div>
        )}
      </div>
      <p className="small">
        {kind === 'client' ? `For pages, ${IDENTITIES[identity.kind ?? 'open']}` : 'For servers'}
        {identity.kind === 'pinned' && ` ${identity.customerId ?? identity.organizationId ?? ''}`}
        {identity.attributes && ` with ${identity.attributes.join(', ')}`}
        {origins.length > 0 && ` · ${origins.join(', ')}`}
        {tags.length > 0 && ` · flags with ${tags.join(' or ')}`}
      </p>
      <Life of={key} />
    </li>
  );
}

const IDENTITIES = { open: 'any identity', pinned: 'only', signed: 'signed identities' } as const;

function TokenItem({ of: token, onAsk }: { of: ApiToken; onAsk: ((asked: Asked) => void) | undefined }) {
  const { id, name, role, hint, lastUsed } = token;
  return (
    <li className="change" data-token={id}>
      <div className="head">
        <p>
          <b>{name}</b> {role} <span className="mono quiet">{hint}</span>
        </p>
        {onAsk && !hasEnded(token) && (
          <button
            type="button"
            className="small"
            aria-label={`Revoke: ${name}`}
            onClick={() => onAsk({ what: 'revoke', of: { kind: 'tokens', id, name } })}
          >
            Revoke
          </button>
        )}
      </div>
      <Life of={token} />
      <p className="quiet small">{lastUsed === undefined ? 'no use is known' : `last used ${used(lastUsed)}`}</p>
    </li>
  );
}

/** The server tells the hour of a use, by its beginning. */
function used(hour: string): string {
  const now = Date.now();
  return now - Date.parse(hour) < 3_600_000 ? 'within the hour' : ago(hour, now);
}

interface Lifetime {
  readonly createdAt: string;
  readonly expiresAt?: string;
  readonly revokedAt?: string;
  readonly successor?: string;
}

function Life({ of: { createdAt, expiresAt, revokedAt, successor } }: { of: Lifetime }) {
  const now = Date.now();
  return (
    <p className="quiet small">
      {revokedAt !== undefined ? (
        <span className="mark bad">revoked {ago(revokedAt, now)}</span>
      ) : expiresAt === undefined ? (
        <span className="mark good">valid</span>
      ) : Date.parse(expiresAt) <= now ? (
        <span className="mark bad">ended {ago(expiresAt, now)}</span>
      ) : (
        <span className={successor === undefined ? 'mark good' : 'mark'} title={whole(expiresAt)}>
          {successor === undefined ? 'valid' : 'replaced'}, ends {ago(expiresAt, now)}
        </span>
      )}{' '}
      made {ago(createdAt, now)}
    </p>
  );
}

function hasEnded({ expiresAt, revokedAt }: Lifetime): boolean {
  return revokedAt !== undefined || (expiresAt !== undefined && Date.parse(expiresAt) <= Date.now());
}

/** Those in force first, each half newest first. */
function sorted<T extends Lifetime>(all: readonly T[]): T[] {
  return [...all].sort((a, b) => Number(hasEnded(a)) - Number(hasEnded(b)) || Date.parse(b.createdAt) - Date.parse(a.createdAt));
}
