//! Reads what rows were: each row that a version wrote with its text before, and the versions of one row.
use std::collections::BTreeMap;

use control::{
    Reverted, RevertedRow,
    change::Action,
    rows::{RowKey, RowKind},
};
use serde::Deserialize;
use worker::{Result, SqlStorageValue};

use super::{database::Database, rows::text_of};

pub(super) fn reverted(sql: &impl Database, version: u32) -> Result<Reverted> {
    let number = || SqlStorageValue::from(i64::from(version));
    let keys: Vec<Written> = sql.exec(
        "SELECT kind, name, (SELECT max(version) FROM history WHERE kind = row.kind AND name = row.name) AS newest
        FROM history AS row WHERE version = ? AND part = 0 ORDER BY kind, name",
        vec![number()],
    )?;
    let query = format!("SELECT kind, name, {} AS text FROM history WHERE version = ? ORDER BY kind, name, part", text_of("text"));
    let written = texts(sql, &query, vec![number()])?;
    let query = format!(
        "SELECT row.kind, row.name, {} AS text FROM history AS here JOIN history AS row ON row.kind = here.kind AND row.name = here.name
          AND row.version = (SELECT max(version) FROM history WHERE kind = here.kind AND name = here.name AND version < here.version)
        WHERE here.version = ? AND here.part = 0 ORDER BY row.kind, row.name, row.part",
        text_of("row.text")
    );
    let before = texts(sql, &query, vec![number()])?;
    let mut reverted = Reverted { version, ..Reverted::default() };
    for Written { kind, name, newest } in keys {
        let Some(known) = RowKind::from_name(&kind) else {
            reverted.has_unknown_rows = true;
            continue;
        };
        let place = (kind, name);
        let text = |texts: &BTreeMap<(String, String), String>| texts.get(&place).cloned();
        let (before, written) = (text(&before), text(&written));
        let key = RowKey { kind: known, name: place.1 };
        let newest = changed_last(sql, &key, version, newest)?;
        reverted.rows.push(RevertedRow { key, before, written, newest });
    }
    Ok(reverted)
}

pub(super) fn written_since(sql: &impl Database, version: u32, most: u32) -> Result<Option<Vec<RowKey>>> {
    let query = "SELECT kind, name, NULL AS text FROM history
        WHERE version > ? AND page IS NULL AND kind NOT IN ('break glass', 'schedule', 'rollout override', 'webhook') AND part = 0 ORDER BY version LIMIT ?";
    keys(sql, query, version, most)
}

/// The owners whose rows were written after a version; `None` if there are more than `most`.
pub(super) fn owners_written_since(sql: &impl Database, version: u32, most: u32) -> Result<Option<Vec<RowKey>>> {
    // The sign keeps the index of pages out, which has no order by version.
    let query =
        "SELECT kind, name, NULL AS text FROM history WHERE version > ? AND +page IS NOT NULL AND part = 0 ORDER BY version LIMIT ?";
    keys(sql, query, version, most)
}

fn keys(sql: &impl Database, query: &str, version: u32, most: u32) -> Result<Option<Vec<RowKey>>> {
    let found: Vec<Part> = sql.exec(query, vec![i64::from(version).into(), (i64::from(most) + 1).into()])?;
    if u32::try_from(found.len()).is_ok_and(|count| count > most) {
        return Ok(None);
    }
    Ok(Some(found.into_iter().filter_map(|Part { kind, name, .. }| Some(RowKey { kind: RowKind::from_name(&kind)?, name })).collect()))
}

/// The newest version that changed a row, from one of its versions to its newest. An import that takes over an edit writes it once more as
/// it is; and where a change was reverted, neither it nor its revert counts, so that changes are taken back one after the other.
fn changed_last(sql: &impl Database, key: &RowKey, version: u32, mut newest: u32) -> Result<u32> {
    while newest > version {
        if let Some(undone) = undone(sql, newest)?.filter(|undone| *undone > version) {
            let Some(before) = last_write(sql, key, Some(undone))? else { break };
            newest = before;
            continue;
        }
        let Some(before) = last_write(sql, key, Some(newest))? else { break };
        if written(sql, key, before)? != written(sql, key, newest)? {
            break;
        }
        newest = before;
    }
    Ok(newest)
}

/// The version of the change that a version reverted; `None` if it reverted none.
fn undone(sql: &impl Database, version: u32) -> Result<Option<u32>> {
    let query = "SELECT undone.version AS n FROM feature_flag_changes AS change
        JOIN feature_flag_changes AS undone ON undone.id = change.payload ->> '$.reverts' WHERE change.version = ? LIMIT 1";
    Ok(sql.number(query, vec![i64::from(version).into()])?.and_then(|version| version.try_into().ok()))
}

