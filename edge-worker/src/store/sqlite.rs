//! The store in the durable object's own SQLite: nothing to install.
use sdk_core::Millis;
use serde::Deserialize;
use worker::{Error, Result, SqlStorage, State, Storage};

use super::{Store, transaction};

/// In their order; a number once used is never changed.
const MIGRATIONS: &[&str] = &[include_str!("../../migrations/sqlite/0001_documents.sql")];

/// Bytes of text in one row. A value of more than 1 MB can fail; a part ends where a character does.
const PART: usize = 500_000;

pub(crate) struct Sqlite {
    storage: Storage,
    sql: SqlStorage,
}

impl Sqlite {
    pub(crate) fn of(state: &State) -> Self {
        let storage = state.storage();
        Self { sql: storage.sql(), storage }
    }

    /// Applies the migrations that are missing. At first use, not before: a constructor has nobody to tell of an error.
    fn migrated(&self) -> Result<&SqlStorage> {
        self.sql.exec("CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY)", None)?;
        let applied: Count = self.sql.exec("SELECT count(*) AS n FROM migrations", None)?.one()?;
        for (migration, number) in MIGRATIONS.iter().zip(1_u32..).skip(applied.n) {
            transaction::run(&self.storage, || {
                self.sql.exec(migration, None)?;
                self.sql.exec("INSERT INTO migrations (number) VALUES (?)", vec![i64::from(number).into()])
            })?;
        }
        Ok(&self.sql)
    }
}

impl Store for Sqlite {
    fn newest_version(&self) -> Result<Option<u32>> {
        let newest: Newest = self.migrated()?.exec("SELECT max(version) AS version FROM documents", None)?.one()?;
        Ok(newest.version)
    }

    fn text(&self, version: u32) -> Result<String> {
        let query = "SELECT text FROM document_parts WHERE version = ? ORDER BY part";
        let parts: Vec<Part> = self.migrated()?.exec(query, vec![i64::from(version).into()])?.to_array()?;
        Ok(parts.into_iter().map(|part| part.text).collect())
    }

    fn bucket_key(&self) -> Result<Option<String>> {
        let keys: Vec<Key> = self.migrated()?.exec("SELECT hex FROM bucket_key", None)?.to_array()?;
        Ok(keys.into_iter().next().map(|key| key.hex))
    }

    fn append(&self, text: &str, bucket_key: &str, at: Millis) -> Result<u32> {
        let sql = self.migrated()?;
        transaction::run(&self.storage, || {
            let version = self.newest_version()?.unwrap_or(0).checked_add(1).ok_or_else(|| Error::from("no version is left"))?;
            sql.exec("INSERT INTO documents (version, imported_at) VALUES (?, ?)", vec![i64::from(version).into(), at.0.into()])?;
            for (part, number) in parts(text).zip(0_i64..) {
                let row = vec![i64::from(version).into(), number.into(), part.into()];
                sql.exec("INSERT INTO document_parts (version, part, text) VALUES (?, ?, ?)", row)?;
            }
            sql.exec("INSERT INTO bucket_key (id, hex) VALUES (1, ?) ON CONFLICT DO NOTHING", vec![bucket_key.into()])?;
            Ok(version)
        })
    }
}

#[derive(Deserialize)]
struct Count {
    n: usize,
}

#[derive(Deserialize)]
struct Newest {
    version: Option<u32>,
}

#[derive(Deserialize)]
struct Part {
    text: String,
}

#[derive(Deserialize)]
struct Key {
    hex: String,
}

/// The text in pieces of at most [`PART`] bytes.
fn parts(mut text: &str) -> impl Iterator<Item = &str> {
    std::iter::from_fn(move || {
        let (part, rest) = text.split_at(text.floor_char_boundary(PART));
        text = rest;
        (!part.is_empty()).then_some(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[usize]) {
        assert_eq!(parts(text).map(str::len).collect::<Vec<_>>(), expected);
        assert_eq!(parts(text).collect::<String>(), text);
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        check("", &[]);
        check(&"a".repeat(PART), &[PART]);
        check(&"a".repeat(PART + 1), &[PART, 1]);
        // Three bytes each: 500,000 is no multiple of three.
        check(&"€".repeat(200_000), &[PART - 2, 100_002]);
    }
}
