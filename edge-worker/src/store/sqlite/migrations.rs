//! From the tables of an earlier release to those of this one. A number once used is never changed.
use control::rows::{RowKey, RowKind, Rows, State};
use sdk_core::Millis;
use serde::Deserialize;
use worker::{Error, Result};

use super::{database::Database, put};
use crate::store::Access;

/// In their order.
const MIGRATIONS: &[&str] = &[
    include_str!("../../../migrations/sqlite/0001_documents.sql"),
    include_str!("../../../migrations/sqlite/0002_rows.sql"),
    include_str!("../../../migrations/sqlite/0003_control_plane.sql"),
    include_str!("../../../migrations/sqlite/0004_proof.sql"),
    include_str!("../../../migrations/sqlite/0005_store.sql"),
    include_str!("../../../migrations/sqlite/0006_jobs.sql"),
    include_str!("../../../migrations/sqlite/0007_baseline.sql"),
    include_str!("../../../migrations/sqlite/0008_changes_by_id.sql"),
    include_str!("../../../migrations/sqlite/0009_owners.sql"),
    include_str!("../../../migrations/sqlite/0013_imports.sql"),
];

/// The form of a store that this release makes.
pub(super) const COUNT: usize = MIGRATIONS.len();

/// Applies all to an empty database, within the caller's transaction.
pub(super) fn apply_within(sql: &impl Database) -> Result<()> {
    sql.script(NUMBERS)?;
    (1_u32..).zip(MIGRATIONS).try_for_each(|(number, migration)| one(sql, number, migration))
}

const NUMBERS: &str = "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY)";

fn one(sql: &impl Database, number: u32, migration: &str) -> Result<()> {
    sql.script(migration)?;
    // This step needs more than SQL.
    if number == 2 {
        documents_to_rows(sql)?;
    }
    sql.run("INSERT INTO migrations (number) VALUES (?)", vec![i64::from(number).into()])
}

/// Returns the use that this release may make of a store, which a later one may have written. A store tells the least form that may
/// serve from it and the least that may write it; a form is a number of migrations.
pub(super) fn access(sql: &impl Database) -> Result<Access> {
    let store: Forms = sql.one("SELECT writes_from, serves_from FROM store", Vec::new())?;
    Ok(match store {
        Forms { writes_from, .. } if writes_from <= COUNT => Access::Write,
        Forms { serves_from, .. } if serves_from <= COUNT => Access::Serve,
        Forms { .. } => Access::Nothing,
    })
}

/// Applies those that are missing, each in a transaction.
pub(super) fn apply(sql: &impl Database) -> Result<()> {
    sql.script(NUMBERS)?;
    let applied = sql.number("SELECT count(*) AS n FROM migrations", Vec::new())?.unwrap_or_default();
    for (migration, number) in MIGRATIONS.iter().zip(1_u32..).filter(|(_, number)| i64::from(*number) > applied) {
        sql.transaction(|| one(sql, number, migration))?;
    }
    Ok(())
}

/// Documents that lie in parts become rows, each at the version it had, and the key made for those without one goes with them.
fn documents_to_rows(sql: &impl Database) -> Result<()> {
    let keys: Vec<Key> = sql.exec("SELECT hex FROM bucket_key", Vec::new())?;
    let versions: Vec<Document> = sql.exec("SELECT version, imported_at FROM documents ORDER BY version", Vec::new())?;
    let mut held = Rows::default();
    for Document { version, imported_at } in versions {
        let query = "SELECT text FROM document_parts WHERE version = ? ORDER BY part";
        let parts: Vec<Part> = sql.exec(query, vec![i64::from(version).into()])?;
        let text: String = parts.into_iter().map(|part| part.text).collect();
        let document = Rows::split(&text).ok_or_else(|| Error::RustError(format!("version {version} is no document")))?;
        let keyless = document.get(RowKind::Member, "bucketKey").is_none();
        let mut next = held.merge(document, State::Replace).rows;
        // There, a document without a key was drawn by the made one, whatever was imported before it.
        if let (true, Some(key)) = (keyless, keys.first()) {
            next.insert(RowKey::of(RowKind::BucketKey, ""), key.hex.clone());
            next.remove(&RowKey::of(RowKind::Member, "bucketKey"));
        }
        put(sql, version, Millis(imported_at), held.writes(&next).into_iter())?;
        held = next;
    }
    for table in ["document_parts", "documents", "bucket_key"] {
        sql.script(&format!("DROP TABLE {table}"))?;
    }
    Ok(())
}

#[derive(Deserialize)]
struct Forms {
    writes_from: usize,
    serves_from: usize,
}

#[derive(Deserialize)]
struct Key {
    hex: String,
}

#[derive(Deserialize)]
struct Document {
    version: u32,
    imported_at: i64,
}

#[derive(Deserialize)]
struct Part {
    text: String,
}
