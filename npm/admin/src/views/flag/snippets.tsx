/** How code asks for the flag, in each SDK. */
import { useState } from 'react';

import type { Feature } from '../../api/model.js';

export function Snippets({ feature }: { feature: Feature }) {
  const all = snippets(feature);
  const [name, setName] = useState(all[0]!.name);
  const shown = all.find(each => each.name === name) ?? all[0]!;
  return (
    <details className="card">
      <summary>Use it in code</summary>
      <fieldset className="actions" aria-label="SDK">
        {all.map(each => (
          <button key={each.name} type="button" className="small" aria-pressed={each.name === name} onClick={() => setName(each.name)}>
            {each.name}
          </button>
        ))}
      </fieldset>
      <pre className="code">{shown.code}</pre>
    </details>
  );
}

function snippets({ featureName, type }: Feature): { name: string; code: string }[] {
  const key = JSON.stringify(featureName);
  const fallback = type === 'boolean' ? 'false' : type === 'number' ? '0' : type === 'string' ? "''" : '{}';
  const attribute = featureName.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
  const react =
    type === 'boolean'
      ? `import { useFeatureFlag } from '@twinflag/react';\n\nconst { enabled, loading } = useFeatureFlag(${key});`
      : `import { useFeatureFlag } from '@twinflag/react';\n\nconst { value, loading } = useFeatureFlag(${key}, ${fallback});`;
  return [
    { name: 'React', code: react },
    { name: 'HTML', code: `<feature-flag flag="${attribute}">\n  …\n  <span slot="off">…</span>\n</feature-flag>` },
    { name: 'JavaScript', code: `const details = client.get(${key}, ${fallback});` },
    {
      name: 'Back end',
      code: `import { checkFeatureFlag } from '@twinflag/edge';\n\nconst enabled = await checkFeatureFlag(userId, ${key});`,
    },
    {
      name: 'HTTP (OFREP)',
      code: `curl "$URL/ofrep/v1/evaluate/flags/${encodeURIComponent(featureName)}" \\\n  -H "Authorization: Bearer $CLIENT_KEY" -H 'Content-Type: application/json' \\\n  -d '{"context":{"customerId":"customer-123"}}'`,
    },
  ];
}
