/** Verifies the chain of the audit trail, slice after slice, until the server has an answer. */
import { useRef, useState } from 'react';

import { take } from '../../api/client.js';
import { useEnvironment } from '../../environment.js';
import { ProblemNote } from '../../parts/states.js';
import { useSession } from '../../session.js';

type Verdict =
  | { state: 'running'; records: number; of: number | undefined }
  | { state: 'valid'; records: number }
  | { state: 'broken'; why: string };

export function Verification() {
  const { api } = useSession();
  const environment = useEnvironment();
  const [verdict, setVerdict] = useState<Verdict>();
  const [error, setError] = useState<unknown>();
  const run = useRef(0);
  const verify = async () => {
    run.current += 1;
    const mine = run.current;
    setError(undefined);
    setVerdict({ state: 'running', records: 0, of: undefined });
    try {
      for (;;) {
        const found = await take(api.GET('/api/admin/changes/verify', { params: { query: environment.query } }));
        if (mine !== run.current) return;
        if (found.state === 'running') setVerdict({ state: 'running', records: found.records, of: found.of });
        else {
          setVerdict(
            found.valid ? { state: 'valid', records: found.records } : { state: 'broken', why: found.broken ?? 'the chain is broken' },
          );
          return;
        }
      }
    } catch (refused) {
      setVerdict(undefined);
      setError(refused);
    }
  };
  return (
    <div className="verification">
      <p role="status" data-state={verdict?.state} className="small">
        {verdict?.state === 'running' && `Verifying… ${verdict.records}${verdict.of === undefined ? '' : ` of ${verdict.of}`} records`}
        {verdict?.state === 'valid' && `The chain of ${verdict.records} records is whole.`}
        {verdict?.state === 'broken' && `Broken: ${verdict.why}`}
      </p>
      {error !== undefined && <ProblemNote error={error} />}
      <button type="button" disabled={verdict?.state === 'running'} onClick={() => void verify()}>
        Verify the chain
      </button>
    </div>
  );
}
