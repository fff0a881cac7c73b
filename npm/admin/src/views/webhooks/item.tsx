/** One webhook: its target, how its deliveries go, a message to try it by, and the last attempts. */
import { useState } from 'react';

import { take } from '../../api/client.js';
import type { Webhook } from '../../api/model.js';
import { useEnvironment } from '../../environment.js';
import { Ago, whole } from '../../parts/moment.js';
import { ProblemNote } from '../../parts/states.js';
import { useSession } from '../../session.js';
import type { AskedWebhook } from '../webhooks.js';
import { attemptText, Deliveries } from './deliveries.js';
import { kindsText } from './kinds.js';

export function WebhookItem({
  webhook,
  givenUp,
  onAsk,
}: {
  webhook: Webhook;
  /** The reason for which the hub gave it up; absent if it did not, or is not known yet. */
  givenUp: string | undefined;
  /** Absent for a caller who may not change webhooks. */
  onAsk: ((asked: AskedWebhook) => void) | undefined;
}) {
  const { id, label, url, format, kinds, enabled, createdAt } = webhook;
  return (
    <li className="change webhook" data-webhook={id}>
      <div className="head">
        <p>
          <b>{label}</b> <span className="mono quiet">{url}</span>
        </p>
        {onAsk && (
          <div className="actions">
            <button type="button" className="small" aria-label={`Change: ${label}`} onClick={() => onAsk({ what: 'change', of: webhook })}>
              Change
            </button>
            <button
              type="button"
              className="small"
              aria-label={`${enabled ? 'Pause' : 'Enable'}: ${label}`}
              onClick={() => onAsk({ what: 'switch', of: webhook })}
            >
              {enabled ? 'Pause' : 'Enable'}
            </button>
            <button type="button" className="small" aria-label={`Remove: ${label}`} onClick={() => onAsk({ what: 'remove', of: webhook })}>
              Remove
            </button>
          </div>
        )}
      </div>
      <Standing webhook={webhook} givenUp={givenUp} />
      <p className="small">
        Told of {kindsText(kinds)}
        {format === 'slack' && ', as lines for Slack'}
        {webhook.private && ' · in a private network'}{' '}
        <span className="quiet">
          · made <Ago at={createdAt} />
        </span>
      </p>
      {onAsk && <Try id={id} label={label} />}
      <Deliveries id={id} label={label} />
    </li>
  );
}

/** The state of the deliveries: one mark, and the reason of a failure. */
function Standing({ webhook: { enabled, failingSince, disabledAt }, givenUp }: { webhook: Webhook; givenUp: string | undefined }) {
  if (enabled && failingSince === undefined)
    return (
      <p className="small">
        <span className="mark good">delivering</span>
      </p>
    );
  if (enabled && failingSince !== undefined)
    return (
      <p className="small">
        <span className="mark bad" title={whole(failingSince)}>
          failing since <Ago at={failingSince} />
        </span>{' '}
        The messages wait in order, and are sent again.
      </p>
    );
  if (disabledAt === undefined)
    return (
      <p className="small">
        <span className="mark">paused</span> An operator paused it: it is told of nothing.
      </p>
    );
  return (
    <p className="small">
      <span className="mark bad" title={whole(disabledAt)}>
        given up <Ago at={disabledAt} />
      </span>{' '}
      {givenUp === undefined ? 'The hub disabled it.' : `Its record says: ${givenUp}.`} Enabled again, it is told of what follows; the trail
      has what it missed.
    </p>
  );
}

/** Sends a message that tells of no change, and says how the target took it. */
function Try({ id, label }: { id: string; label: string }) {
  const { api } = useSession();
  const environment = useEnvironment();
  const [isBusy, setIsBusy] = useState(false);
  const [outcome, setOutcome] = useState<{ isGood: boolean; text: string }>();
  const [error, setError] = useState<unknown>();
  const send = async () => {
    setIsBusy(true);
    setOutcome(undefined);
    setError(undefined);
    try {
      const params = { path: { id }, query: environment.query };
      const tried = await take(api.POST('/api/admin/webhooks/{id}/test', { params }));
      setOutcome({ isGood: tried.delivered, text: attemptText(tried) });
    } catch (refused) {
      setError(refused);
    }
    setIsBusy(false);
  };
  return (
    <div className="stack try">
      <div className="actions">
        <button type="button" className="small" disabled={isBusy} aria-label={`Send a test: ${label}`} onClick={() => void send()}>
          {isBusy ? 'Asking the target…' : 'Send a test'}
        </button>
        <p role="status" className="small outcome">
          {outcome && <span className={outcome.isGood ? 'mark good' : 'mark bad'}>{outcome.text}</span>}
        </p>
      </div>
      {error !== undefined && <ProblemNote error={error} />}
    </div>
  );
}
