/**
 * Faults of the commands, in the form of `mutants.mjs`. Every one must turn a unit test of the crate `control` red, among those whose path
 * contains `tests`.
 */
export const controlMutants = [
  {
    name: 'a key counts after its end',
    file: 'edge-worker/control/src/keys.rs',
    find: '.is_none_or(|end| now < end)',
    replacement: '.is_none_or(|end| now < end || true)',
    tests: 'keys',
  },
  {
    name: 'a revoked key counts',
    file: 'edge-worker/control/src/keys.rs',
    find: 'self.revoked_at.is_none() && self.terms',
    replacement: 'self.terms',
    tests: 'keys',
  },
  {
    name: 'a key is for origins that begin like its own',
    file: 'edge-worker/control/src/keys.rs',
    find: 'listed == "*" || listed == origin)',
    replacement: 'listed == "*" || origin.starts_with(listed.as_str()))',
    tests: 'keys',
  },
  {
    name: 'an unnamed loss is allowed',
    file: 'edge-worker/control/src/command.rs',
    find: '.any(|consequence| !consequence.is_allowed)',
    replacement: '.any(|consequence| !consequence.is_allowed && false)',
    tests: 'consequences',
  },
  {
    name: 'one name allows every loss',
    file: 'edge-worker/control/src/consequences/judge.rs',
    find: 'for known in found.iter_mut().filter(|known| is_named(known)) {',
    replacement: 'for known in found.iter_mut().filter(|known| is_named(known) || true) {',
    tests: 'consequences',
  },
  {
    name: 'a name that allows nothing passes',
    file: 'edge-worker/control/src/consequences/judge.rs',
    find: 'if !is_known && ',
    replacement: 'if false && ',
    tests: 'consequences',
  },
  {
    name: 'a lock is ignored',
    file: 'edge-worker/control/src/locks.rs',
    find: '.find(|flag| is_locked(rows, flag))',
    replacement: '.find(|flag| false && is_locked(rows, flag))',
    tests: 'locked',
  },
  {
    name: 'an operator changes locked flags',
    file: 'edge-worker/control/src/locks.rs',
    find: '[&str; 3] = [',
    replacement: '[&str; 4] = ["operator", ',
    tests: 'locked',
  },
  {
    name: 'a locked flag changes without a reason',
    file: 'edge-worker/control/src/locks.rs',
    find: ' && actor.has_reason()',
    replacement: '',
    tests: 'locked',
  },
  {
    name: 'a document of another environment is imported',
    file: 'edge-worker/control/src/environment.rs',
    find: '    check_environment(rows, hub, document, allowed)?;\n',
    replacement: '',
    tests: 'environment',
  },
  {
    name: 'an import draws every visitor anew',
    file: 'edge-worker/control/src/environment.rs',
    find: 'if !is_other || named.is_some() {',
    replacement: 'if true {',
    tests: 'import',
  },
  {
    name: 'an import that keeps the state takes that of the document',
    file: 'edge-worker/control/src/rows/merge.rs',
    find: '            self.keep_state(&mut merged);\n',
    replacement: '',
    tests: 'import',
  },
  {
    name: 'an import that keeps the state takes the overrides of the document',
    file: 'edge-worker/control/src/rows/merge.rs',
    find: '            self.keep_overrides(&mut merged);\n',
    replacement: '',
    tests: 'import',
  },
  {
    name: 'an import that cannot be judged passes',
    file: 'edge-worker/control/src/import.rs',
    find: 'if may_hide && ',
    replacement: 'if false && ',
    tests: 'consequences',
  },
];
