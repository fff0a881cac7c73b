//! Records of changes, versions, and answers to requests that may be sent again.
use control::{
    change::{Action, Hash, Hashes, Link},
    rows::{RowKey, RowKind},
};
use sdk_core::Millis;
use serde::Deserialize;
use worker::{Error, Result, SqlStorageValue};

use super::{
    database::Database,
    search::{ABOVE_ALL, Condition, Followed, Matches, Search},
    slices::fit,
};
use crate::store::{
    Answer, Commit,
    audit::{ChangesQuery, ForExplain, Found, Head, ListedVersion, Stored},
};

/// Takes the place, the payload and the hashes of a record.
pub(super) const INSERT: &str =
    "INSERT INTO feature_flag_changes (sequence, version, payload, payload_hash, rows_hash, hash) VALUES (?, ?, ?, ?, ?, ?)";

/// Writes what belongs to the rows of a command.
pub(super) fn put(sql: &impl Database, commit: &Commit<'_>, at: Millis) -> Result<()> {
    if let Some(sequence) = commit.erase {
        sql.run("UPDATE feature_flag_changes SET payload = NULL WHERE sequence = ?", vec![whole(sequence)?])?;
    }
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
    let query = format!("SELECT {COLUMNS} FROM feature_flag_changes ORDER BY sequence DESC LIMIT 1");
    let newest = stored(sql, &query, Vec::new())?.into_iter().next();
    let (chain, link) = newest.map_or((Hash::NONE, Link { sequence: 0, version: 0 }), |record| (record.hashes.chain, record.link));
    let made = sql.number("SELECT created_at AS n FROM versions ORDER BY version DESC LIMIT 1", Vec::new())?;
    Ok(Head { chain, link, made: Millis(made.unwrap_or(i64::MIN)) })
}

pub(super) fn changes(sql: &impl Database, asked: &ChangesQuery) -> Result<Found<Stored>> {
    let Matches { entries, next } = search(asked)?.run(sql, COLUMNS, |row: &Row| Ok(i64::try_from(row.sequence).unwrap_or(i64::MAX)))?;
    Ok(Found { entries: entries.into_iter().map(Row::stored).collect(), next: next.and_then(|next| next.try_into().ok()) })
}

/// The most keys of flags whose index is followed; more are tested instead.
const MOST_FLAGS: usize = 16;

/// The search for the records that match. It follows the filter that fewest records tend to match.
fn search(asked: &ChangesQuery) -> Result<Search> {
    let texts = [
        ("id", &asked.id, None),
        ("payload ->> '$.pointer'", &asked.pointer, None),
        ("customer_id", &asked.customer, Some(RowKind::Customer)),
        ("organization_id", &asked.organization, Some(RowKind::Organization)),
        ("changed_by", &asked.actor, None),
        ("action", &asked.action, None),
    ];
    let mut followed = None;
    let mut tested = Vec::new();
    if let Some(version) = asked.version {
        followed = Some(Followed { column: "version", values: vec![i64::from(version).into()], owner: None });
    }
    for (column, value, kind) in texts {
        let Some(value) = value else { continue };
        let owner = kind.map(|kind| RowKey::of(kind, value));
        if followed.is_none() {
            followed = Some(Followed { column, values: vec![value.as_str().into()], owner });
        } else {
            tested.push(owner.map_or_else(|| Condition::equals(column, value), |owner| about(column, value, &owner)));
        }
    }
    if !asked.flags.is_empty() {
        let values: serde_json::Value = asked.flags.as_slice().into();
        if followed.is_none() && asked.flags.len() <= MOST_FLAGS {
            followed =
                Some(Followed { column: "flag_path", values: asked.flags.iter().map(|flag| flag.as_str().into()).collect(), owner: None });
        } else {
            let sql = "entry.flag_path IN (SELECT value FROM json_each(?))".to_owned();
            tested.push(Condition { sql, values: vec![values.to_string().into()] });
        }
    }
    if let Some(within) = &asked.within {
        let sql = "(entry.organization_id = ? AND entry.action <> 'customer.assign' OR EXISTS (SELECT 1
                FROM paged_rows JOIN history USING (kind, name, version) WHERE kind = 'membership'
                AND name = substr(json_quote(entry.customer_id), 2, length(json_quote(entry.customer_id)) - 2) AND history.text ->> '$' = ?)
            AND entry.sequence > coalesce((SELECT max(sequence) FROM feature_flag_changes AS assignment
              WHERE assignment.customer_id = entry.customer_id AND assignment.action = 'customer.assign'), 0))";
        tested.push(Condition { sql: sql.to_owned(), values: vec![within.as_str().into(), within.as_str().into()] });
    }
    let below = asked.below.map_or(Ok(ABOVE_ALL), i64::try_from).map_err(|error| Error::RustError(error.to_string()))?;
    Ok(Search { table: "feature_flag_changes", followed, tested, below, limit: asked.limit, budget: asked.budget })
}

/// The condition that a record is about an owner: it names the owner, or it is of a slice of an import that wrote the owner's row.
fn about(column: &str, id: &str, owner: &RowKey) -> Condition {
    let sql = format!(
        "(entry.{column} = ? OR entry.action = '{}' AND EXISTS (SELECT 1 FROM history
           WHERE history.kind = ? AND history.name = ? AND history.version = entry.version))",
        Action::OverridesImported.as_str()
    );
    Condition { sql, values: vec![id.into(), owner.kind.as_str().into(), owner.name.as_str().into()] }
}

pub(super) fn behind(sql: &impl Database, after: u64, limit: u32) -> Result<Vec<Stored>> {
    let lengths = "SELECT coalesce(octet_length(payload), 0) AS bytes FROM feature_flag_changes WHERE sequence > ? ORDER BY sequence";
    let most = fit(sql, lengths, vec![whole(after)?], limit)?;
    let query = format!("SELECT {COLUMNS} FROM feature_flag_changes WHERE sequence > ? ORDER BY sequence LIMIT ?");
    stored(sql, &query, vec![whole(after)?, most.into()])
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
    // A hold and an adopted edit leave every answer as it was.
    let mut query = format!(
        "SELECT {COLUMNS} FROM feature_flag_changes
          WHERE flag_path = ? AND version <= ? AND action NOT LIKE 'schedule.%' AND action NOT IN ('{}', '{}')",
        Action::RolloutHeld.as_str(),
        Action::EditAdopted.as_str()
    );
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

const COLUMNS: &str = "sequence, version, payload, payload_hash, rows_hash, hash";

fn stored(sql: &impl Database, query: &str, bindings: Vec<SqlStorageValue>) -> Result<Vec<Stored>> {
    let found: Vec<Row> = sql.exec(query, bindings)?;
    Ok(found.into_iter().map(Row::stored).collect())
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

impl Row {
    fn stored(self) -> Stored {
        // A hash that cannot be read was damaged: the chain does not hold there, and verifying the trail finds it.
        let hash = |text: &str| Hash::from_hex(text).unwrap_or(Hash::NONE);
        let link = Link { sequence: self.sequence, version: self.version };
        let hashes = Hashes { payload: hash(&self.payload_hash), rows: self.rows_hash.as_deref().map(hash), chain: hash(&self.hash) };
        Stored { link, hashes, payload: self.payload }
    }
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

#[cfg(test)]
mod tests;
