/** Downloads the document as it is now, byte for byte as the server has it. */
import { useState } from 'react';

import { useEnvironment } from '../../environment.js';
import { download } from '../../parts/download.js';
import { ProblemNote } from '../../parts/states.js';
import { useSession } from '../../session.js';
import { fileName, readDocument } from './text.js';

export function Export() {
  const { api } = useSession();
  const environment = useEnvironment();
  const [error, setError] = useState<unknown>();
  const save = async () => {
    setError(undefined);
    try {
      const found = await readDocument(api, environment.query);
      if (found === undefined) setError(new Error('There is no document in this environment yet.'));
      else download(fileName(environment.name, found.tag), found.text);
    } catch (refused) {
      setError(refused);
    }
  };
  return (
    <section className="card" aria-labelledby="export">
      <h2 id="export">Export</h2>
      <p>The whole document with its state and all overrides. It names customers, and the key that draws them: keep it like a backup.</p>
      {error !== undefined && <ProblemNote error={error} />}
      <div className="actions">
        <button type="button" onClick={() => void save()}>
          Download the document
        </button>
      </div>
    </section>
  );
}
