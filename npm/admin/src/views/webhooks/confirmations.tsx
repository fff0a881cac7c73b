/** The questions before a webhook is paused, enabled or removed. */
import { take } from '../../api/client.js';
import type { Webhook } from '../../api/model.js';
import { useEnvironment } from '../../environment.js';
import { Confirm } from '../../parts/confirm.js';
import { useReporter } from '../../parts/toasts.js';
import { useSession } from '../../session.js';

interface Props {
  webhook: Webhook;
  onClose: () => void;
}

export function SwitchWebhook({ webhook: { id, label, enabled }, onClose }: Props) {
  const { api } = useSession();
  const environment = useEnvironment();
  const reporter = useReporter();
  return (
    <Confirm
      title={enabled ? `Pause ${label}` : `Enable ${label}`}
      action={enabled ? 'Pause' : 'Enable'}
      onClose={onClose}
      onConfirm={async reason => {
        const params = { path: { id }, query: environment.query };
        const written = await take(api.PUT('/api/admin/webhooks/{id}', { params, body: { enabled: !enabled, reason } }));
        reporter.written(`${label} is ${enabled ? 'paused' : 'enabled'}.`, { ...written, changes: [] });
      }}
    >
      <p>
        {enabled
          ? 'Its target is told of nothing until it is enabled again, and not of what happens meanwhile: the trail has that.'
          : 'Its target is told of each change from now on. The trail has what it missed.'}
      </p>
    </Confirm>
  );
}

export function RemoveWebhook({ webhook: { id, label, url }, onClose }: Props) {
  const { api } = useSession();
  const environment = useEnvironment();
  const reporter = useReporter();
  return (
    <Confirm
      title={`Remove ${label}`}
      action="Remove"
      tone="bad"
      onClose={onClose}
      onConfirm={async reason => {
        const params = { path: { id }, query: { ...environment.query, reason } };
        const written = await take(api.DELETE('/api/admin/webhooks/{id}', { params }));
        reporter.written(`${label} is removed.`, { ...written, changes: [] });
      }}
    >
      <p>
        <span className="mono">{url}</span> is told of nothing more, and its secret and its attempts are gone. Nothing brings them back.
      </p>
    </Confirm>
  );
}
