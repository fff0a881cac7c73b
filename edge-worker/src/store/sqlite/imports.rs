//! The progress of imports of overrides, and the owners that they wrote.
use control::{change::Action, rows::RowKey};
use sdk_core::Millis;
use serde::Deserialize;
use worker::Result;

use super::database::Database;
use crate::store::Progress;

/// The number of imports whose progress is kept.
const KEPT: i64 = 1_000;

pub(super) fn put(sql: &impl Database, progress: Progress<'_>, at: Millis) -> Result<()> {
    let row = vec![progress.import.into(), progress.text.into(), at.0.into()];
    let put = "INSERT INTO imports (id, progress, updated_at) VALUES (?, ?, ?)
        ON CONFLICT DO UPDATE SET progress = excluded.progress, updated_at = excluded.updated_at";
    sql.run(put, row)?;
    let oldest = "DELETE FROM imports WHERE id IN (SELECT id FROM imports ORDER BY updated_at DESC, id LIMIT -1 OFFSET ?)";
    sql.run(oldest, vec![KEPT.into()])
}

pub(super) fn progress(sql: &impl Database, import: &str) -> Result<Option<String>> {
    let found: Vec<Row> = sql.exec("SELECT progress FROM imports WHERE id = ?", vec![import.into()])?;
    Ok(found.into_iter().next().map(|row| row.progress))
}

/// The keys among these that slices of an import wrote, from a version on.
pub(super) fn written(sql: &impl Database, keys: &[RowKey], import: &str, from: u32) -> Result<Vec<RowKey>> {
    let names: Vec<[&str; 2]> = keys.iter().map(|key| [key.kind.as_str(), &key.name]).collect();
    let query = "SELECT value ->> 0 AS kind, value ->> 1 AS name FROM json_each(?) AS wanted
        WHERE EXISTS (SELECT 1 FROM history CROSS JOIN feature_flag_changes AS change USING (version)
          WHERE history.kind = wanted.value ->> 0 AND history.name = wanted.value ->> 1 AND history.version >= ?
            AND change.action = ? AND change.payload ->> '$.newJson.import' = ?)";
    let action = Action::OverridesImported.as_str();
    let found: Vec<Key> =
        sql.exec(query, vec![serde_json::to_string(&names)?.into(), i64::from(from).into(), action.into(), import.into()])?;
    Ok(keys.iter().filter(|key| found.iter().any(|found| found.kind == key.kind.as_str() && found.name == key.name)).cloned().collect())
}

/// The newest versions up to one in which a slice of an import wrote a row, newest first.
pub(super) fn versions(sql: &impl Database, key: &RowKey, upto: u32, limit: u32) -> Result<Vec<u32>> {
    let query = "SELECT version FROM history WHERE kind = ? AND name = ? AND version <= ? AND part = 0
        AND EXISTS (SELECT 1 FROM feature_flag_changes AS change WHERE change.version = history.version AND change.action = ?)
        ORDER BY version DESC LIMIT ?";
    let action = Action::OverridesImported.as_str();
    let bindings = vec![key.kind.as_str().into(), key.name.as_str().into(), i64::from(upto).into(), action.into(), i64::from(limit).into()];
    let found: Vec<Version> = sql.exec(query, bindings)?;
    Ok(found.into_iter().map(|row| row.version).collect())
}

/// The names of owners of one kind behind one, in their order, that were ever written up to a version; the text at that version may be gone.
pub(super) fn owners_at(sql: &impl Database, kind: &str, after: &str, version: u32, limit: u32) -> Result<Vec<String>> {
    let query = "SELECT DISTINCT name FROM history WHERE kind = ? AND name > ? AND version <= ? ORDER BY name LIMIT ?";
    let found: Vec<Name> = sql.exec(query, vec![kind.into(), after.into(), i64::from(version).into(), i64::from(limit).into()])?;
    Ok(found.into_iter().map(|row| row.name).collect())
}

#[derive(Deserialize)]
struct Row {
    progress: String,
}

#[derive(Deserialize)]
struct Key {
    kind: String,
    name: String,
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

#[derive(Deserialize)]
struct Name {
    name: String,
}
