/** Revokes a key or a token, which nothing brings back. */
import { take } from '../../api/client.js';
import { useEnvironment } from '../../environment.js';
import { Confirm } from '../../parts/confirm.js';
import { useReporter } from '../../parts/toasts.js';
import { useSession } from '../../session.js';

export interface Revoked {
  readonly kind: 'keys' | 'tokens';
  readonly id: string;
  readonly name: string;
}

export function Revoke({ of: { kind, id, name }, onClose }: { of: Revoked; onClose: () => void }) {
  const { api } = useSession();
  const environment = useEnvironment();
  const reporter = useReporter();
  return (
    <Confirm
      title={`Revoke ${name}`}
      action="Revoke"
      tone="bad"
      onClose={onClose}
      onConfirm={async reason => {
        const params = { path: { id }, query: { ...environment.query, reason } };
        const asked = kind === 'keys' ? api.DELETE('/api/admin/keys/{id}', { params }) : api.DELETE('/api/admin/tokens/{id}', { params });
        reporter.written(`${name} is revoked.`, { ...(await take(asked)), changes: [] });
      }}
    >
      <p>It opens nothing within 10 seconds, and cannot be brought back. What it did stays in the trail.</p>
    </Confirm>
  );
}
