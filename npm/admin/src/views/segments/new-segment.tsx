/** Creates a segment under a name that is free. */
import { useNavigate } from '@tanstack/react-router';
import { useRef, useState } from 'react';

import { take } from '../../api/client.js';
import { Refusal } from '../../api/refusal.js';
import { useEnvironment } from '../../environment.js';
import { Confirm } from '../../parts/confirm.js';
import { FaultList } from '../../parts/fault-list.js';
import { Field } from '../../parts/field.js';
import { useReporter } from '../../parts/toasts.js';
import { useSession } from '../../session.js';

const EXAMPLE = '{\n  "attribute": "country",\n  "op": "in",\n  "value": ["AT", "DE"]\n}';

export function NewSegment({ onClose }: { onClose: () => void }) {
  const { api } = useSession();
  const environment = useEnvironment();
  const reporter = useReporter();
  const navigate = useNavigate();
  const area = useRef<HTMLTextAreaElement>(null);
  const [name, setName] = useState('');
  const [text, setText] = useState(EXAMPLE);
  const [faults, setFaults] = useState<readonly { pointer: string; message: string }[]>([]);
  return (
    <Confirm
      title="New segment"
      action="Create the segment"
      reason="a new segment"
      onClose={onClose}
      onConfirm={async reason => {
        setFaults([]);
        const params = { path: { name: name.trim() }, query: { ...environment.query, reason } };
        try {
          const written = await take(api.PUT('/api/admin/segments/{name}', { params, body: JSON.parse(text) }));
          reporter.written(`${name.trim()} is there.`, written);
        } catch (refused) {
          const { problem } = refused instanceof Refusal ? refused : {};
          const root = `/segments/${params.path.name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
          if (problem?.pointer?.startsWith(root)) setFaults([{ pointer: problem.pointer.slice(root.length), message: problem.detail }]);
          throw problem?.code === 'PRECONDITION_REQUIRED' ? new Error(`There is a segment ${name.trim()} already.`) : refused;
        }
        void navigate({ to: '/segments/$name', params: { name: name.trim() } });
      }}
    >
      <Field label="Name">
        {props => (
          <input
            {...props}
            value={name}
            required
            maxLength={256}
            autoComplete="off"
            spellCheck={false}
            onChange={event => setName(event.target.value)}
          />
        )}
      </Field>
      <Field label="Condition, as JSON" hint="As in the rules of flags: all, any, not, an attribute, or a percentage.">
        {props => (
          <textarea {...props} ref={area} rows={8} value={text} spellCheck={false} onChange={event => setText(event.target.value)} />
        )}
      </Field>
      <FaultList text={text} faults={faults} area={area} />
    </Confirm>
  );
}
