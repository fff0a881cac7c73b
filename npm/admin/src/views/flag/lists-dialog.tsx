/** The allow list and the deny list: ids, one a line, pasted by the thousand if need be. */
import { useState } from 'react';

import { take } from '../../api/client.js';
import type { Feature, Rollout } from '../../api/model.js';
import { useEnvironment } from '../../environment.js';
import { Confirm } from '../../parts/confirm.js';
import { Field } from '../../parts/field.js';
import { useReporter } from '../../parts/toasts.js';
import { useSession } from '../../session.js';

export function ListsDialog({ feature, rollout, onClose }: { feature: Feature; rollout: Rollout; onClose: () => void }) {
  const { api } = useSession();
  const environment = useEnvironment();
  const reporter = useReporter();
  const [before] = useState({ allow: rollout.whitelistedCustomers ?? [], deny: rollout.blacklistedCustomers ?? [] });
  const [allow, setAllow] = useState(before.allow.join('\n'));
  const [deny, setDeny] = useState(before.deny.join('\n'));
  const { featureName } = feature;
  return (
    <Confirm
      title={`Lists of ${featureName}`}
      action="Change the lists"
      onClose={onClose}
      onConfirm={async reason => {
        // Only the difference is sent, so that an entry that somebody else added meanwhile stays.
        const [added, removed] = [difference(lines(allow), before.allow), difference(before.allow, lines(allow))];
        const [denied, undenied] = [difference(lines(deny), before.deny), difference(before.deny, lines(deny))];
        const body = {
          featureName,
          reason,
          add: { whitelistedCustomers: added, blacklistedCustomers: denied },
          remove: { whitelistedCustomers: removed, blacklistedCustomers: undenied },
        };
        const asked = api.POST('/api/admin/rollout/lists', { params: { query: environment.query }, body });
        reporter.written(`${featureName}: the lists are changed.`, await take(asked));
      }}
    >
      <Field label={`Allowed (${lines(allow).length})`} hint="One id a line. They have the feature while the rollout runs.">
        {props => <textarea {...props} rows={6} value={allow} onChange={event => setAllow(event.target.value)} spellCheck={false} />}
      </Field>
      <Field label={`Denied (${lines(deny).length})`} hint="Deny beats allow and the percentage.">
        {props => <textarea {...props} rows={4} value={deny} onChange={event => setDeny(event.target.value)} spellCheck={false} />}
      </Field>
    </Confirm>
  );
}

function lines(text: string): string[] {
  return [
    ...new Set(
      text
        .split(/\r?\n/)
        .map(line => line.trim())
        .filter(Boolean),
    ),
  ];
}

function difference(these: readonly string[], those: readonly string[]): string[] {
  const known = new Set(those);
  return these.filter(each => !known.has(each));
}
