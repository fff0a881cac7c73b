/**
 * Faults of the edge, in the form of `mutants.mjs`. Every one must turn a test of the worker red, among those whose path begins with
 * `tests`.
 */
export const edgeMutants = [
  {
    name: 'no right is checked',
    file: 'edge-worker/src/http/rights.rs',
    find: 'if routes.iter().any(|route| route.open_to.contains(&caller)) { Ok(()) }',
    replacement: 'if routes.iter().any(|route| route.open_to.contains(&caller)) || true { Ok(()) }',
    tests: 'http::rights',
  },
  {
    name: 'the caller of a route is not checked',
    file: 'edge-worker/src/auth/mod.rs',
    find: '// Before the environment is looked up: a caller without any right learns nothing of it.\n        rights::check(routes, caller.kind())?;',
    replacement: '',
    tests: 'http::tests',
  },
  {
    name: 'a role counts in every environment',
    file: 'edge-worker/src/auth/grants.rs',
    find: 'self.environments.as_ref().is_none_or(',
    replacement: 'true || self.environments.as_ref().is_none_or(',
    tests: 'grants',
  },
  {
    name: 'a person evaluates as anybody',
    file: 'edge-worker/src/auth/identity.rs',
    find: 'let context = own(own(context, "userId", subject)?, "targetingKey", subject)?;',
    replacement: '',
    tests: 'auth',
  },
  {
    name: 'an address counts unverified',
    file: 'edge-worker/src/auth/grants.rs',
    find: 'if claim == ADDRESS && claims',
    replacement: 'if false && claims',
    tests: 'grants',
  },
  {
    name: 'a token lives for ever',
    file: 'edge-worker/src/auth/claims.rs',
    find: '<= LONGEST_LIFE + SKEW',
    replacement: '<= f64::MAX',
    tests: 'claims',
  },
  {
    name: 'a token acts in environments that it does not list',
    file: 'edge-worker/src/http/rights.rs',
    find: 'if environment.is_some_and(|name| reach.iter().any(|listed| listed == name)) {',
    replacement: 'if environment.is_some_and(|name| reach.iter().any(|listed| listed == name)) || true {',
    tests: 'http::tests',
  },
  {
    name: 'a commit keeps the epoch that a command renews',
    file: 'edge-worker/src/store/sqlite.rs',
    find: 'if let Some(epoch) = commit.epoch {',
    replacement: 'if let Some(epoch) = commit.epoch.filter(|_| false) {',
    tests: 'store',
  },
  {
    name: 'an isolate holds whatever it was asked for',
    file: 'edge-worker/src/held.rs',
    find: 'while self.bytes > self.most {',
    replacement: 'while false {',
    tests: 'held',
  },
  {
    name: 'a case of a route is open to every caller of the path',
    file: 'edge-worker/src/http/mod.rs',
    find: 'rights::check(slice::from_ref(route), caller.kind())?;',
    replacement: '',
    tests: 'http::tests',
  },
  {
    name: 'whoever only reads moves rollouts',
    file: 'edge-worker/src/http/routes.rs',
    find: 'const OPERATORS: &[CallerKind] = &[Service, Admin, Operator];',
    replacement: 'const OPERATORS: &[CallerKind] = &[Service, Admin, Operator, Viewer];',
    tests: 'http::rights',
  },
  {
    name: 'keys are made by who is on call',
    file: 'edge-worker/src/http/routes.rs',
    find: 'ADMINISTER.on("POST", "/api/admin/keys", ',
    replacement: 'STEER.on("POST", "/api/admin/keys", ',
    tests: 'http::rights',
  },
  {
    name: 'a kill is counted as any change',
    file: 'edge-worker/src/http/routes.rs',
    find: 'const EMERGENCY: Row = Row(OPERATORS, Limit::Never, Audience::Operators);',
    replacement: 'const EMERGENCY: Row = Row(OPERATORS, Limit::Change, Audience::Operators);',
    tests: 'http::routes',
  },
  {
    name: "an organization's administrator revives flags",
    file: 'edge-worker/src/http/routes.rs',
    find: 'When::Action => action.is_some(),',
    replacement: 'When::Action => false,',
    tests: 'http::routes',
  },
];