/// The versions among `made` with a record of one of the actions that are bound next. No import makes such a record: where the first record
/// of a version is an import's, which may have thousands, the others are not read.
const WANTED: &str = "wanted AS MATERIALIZED (SELECT version FROM made WHERE iif(
            (SELECT action IN ('import.definition', 'import.state') FROM feature_flag_changes
              WHERE version = made.version ORDER BY sequence LIMIT 1), 0,
            EXISTS (SELECT 1 FROM feature_flag_changes AS change
              WHERE change.version = made.version AND change.action IN (SELECT value FROM json_each(?)))))";

pub(super) fn last_written_by(sql: &impl Database, kinds: &[RowKind], actions: &[Action]) -> Result<Vec<RowKey>> {
    let query = format!(
        "WITH kinds AS (SELECT value AS kind FROM json_each(?)),
          made AS MATERIALIZED (SELECT DISTINCT newest.version FROM kinds CROSS JOIN unpaged_rows AS newest USING (kind)), {WANTED}
        SELECT newest.kind, newest.name, NULL AS text FROM kinds CROSS JOIN unpaged_rows AS newest USING (kind) JOIN wanted USING (version)
        ORDER BY newest.kind, newest.name"
    );
    keys_by(sql, &query, kinds, actions)
}

/// Reads each name that was ever written once, whatever the number of its versions.
pub(super) fn last_removed_by(sql: &impl Database, kinds: &[RowKind], actions: &[Action]) -> Result<Vec<RowKey>> {
    let query = format!(
        "WITH RECURSIVE names (kind, name) AS (
          SELECT value, (SELECT min(name) FROM history WHERE page IS NULL AND kind = value) FROM json_each(?)
          UNION ALL
          SELECT kind, (SELECT min(history.name) FROM history
            WHERE page IS NULL AND history.kind = names.kind AND history.name > names.name) FROM names WHERE name IS NOT NULL),
          removed AS MATERIALIZED (SELECT kind, name, (SELECT max(version) FROM history
              WHERE page IS NULL AND history.kind = names.kind AND history.name = names.name) AS version
            FROM names WHERE name IS NOT NULL
              AND NOT EXISTS (SELECT 1 FROM unpaged_rows AS newest WHERE newest.kind = names.kind AND newest.name = names.name)),
          made AS MATERIALIZED (SELECT DISTINCT version FROM removed), {WANTED}
        SELECT kind, name, NULL AS text FROM removed JOIN wanted USING (version) ORDER BY kind, name"
    );
    keys_by(sql, &query, kinds, actions)
}

fn keys_by(sql: &impl Database, query: &str, kinds: &[RowKind], actions: &[Action]) -> Result<Vec<RowKey>> {
    let kinds: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
    let actions: Vec<&str> = actions.iter().map(|action| action.as_str()).collect();
    let found: Vec<Part> = sql.exec(query, vec![serde_json::to_string(&kinds)?.into(), serde_json::to_string(&actions)?.into()])?;
    Ok(found.into_iter().filter_map(|Part { kind, name, .. }| Some(RowKey { kind: RowKind::from_name(&kind)?, name })).collect())
}

pub(super) fn last_write(sql: &impl Database, key: &RowKey, below: Option<u32>) -> Result<Option<u32>> {
    let query = "SELECT max(version) AS n FROM history WHERE kind = ? AND name = ? AND version < ?";
    let version = sql.number(query, place(key, below.unwrap_or(u32::MAX)))?;
    Ok(version.and_then(|version| version.try_into().ok()))
}

pub(super) fn written(sql: &impl Database, key: &RowKey, version: u32) -> Result<Option<String>> {
    let query =
        format!("SELECT kind, name, {} AS text FROM history WHERE kind = ? AND name = ? AND version = ? ORDER BY part", text_of("text"));
    Ok(texts(sql, &query, place(key, version))?.into_values().next())
}

fn place(key: &RowKey, version: u32) -> Vec<SqlStorageValue> {
    vec![key.kind.as_str().into(), key.name.as_str().into(), i64::from(version).into()]
}

/// The texts of rows by kind and name, their parts put together; a row that was removed has none.
fn texts(sql: &impl Database, query: &str, bindings: Vec<SqlStorageValue>) -> Result<BTreeMap<(String, String), String>> {
    let parts: Vec<Part> = sql.exec(query, bindings)?;
    let mut texts: BTreeMap<(String, String), String> = BTreeMap::new();
    for Part { kind, name, text } in parts {
        if let Some(text) = text {
            texts.entry((kind, name)).or_default().push_str(&text);
        }
    }
    Ok(texts)
}

#[derive(Deserialize)]
struct Written {
    kind: String,
    name: String,
    newest: u32,
}

#[derive(Deserialize)]
struct Part {
    kind: String,
    name: String,
    text: Option<String>,
}
