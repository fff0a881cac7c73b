/** Takes a change back, after a look at what that does. */
import { useState } from 'react';

import { take } from '../api/client.js';
import type { Change } from '../api/model.js';
import { actionText, isRevertible } from '../change-text.js';
import { useEnvironment } from '../environment.js';
import { useRights, useSession } from '../session.js';
import { Confirm } from './confirm.js';
import { useReporter } from './toasts.js';

export function RevertButton({ change, text = 'Revert' }: { change: Change; text?: string }) {
  const { administer } = useRights();
  const { api } = useSession();
  const environment = useEnvironment();
  const reporter = useReporter();
  const [isAsking, setIsAsking] = useState(false);
  if (!administer || !isRevertible(change.action)) return null;
  const what = `${actionText(change.action)} ${change.flagPath ?? ''}`.trim();
  return (
    <>
      <button type="button" className="small" aria-label={`${text}: ${what}, change ${change.sequence}`} onClick={() => setIsAsking(true)}>
        {text}
      </button>
      {isAsking && (
        <Confirm
          title="Take this change back"
          action="Take it back"
          reason={`reverts: ${change.reason}`.slice(0, 400)}
          onClose={() => setIsAsking(false)}
          onConfirm={async reason => {
            const params = { path: { id: change.id }, query: environment.query };
            const reverted = await take(api.POST('/api/admin/changes/{id}/revert', { params, body: { reason } }));
            reporter.written('Taken back.', reverted);
          }}
        >
          <p>
            “{what}” by {change.changedBy}, version {change.version}. Everything that it wrote is put back as it was before, as a new
            change.
          </p>
        </Confirm>
      )}
    </>
  );
}
