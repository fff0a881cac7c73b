// The worker of a release, whose hub also takes SQL: see `sql.js`.

export { default } from 'index.js';
export { FlagHub } from 'sql.js';
