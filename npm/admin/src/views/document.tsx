/** The document of an environment: its export, an import with its consequences first, and every version that it had. */
import { useState } from 'react';

import { useEnvironment } from '../environment.js';
import { useRights } from '../session.js';
import { Export } from './document/export.js';
import { ImportForm } from './document/import-form.js';
import { Versions } from './document/versions.js';

export function DocumentView() {
  const { administer } = useRights();
  const environment = useEnvironment();
  const [text, setText] = useState('');
  const [draft, setDraft] = useState(0);
  return (
    <>
      <div className="title">
        <h1>Document</h1>
      </div>
      <p>
        One JSON document holds the definitions of an environment. Whether a flag is on, its rollout and its overrides are state: an export
        has them too, and an import leaves them as they are.
      </p>
      <Export key={`export ${environment.name ?? ''}`} />
      <ImportForm key={`import ${environment.name ?? ''} ${draft}`} text={text} onText={setText} mayPublish={administer} />
      <Versions
        key={`versions ${environment.name ?? ''}`}
        onChoose={chosen => {
          setText(chosen);
          setDraft(count => count + 1);
        }}
      />
    </>
  );
}
