/** The edits that make a made-up release of the sources of this repository. Each `find` stands exactly once in its file. */
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const REPOSITORY = new URL('../../', import.meta.url);
const ROWS = 'edge-worker/control/src/rows';
const FOLDER = 'edge-worker/migrations/sqlite';
const MIGRATIONS = 'edge-worker/src/store/sqlite/migrations.rs';

const migrations = readdirSync(fileURLToPath(new URL(FOLDER, REPOSITORY))).sort();
const [, KINDS] = /const KINDS: \[\(RowKind, &str\); (\d+)\]/.exec(readFileSync(new URL(`${ROWS}/mod.rs`, REPOSITORY), 'utf8'));

/** The form of a store of this release. */
export const COUNT = migrations.length;

/** The forms in a migration: the least that may write the store, and serve from it. They have one length, whatever the numbers. */
export function forms(writes, serves) {
  const [from, to] = [writes, serves].map(form => String(form).padStart(3, '0'));
  return `writes_from = ${from}, serves_from = ${to}`;
}

/** The migration of the next release. Its last statement names the forms; `withForms` replaces them in the built module. */
export const MIGRATION = {
  file: `${FOLDER}/${String(COUNT + 1).padStart(4, '0')}_notes.sql`,
  text: `CREATE TABLE notes (version INTEGER PRIMARY KEY REFERENCES versions (version), text TEXT NOT NULL);
INSERT INTO notes SELECT version, 'made before there were notes' FROM versions;
ALTER TABLE history ADD COLUMN noted INTEGER NOT NULL DEFAULT 0;
CREATE INDEX history_by_note ON history (noted) WHERE noted <> 0;
UPDATE store SET ${forms(COUNT, COUNT)};
`,
};
const include = file => `include_str!("../../../${file.replace('edge-worker/', '')}"),`;
const newest = include(`${FOLDER}/${migrations.at(-1)}`);

/** The next release: killing a flag also writes two rows of a new kind, one of them on the page of a customer; one more migration. */
const next = [
  { file: `${ROWS}/mod.rs`, find: 'pub enum RowKind {', replacement: 'pub enum RowKind {\n    /// A note.\n    Note,' },
  {
    file: `${ROWS}/mod.rs`,
    find: `const KINDS: [(RowKind, &str); ${KINDS}] = [`,
    replacement: `const KINDS: [(RowKind, &str); ${Number(KINDS) + 1}] = [(RowKind::Note, "note"),`,
  },
  { file: `${ROWS}/mod.rs`, find: '| Self::Refused => None,', replacement: '| Self::Refused | Self::Note => None,' },
  { file: `${ROWS}/mod.rs`, find: '| Self::Refused => true,', replacement: '| Self::Refused | Self::Note => true,' },
  {
    file: `${ROWS}/mod.rs`,
    find: 'let owner = if self.kind == RowKind::Membership {',
    replacement: 'let owner = if self.kind == RowKind::Membership || self.kind == RowKind::Note && self.name.starts_with("customer-") {',
  },
  { file: `${ROWS}/changes.rs`, find: '| RowKind::Epoch => {}', replacement: '| RowKind::Epoch | RowKind::Note => {}' },
  {
    file: `${ROWS}/changes.rs`,
    find: '| RowKind::Epoch => Place::ROOT',
    replacement: '| RowKind::Epoch | RowKind::Note => Place::ROOT',
  },
  {
    file: 'edge-worker/control/src/row_records.rs',
    find: '| RowKind::Epoch => Some(place())',
    replacement: '| RowKind::Epoch | RowKind::Note => Some(place())',
  },
  {
    file: 'edge-worker/control/src/revert.rs',
    find: '| RowKind::Refused => None,',
    replacement: '| RowKind::Refused | RowKind::Note => None,',
  },
  {
    file: 'edge-worker/control/src/revert.rs',
    find: '| RowKind::Epoch => format!',
    replacement: '| RowKind::Epoch\n        | RowKind::Note => format!',
  },
  {
    file: `${ROWS}/digest.rs`,
    find: '| RowKind::RolloutOverride => return None,',
    replacement: '| RowKind::RolloutOverride\n        | RowKind::Note => return None,',
  },
  {
    file: 'edge-worker/src/hub/news.rs',
    find: '| RowKind::Refused => continue,',
    replacement: '| RowKind::Refused\n                | RowKind::Note => continue,',
  },
  {
    file: 'edge-worker/src/hub/push.rs',
    find: '| RowKind::RolloutOverride => {}',
    replacement: '| RowKind::RolloutOverride\n            | RowKind::Note => {}',
  },
  {
    file: 'edge-worker/control/src/command.rs',
    find: 'match current.compiled(key, [write.clone()].into(), [change.clone()].into(), compiler) {',
    replacement: `let note = |name: &str| (RowKey::of(RowKind::Note, name), Some(format!("{{\\"switched\\":{enabled}}}")));
    let writes = [write.clone(), note(key), note("customer-1")];
    match current.compiled(key, writes.into(), [change.clone()].into(), compiler) {`,
  },
  { file: MIGRATIONS, find: newest, replacement: `${newest}\n    ${include(MIGRATION.file)}` },
];

const PUT = 'put(sql, newest.number, at, commit.writes.iter().map(|(key, text)| (key, text.as_deref())))?;';

/** This release with faults that spoil the store of a later one, and find no override that a sound release wrote. */
const broken = [
  { file: `${ROWS}/mod.rs`, find: '0x7477_696E_666C_6167', replacement: '0x7477_696E_666C_6168' },
  {
    file: 'edge-worker/src/store/sqlite.rs',
    find: PUT,
    replacement: `${PUT}
                sql.script("DELETE FROM unpaged_rows WHERE kind = 'note'")?;
                sql.script("DELETE FROM paged_rows WHERE kind = 'note'")?;
                sql.script("DELETE FROM history WHERE kind = 'note'")?;`,
  },
  { file: MIGRATIONS, find: 'if writes_from <= COUNT => Access::Write,', replacement: 'if writes_from <= COUNT + 1 => Access::Write,' },
];

export const releases = { next, broken };
