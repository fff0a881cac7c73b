//! From the tables of an earlier release to those of this one. A number once used is never changed.
use sdk_core::{
    Millis,
    rows::{RowKey, RowKind, Rows, State},
};
use serde::Deserialize;
use worker::{Error, Result, SqlStorage, Storage};

use super::{sqlite::put, transaction};

struct Migration {
    sql: &'static str,
    /// What SQL cannot do.
    carry: Option<fn(&SqlStorage) -> Result<()>>,
}

/// In their order.
const MIGRATIONS: &[Migration] = &[
    Migration { sql: include_str!("../../migrations/sqlite/0001_documents.sql"), carry: None },
    Migration { sql: include_str!("../../migrations/sqlite/0002_rows.sql"), carry: Some(documents_to_rows) },
    Migration { sql: include_str!("../../migrations/sqlite/0003_control_plane.sql"), carry: None },
];

/// Applies those that are missing, each in a transaction.
pub(super) fn apply(storage: &Storage, sql: &SqlStorage) -> Result<()> {
    sql.exec("CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY)", None)?;
    let applied: Count = sql.exec("SELECT count(*) AS n FROM migrations", None)?.one()?;
    for (migration, number) in MIGRATIONS.iter().zip(1_u32..).skip(applied.n) {
        transaction::run(storage, || {
            sql.exec(migration.sql, None)?;
            if let Some(carry) = migration.carry {
                carry(sql)?;
            }
            sql.exec("INSERT INTO migrations (number) VALUES (?)", vec![i64::from(number).into()])
        })?;
    }
    Ok(())
}

/// Documents that lie in parts become rows, each at the version it had, and the key made for those without one goes with them.
fn documents_to_rows(sql: &SqlStorage) -> Result<()> {
    let keys: Vec<Key> = sql.exec("SELECT hex FROM bucket_key", None)?.to_array()?;
    let versions: Vec<Document> = sql.exec("SELECT version, imported_at FROM documents ORDER BY version", None)?.to_array()?;
    let mut held = Rows::default();
    for Document { version, imported_at } in versions {
        let query = "SELECT text FROM document_parts WHERE version = ? ORDER BY part";
        let parts: Vec<Part> = sql.exec(query, vec![i64::from(version).into()])?.to_array()?;
        let text: String = parts.into_iter().map(|part| part.text).collect();
        let document = Rows::split(&text).ok_or_else(|| Error::RustError(format!("version {version} is no document")))?;
        let keyless = document.get(RowKind::Member, "bucketKey").is_none();
        let mut next = held.merge(document, State::Replace).rows;
        // There, a document without a key was drawn by the made one, whatever was imported before it.
        if let (true, Some(key)) = (keyless, keys.first()) {
            next.insert(RowKey::of(RowKind::BucketKey, ""), key.hex.clone());
        }
        put(sql, version, Millis(imported_at), held.writes(&next).into_iter())?;
        held = next;
    }
    for table in ["document_parts", "documents", "bucket_key"] {
        sql.exec(&format!("DROP TABLE {table}"), None)?;
    }
    Ok(())
}

#[derive(Deserialize)]
struct Count {
    n: usize,
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
