/** The pages of the site, in the order in which its sidebar lists them. Paths are those of the repository, so that links between texts hold. */
export const PACKAGES = ['client', 'react', 'elements', 'chat-widget', 'edge', 'server', 'openfeature', 'admin'];

export const SECTIONS = [
  {
    text: 'Begin',
    items: [
      ['Twinflag', 'README.md'],
      ['All guides', 'docs/README.md'],
      ['The tour', 'docs/tour.md'],
    ],
  },
  {
    text: 'Use flags',
    items: [
      ['Flags and answers', 'docs/flags.md'],
      ['In pages', 'npm/client/README.md'],
      ['In React', 'npm/react/README.md'],
      ['In custom elements', 'npm/elements/README.md'],
      ['In Next', 'docs/next.md'],
      ['In servers', 'docs/servers.md'],
      ['The SDK for servers', 'npm/server/README.md'],
      ['Over HTTP', 'npm/edge/README.md'],
      ['By OpenFeature', 'docs/openfeature.md'],
      ['In SQL', 'docs/postgres.md'],
      ['Changes as they are made', 'docs/realtime.md'],
    ],
  },
  {
    text: 'Operate',
    items: [
      ['The dashboard', 'docs/dashboard.md'],
      ['Roll a feature out', 'docs/rollouts.md'],
      ['Webhooks, metrics, alerts', 'docs/operations.md'],
      ['The command line', 'docs/command-line.md'],
      ['Deploy', 'docs/deployment.md'],
      ['Upgrade', 'npm/twinflag/deploy/UPGRADING.md'],
      ['The checklist', 'docs/checklist.md'],
    ],
  },
  {
    text: 'The chat widget',
    items: [
      ['The widget', 'npm/chat-widget/README.md'],
      ['Its flags', 'docs/chat-widget.md'],
      ['What the source documents name', 'docs/source-documents.md'],
    ],
  },
  {
    text: 'The project',
    items: [
      ['Changes', 'CHANGELOG.md'],
      ['Contribute', 'CONTRIBUTING.md'],
      ['Architecture', 'ARCHITECTURE.md'],
      ['Security', 'SECURITY.md'],
    ],
  },
];

/** The Markdown files that are pages: those of the sidebar, and all guides and READMEs that they may link to. */
export const isPage = path =>
  /^(README|CHANGELOG|CONTRIBUTING|ARCHITECTURE|SECURITY)\.md$|^docs\/[^/]+\.md$|^npm\/.+\.md$|^tests\/.+\.md$/.test(path);
