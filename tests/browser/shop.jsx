// A page of a shop, whose flags come from another origin: a React component for each flag, and what a test plays with.
import { createClient } from '@twinflag/client';
import { FlagProvider, useFeatureFlag } from '@twinflag/react';
import { useLayoutEffect } from 'react';
import { createRoot } from 'react-dom/client';

/** The number of renderings of each flag's component; and its texts, with the moment at which the page showed each. */
const renders = {},
  shown = {};

function Flag({ name }) {
  const { enabled, loading } = useFeatureFlag(name),
    text = loading ? 'loading' : enabled ? 'on' : 'off';
  renders[name] = (renders[name] ?? 0) + 1;
  useLayoutEffect(() => void (shown[name] ??= []).push({ text, at: Date.now() }), [name, text]);
  return <p id={name}>{text}</p>;
}

globalThis.shop = {
  createClient,
  renders,
  shown,
  /** A root of its own, with a client of its own. */
  open(options, flags) {
    const root = document.body.appendChild(document.createElement('main'));
    createRoot(root).render(
      <FlagProvider options={options}>
        {flags.map(name => (
          <Flag key={name} name={name} />
        ))}
      </FlagProvider>,
    );
  },
};
