//! Records of changes, versions, and answers to requests that may be sent again.
use control::{
    change::{Action, Hash, Hashes, Link},
    rows::{RowKey, RowKind},
};
use sdk_core::Millis;
use serde::Deserialize;
use worker::{Error, Result, SqlStorageValue};

use super::database::Database;
use crate::store::{
    Answer, Commit,
    audit::{ChangesQuery, ForExplain, Head, ListedVersion, Stored},
};

/// Takes the place, the payload and the hashes of a record.
pub(super) const INSERT: &str =
    "INSERT INTO feature_flag_changes (sequence, version, payload, payload_hash, rows_hash, hash) VALUES (?, ?, ?, ?, ?, ?)";

/// Writes what belongs to the rows of a command.
pub(super) fn put(sql: &impl Database, commit: &Commit<'_>, at: Millis) -> Result<()> {
    for record in commit.records {
        let row = vec![
            whole(record.link.sequence)?,
            i64::from(record.link.version).into(),
            record.payload.as_str().into(),
            record.hashes.payload.to_hex().into(),
            record.hashes.rows.map(Hash::to_hex).into(),
            record.hashes.chain.to_hex().into(),
        ];
        sql.run(INSERT, row)?;
    }
    for (id, event) in commit.events {
        let row = vec![
            id.as_str().into(),
            event.feature.as_str().into(),
            event.flag.as_str().into(),
            event.name.into(),
            event.metadata.as_str().into(),
            at.0.into(),
        ];
        sql.run(
            "INSERT INTO rollout_events (id, feature_name, flag_path, event_type, metadata, timestamp) VALUES (?, ?, ?, ?, ?, ?)",
            row,
        )?;
    }
    if let Some(Answer { subject, key, request, body }) = commit.answer {
        let row = vec![subject.into(), key.into(), request.into(), body.into(), at.0.into()];
        sql.run("INSERT INTO idempotency (subject, key, request, answer, created_at) VALUES (?, ?, ?, ?, ?)", row)?;
    }
    Ok(())
}

pub(super) fn head(sql: &impl Database) -> Result<Head> {
    let query = format!("{COLUMNS} FROM feature_flag_changes ORDER BY sequence DESC LIMIT 1");
    let newest = stored(sql, &query, Vec::new())?.into_iter().next();
    let (chain, link) = newest.map_or((Hash::NONE, Link { sequence: 0, version: 0 }), |record| (record.hashes.chain, record.link));
    let made = sql.number("SELECT created_at AS n FROM versions ORDER BY version DESC LIMIT 1", Vec::new())?;
    Ok(Head { chain, link, made: Millis(made.unwrap_or(i64::MIN)) })
}

pub(super) fn changes(sql: &impl Database, asked: &ChangesQuery) -> Result<Vec<Stored>> {
    let mut query = format!("{COLUMNS} FROM feature_flag_changes AS change WHERE 1");
    let mut bindings = Vec::new();
    let texts = [("id", &asked.id), ("payload ->> '$.pointer'", &asked.pointer), ("action", &asked.action), ("changed_by", &asked.actor)];
    for (column, value) in texts {
        if let Some(value) = value {
            query += &format!(" AND {column} = ?");
            bindings.push(value.as_str().into());
        }
    }
    for (column, kind, id) in
        [("customer_id", RowKind::Customer, &asked.customer), ("organization_id", RowKind::Organization, &asked.organization)]
    {
        if let Some(id) = id {
            // The record of a slice of an import names no owner: the rows of its version do.
            query += &format!(
                " AND ({column} = ? OR action = '{}' AND version IN (SELECT version FROM history WHERE kind = '{}' AND name = ?))",
                Action::OverridesImported.as_str(),
                kind.as_str()
            );
            bindings.extend([id.as_str().into(), RowKey::of(kind, id).name.into()]);
        }
    }
    if !asked.flags.is_empty() {
        query += &format!(" AND flag_path IN ({})", vec!["?"; asked.flags.len()].join(", "));
        bindings.extend(asked.flags.iter().map(|flag| flag.as_str().into()));
    }
    if let Some(version) = asked.version {
        query += " AND version = ?";
        bindings.push(i64::from(version).into());
    }
    if let Some(below) = asked.below {
        query += " AND sequence < ?";
        bindings.push(whole(below)?);
    }
    if let Some(within) = &asked.within {
        query +=
            " AND (organization_id = ? AND action <> 'customer.assign' OR customer_id IN (SELECT json_extract('\"' || name || '\"', '$')
            FROM newest JOIN history USING (kind, name, version) WHERE kind = 'membership' AND text ->> '$' = ?)
            AND sequence > coalesce((SELECT max(sequence) FROM feature_flag_changes AS answer_diffs
              WHERE answer_diffs.customer_id = change.customer_id AND answer_diffs.action = 'customer.assign'), 0))";
        bindings.extend([within.as_str().into(), within.as_str().into()]);
    }
    query += " ORDER BY sequence DESC LIMIT ?";
    bindings.push(i64::from(asked.limit).into());
    stored(sql, &query, bindings)
}

