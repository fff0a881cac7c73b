//! Facts of the hub itself, which no version has: its name, the key of its streams, and the last use of each API token.
use std::collections::BTreeMap;

use serde::Deserialize;
use worker::Result;

use super::database::Database;

pub(super) fn registered_name(sql: &impl Database) -> Result<Option<String>> {
    text(sql, "SELECT name AS text FROM registered_name")
}

pub(super) fn keep_registered_name(sql: &impl Database, name: &str) -> Result<()> {
    sql.transaction(|| {
        sql.run("DELETE FROM registered_name", Vec::new())?;
        sql.run("INSERT INTO registered_name VALUES (?)", vec![name.into()])
    })
}

pub(super) fn stream_key(sql: &impl Database) -> Result<Option<String>> {
    text(sql, "SELECT key AS text FROM stream_key")
}

fn text(sql: &impl Database, query: &str) -> Result<Option<String>> {
    #[derive(Deserialize)]
    struct Row {
        text: String,
    }
    Ok(sql.exec::<Row>(query, Vec::new())?.pop().map(|row| row.text))
}

/// A token whose row is gone loses its use, so that there are never more of them than tokens.
pub(super) fn keep_token_use(sql: &impl Database, token: &str, hour: i64) -> Result<()> {
    sql.transaction(|| {
        let put = "INSERT INTO token_uses VALUES (?, ?) ON CONFLICT (token) DO UPDATE SET hour = excluded.hour WHERE hour < excluded.hour";
        sql.run(put, vec![token.into(), hour.into()])?;
        let gone = "DELETE FROM token_uses WHERE NOT EXISTS (SELECT 1 FROM unpaged_rows WHERE kind = 'key' AND name = token)";
        sql.run(gone, Vec::new())
    })
}

pub(super) fn token_uses(sql: &impl Database) -> Result<BTreeMap<String, i64>> {
    #[derive(Deserialize)]
    struct Row {
        token: String,
        hour: i64,
    }
    let found: Vec<Row> = sql.exec("SELECT token, hour FROM token_uses", Vec::new())?;
    Ok(found.into_iter().map(|Row { token, hour }| (token, hour)).collect())
}
