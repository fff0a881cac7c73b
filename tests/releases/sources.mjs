/**
 * Writes the sources of a made-up release into an empty folder: those of this repository with edits.
 *
 *     node tests/releases/sources.mjs next|broken FOLDER
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { around, copyCrates } from '../mutants/workshop.mjs';

const ROWS = 'edge-worker/control/src/rows';
const MIGRATIONS = 'edge-worker/src/store/sqlite/migrations.rs';

/** The next release: killing a flag also writes two rows of a new kind, one of them on the page of a customer; one more migration. */
const next = [
  { file: `${ROWS}/mod.rs`, find: 'pub enum RowKind {', replacement: 'pub enum RowKind {\n    /// A note.\n    Note,' },
  { file: `${ROWS}/mod.rs`, find: 'const KINDS: [(RowKind, &str); 11] = [', replacement: 'const KINDS: [(RowKind, &str); 12] = [(RowKind::Note, "note"),' },
  { file: `${ROWS}/mod.rs`, find: '| Self::Key => None,', replacement: '| Self::Key | Self::Note => None,' },
  { file: `${ROWS}/mod.rs`, find: 'Self::Course | Self::Membership | Self::Key => true,', replacement: 'Self::Course | Self::Membership | Self::Key | Self::Note => true,' },
  {
    file: `${ROWS}/mod.rs`,
    find: 'let owner = if self.kind == RowKind::Membership {',
    replacement: 'let owner = if self.kind == RowKind::Membership || self.kind == RowKind::Note && self.name.starts_with("customer-") {',
  },
  { file: `${ROWS}/changes.rs`, find: '| RowKind::Course | RowKind::Membership | RowKind::Key => {}', replacement: '| RowKind::Course | RowKind::Membership | RowKind::Key | RowKind::Note => {}' },
  { file: `${ROWS}/changes.rs`, find: 'RowKind::Membership | RowKind::Key => Place::ROOT', replacement: 'RowKind::Membership | RowKind::Key | RowKind::Note => Place::ROOT' },
  { file: 'edge-worker/control/src/import.rs', find: '| RowKind::Membership | RowKind::Key => Some', replacement: '| RowKind::Membership | RowKind::Key | RowKind::Note => Some' },
  {
    file: 'edge-worker/control/src/command.rs',
    find: 'match current.compiled(key, [write.clone()].into(), [change.clone()].into(), compiler) {',
    replacement: `let note = |name: &str| (RowKey::of(RowKind::Note, name), Some(format!("{{\\"switched\\":{enabled}}}")));
    let writes = [write.clone(), note(key), note("customer-1")];
    match current.compiled(key, writes.into(), [change.clone()].into(), compiler) {`,
  },
  { file: MIGRATIONS, find: '0005_store.sql"),', replacement: '0005_store.sql"),\n    include_str!("../../../migrations/sqlite/0006_notes.sql"),' },
];
/** Its last statement names the forms that the store demands of other releases; `withForms` replaces them in the built module. */
const MIGRATION = `CREATE TABLE notes (version INTEGER PRIMARY KEY REFERENCES versions (version), text TEXT NOT NULL);
INSERT INTO notes SELECT version, 'made before there were notes' FROM versions;
ALTER TABLE history ADD COLUMN noted INTEGER NOT NULL DEFAULT 0;
CREATE INDEX history_by_note ON history (noted) WHERE noted <> 0;
UPDATE store SET writes_from = 5, serves_from = 5;
`;

/** This release with faults that spoil the store of a later one, and find no override that a sound release wrote. */
const broken = [
  { file: `${ROWS}/mod.rs`, find: '0x7477_696E_666C_6167', replacement: '0x7477_696E_666C_6168' },
  {
    file: 'edge-worker/src/store/sqlite.rs',
    find: 'put(sql, commit.version, at, commit.writes.iter().map(|(key, text)| (key, text.as_deref())))?;',
    replacement: `put(sql, commit.version, at, commit.writes.iter().map(|(key, text)| (key, text.as_deref())))?;
                sql.script("DELETE FROM newest WHERE kind = 'note'")?;
                sql.script("DELETE FROM history WHERE kind = 'note'")?;`,
  },
  { file: MIGRATIONS, find: 'if writes_from <= COUNT => Access::Write,', replacement: 'if writes_from <= COUNT + 1 => Access::Write,' },
];

const [release, folder] = process.argv.slice(2);
const edits = { next, broken }[release];
copyCrates(folder, ['sdk-core', 'edge-worker', 'edge-worker/control']);
for (const edit of edits) writeFileSync(join(folder, edit.file), around({ name: release, ...edit }, folder).join(edit.replacement));
if (release === 'next') writeFileSync(join(folder, 'edge-worker/migrations/sqlite/0006_notes.sql'), MIGRATION);