pub(super) fn behind(sql: &impl Database, after: u64, limit: u32) -> Result<Vec<Stored>> {
    let query = format!("{COLUMNS} FROM feature_flag_changes WHERE sequence > ? ORDER BY sequence LIMIT ?");
    stored(sql, &query, vec![whole(after)?, i64::from(limit).into()])
}

pub(super) fn versions(sql: &impl Database, below: Option<u32>, limit: u32) -> Result<Vec<ListedVersion>> {
    let query = "SELECT version, created_at,
          (SELECT count(*) FROM feature_flag_changes AS change WHERE change.version = versions.version) AS changes,
          (SELECT payload FROM feature_flag_changes AS change WHERE change.version = versions.version ORDER BY sequence LIMIT 1) AS first
        FROM versions WHERE version < ? ORDER BY version DESC LIMIT ?";
    let below = i64::from(below.unwrap_or(u32::MAX));
    let found: Vec<VersionRow> = sql.exec(query, vec![below.into(), i64::from(limit).into()])?;
    let version =
        |row: VersionRow| ListedVersion { number: row.version, at: Millis(row.created_at), changes: row.changes, first: row.first };
    Ok(found.into_iter().map(version).collect())
}

pub(super) fn explaining(sql: &impl Database, asked: &ForExplain<'_>) -> Result<Option<Stored>> {
    let mut query = format!("{COLUMNS} FROM feature_flag_changes WHERE flag_path = ? AND version <= ?");
    let mut bindings: Vec<SqlStorageValue> = vec![asked.flag.into(), i64::from(asked.version).into()];
    match (asked.layer, asked.customer, asked.organization) {
        ("customer", Some(customer), _) => {
            query += " AND customer_id = ?";
            bindings.push(customer.into());
        }
        ("organization", _, Some(organization)) => {
            query += " AND organization_id = ? AND customer_id IS NULL";
            bindings.push(organization.into());
        }
        (layer, ..) => {
            query += " AND customer_id IS NULL AND organization_id IS NULL";
            query += match layer {
                // Changes of lists, guards and percentages do not change the kill switch.
                "kill" => " AND action NOT IN ('rollout.lists', 'rollout.guard', 'rollout.percentage')",
                "rollout" => {
                    " AND (action LIKE 'rollout.%' AND action <> 'rollout.guard' OR action LIKE 'import.%' OR action = 'change.revert')"
                }
                _ => " AND action NOT IN ('rollout.guard', 'rollout.pause', 'rollout.resume')",
            };
        }
    }
    // Of one import, the record of the definition comes before that of the state, unless the state answered.
    let by_definition = !matches!(asked.layer, "kill" | "rollout");
    query += if by_definition {
        " ORDER BY version DESC, action = 'import.definition' DESC"
    } else {
        " ORDER BY version DESC, action = 'import.state' DESC"
    };
    query += ", sequence DESC LIMIT 1";
    Ok(stored(sql, &query, bindings)?.into_iter().next())
}

pub(super) fn answered(sql: &impl Database, subject: &str, key: &str) -> Result<Option<(String, String)>> {
    let query = "SELECT request, answer FROM idempotency WHERE subject = ? AND key = ?";
    let found: Vec<AnswerRow> = sql.exec(query, vec![subject.into(), key.into()])?;
    Ok(found.into_iter().next().map(|row| (row.request, row.answer)))
}

const COLUMNS: &str = "SELECT sequence, version, payload, payload_hash, rows_hash, hash";

fn stored(sql: &impl Database, query: &str, bindings: Vec<SqlStorageValue>) -> Result<Vec<Stored>> {
    let found: Vec<Row> = sql.exec(query, bindings)?;
    // One that cannot be read was damaged: the chain does not hold there, and whoever walks it says so.
    let hash = |text: &str| Hash::from_hex(text).unwrap_or(Hash::NONE);
    let read = |row: Row| {
        let link = Link { sequence: row.sequence, version: row.version };
        let hashes = Hashes { payload: hash(&row.payload_hash), rows: row.rows_hash.as_deref().map(hash), chain: hash(&row.hash) };
        Stored { link, hashes, payload: row.payload }
    };
    Ok(found.into_iter().map(read).collect())
}

fn whole(number: u64) -> Result<SqlStorageValue> {
    Ok(i64::try_from(number).map_err(|error| Error::RustError(error.to_string()))?.into())
}

#[derive(Deserialize)]
struct Row {
    sequence: u64,
    version: u32,
    payload: Option<String>,
    payload_hash: String,
    rows_hash: Option<String>,
    hash: String,
}

#[derive(Deserialize)]
struct VersionRow {
    version: u32,
    created_at: i64,
    changes: u64,
    first: Option<String>,
}

#[derive(Deserialize)]
struct AnswerRow {
    request: String,
    answer: String,
}
