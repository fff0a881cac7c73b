/**
 * Faults of the bounds of documents, in the form of `mutants.mjs`. Every one must turn a unit test of the core red, among those whose path
 * begins with `tests`.
 */
export const boundsMutants = [
  {
    name: 'the contents of a definition with an error count',
    crate: 'sdk-core',
    file: 'sdk-core/src/document/definition.rs',
    find: 'budget.taken_since(before, if read.is_some() { contents } else { Contents::NONE })',
    replacement: 'budget.taken_since(before, contents)',
    tests: 'document::tests',
  },
  {
    name: 'the values of a flag count whose state has an error',
    crate: 'sdk-core',
    file: 'sdk-core/src/document/compile.rs',
    find: '        if entry.state.is_some() {\n            budget',
    replacement: '        if true {\n            budget',
    tests: 'document::tests',
  },
  {
    name: 'networks do not count',
    crate: 'sdk-core',
    file: 'sdk-core/src/document/budget.rs',
    find: 'self.contents.networks.checked_sub(networks)',
    replacement: 'self.contents.networks.checked_sub(0 * networks)',
    tests: 'document::tests',
  },
  {
    name: 'the names of rows do not count',
    crate: 'sdk-core',
    file: 'sdk-core/src/document/rows.rs',
    find: '[name, MARKS, part.length, state]',
    replacement: '[0 * name, MARKS, part.length, state]',
    tests: 'document::tests',
  },
  {
    name: 'a row of a segment may have U+0000 in its name',
    crate: 'sdk-core',
    file: 'sdk-core/src/document/definition.rs',
    find: "if name.contains('\\0')",
    replacement: "if name.contains('\\0') && false",
    tests: 'document::tests',
  },
];
