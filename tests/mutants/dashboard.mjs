/**
 * Faults of the dashboard, in the form of `mutants.mjs`. Every one must turn a test red in the file of `tests/dashboard` that `tests` names,
 * whose server has its pages from the folder in `TWINFLAG_ASSETS`.
 */
export const dashboardMutants = [
  {
    name: 'a moment that is chosen counts as one of UTC',
    file: 'npm/admin/src/parts/when-field.tsx',
    find: 'const moment = new Date(value);',
    replacement: "const moment = new Date(value + 'Z');",
    tests: 'schedules',
  },
  {
    name: 'a tier that is scheduled is tried once, whatever was chosen',
    file: 'npm/admin/src/parts/timed-confirm.tsx',
    find: 'const until = hasGate && patience > 0 ?',
    replacement: 'const until = false ?',
    tests: 'schedules',
  },
  {
    name: 'a change for later is made now as well',
    file: 'npm/admin/src/parts/timed-confirm.tsx',
    find: '      const added = await take(',
    replacement: '      await take(api.POST(path, { params: { query }, body: body as never }));\n      const added = await take(',
    tests: 'schedules',
  },
  {
    name: 'a schedule that was made offers to be undone',
    file: 'npm/admin/src/parts/schedule-item.tsx',
    find: '{ ...written, changes: [] }',
    replacement: 'written',
    tests: 'schedules',
  },
  {
    name: 'a refused schedule has no sentence for its code',
    file: 'npm/admin/src/schedule-text.ts',
    find: "typeof code === 'string' && Object.hasOwn(REFUSALS, code)",
    replacement: 'false',
    tests: 'schedules',
  },
  {
    name: 'an access with an end is given by two requests',
    file: 'npm/admin/src/access.ts',
    find: 'const body = { steps: [step(begins, given), step(until, afterwards)], reason };',
    replacement:
      "await api.POST('/api/admin/schedules', { params: { query }, body: { steps: [step(begins, given)], reason } });\n    const body = { steps: [step(until, afterwards)], reason };",
    tests: 'access',
  },
  {
    name: 'the end of an access forgets the override that there was',
    file: 'npm/admin/src/parts/override-dialog.tsx',
    find: "const afterwards = before !== undefined && before !== wanted ? before : '';",
    replacement: "const afterwards = '';",
    tests: 'access',
  },
  {
    name: 'an access begins by the clock of the device alone',
    file: 'npm/admin/src/access.ts',
    find: 'const LEADS_MS = [2_000, 60_000];',
    replacement: 'const LEADS_MS = [2_000];',
    tests: 'access',
  },
  {
    name: 'an API token gives access with an end that it may not live to see',
    file: 'npm/admin/src/access.ts',
    find: "return !subject.startsWith('token:') && breakGlass !== true;",
    replacement: 'return true;',
    tests: 'access',
  },
  {
    name: 'a change of a webhook takes back what another operator changed',
    file: 'npm/admin/src/views/webhooks/form.tsx',
    find: '...difference(before, given)',
    replacement: '...given',
    tests: 'webhooks',
  },
  {
    name: 'a webhook that was given up does not say why',
    file: 'npm/admin/src/views/webhooks/item.tsx',
    find: 'givenUp === undefined ?',
    replacement: 'true ?',
    tests: 'webhooks',
  },
  {
    name: 'a webhook that fails counts as delivering',
    file: 'npm/admin/src/views/webhooks/item.tsx',
    find: 'if (enabled && failingSince === undefined)',
    replacement: 'if (enabled)',
    tests: 'webhooks',
  },
];
