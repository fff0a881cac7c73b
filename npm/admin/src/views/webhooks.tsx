/** The targets that the server tells of changes: made, changed, paused, tried and removed, each with how its deliveries go. */
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { take } from '../api/client.js';
import type { Webhook } from '../api/model.js';
import { useEnvironment } from '../environment.js';
import { type MadeSecret, SecretDialog } from '../parts/secret-dialog.js';
import { Empty, Loaded } from '../parts/states.js';
import { useRights, useSession } from '../session.js';
import { RemoveWebhook, SwitchWebhook } from './webhooks/confirmations.js';
import { WebhookForm } from './webhooks/form.js';
import { WebhookItem } from './webhooks/item.js';

/** The time between two looks at how deliveries go, of which no version tells, in milliseconds. */
const DELIVERIES_MS = 10_000;

/** A dialog about a webhook; `new` is about none. */
export type AskedWebhook = { what: 'new' } | { what: 'change' | 'switch' | 'remove'; of: Webhook };

export function Webhooks() {
  const { api } = useSession();
  const { administer } = useRights();
  const environment = useEnvironment();
  const [asked, setAsked] = useState<AskedWebhook>();
  const [secret, setSecret] = useState<MadeSecret>();
  const webhooks = useQuery({
    queryKey: ['webhooks', environment.name ?? null],
    queryFn: () => take(api.GET('/api/admin/webhooks', { params: { query: environment.query } })),
    refetchInterval: DELIVERIES_MS,
  });
  const givenUp = useGivenUp(webhooks.data?.webhooks ?? []);
  const close = () => setAsked(undefined);
  return (
    <>
      <div className="title">
        <h1>Webhooks</h1>
        {administer && (
          <button type="button" onClick={() => setAsked({ what: 'new' })}>
            New webhook
          </button>
        )}
      </div>
      <p className="quiet">
        A chat, a pager or an archive is told of each change by a signed message, in the order of the trail and at least once. A target that
        fails is tried again for 24 hours, and then given up.
      </p>
      <Loaded query={webhooks} what="webhooks">
        {({ webhooks }) =>
          webhooks.length === 0 ? (
            <Empty>No target is told of changes yet.</Empty>
          ) : (
            <ul className="changes versions" aria-label="Webhooks">
              {sorted(webhooks).map(webhook => (
                <WebhookItem
                  key={webhook.id}
                  webhook={webhook}
                  givenUp={givenUp.get(webhook.id)}
                  onAsk={administer ? setAsked : undefined}
                />
              ))}
            </ul>
          )
        }
      </Loaded>
      {asked?.what === 'new' && <WebhookForm onMade={setSecret} onClose={close} />}
      {asked?.what === 'change' && <WebhookForm webhook={asked.of} onClose={close} />}
      {asked?.what === 'switch' && <SwitchWebhook webhook={asked.of} onClose={close} />}
      {asked?.what === 'remove' && <RemoveWebhook webhook={asked.of} onClose={close} />}
      {secret && (
        <SecretDialog
          secrets={[secret]}
          about="The target checks by it that a message is the server's own; no later answer has it."
          remedy="Remove the new webhook, and make another."
          onClose={() => setSecret(undefined)}
        />
      )}
    </>
  );
}

/** The reasons for which the hub gave webhooks up, as its records have them, by the webhook's id. Nothing is asked if it gave up none. */
function useGivenUp(webhooks: readonly Webhook[]): ReadonlyMap<string, string> {
  const { api } = useSession();
  const environment = useEnvironment();
  const { data } = useQuery({
    queryKey: ['webhooks-given-up', environment.name ?? null],
    queryFn: () =>
      take(api.GET('/api/admin/changes', { params: { query: { ...environment.query, action: 'webhook.disable', limit: 50 } } })),
    enabled: webhooks.some(({ disabledAt }) => disabledAt !== undefined),
  });
  const reasons = new Map<string, string>();
  for (const change of data?.changes ?? []) {
    if ('erased' in change) continue;
    const id = (change.newJson as { id?: unknown } | undefined)?.id;
    // The newest one comes first.
    if (typeof id === 'string' && !reasons.has(id)) reasons.set(id, change.reason);
  }
  return reasons;
}

/** Those that need a look first, each part by label. */
function sorted(webhooks: readonly Webhook[]): Webhook[] {
  const rank = ({ disabledAt, failingSince, enabled }: Webhook) => (disabledAt ? 0 : !enabled ? 3 : failingSince ? 1 : 2);
  return [...webhooks].sort((a, b) => rank(a) - rank(b) || a.label.localeCompare(b.label));
}
