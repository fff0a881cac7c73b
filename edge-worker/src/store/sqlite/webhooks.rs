//! The tables of webhooks' progress and attempts.
use sdk_core::Millis;
use serde::Deserialize;
use worker::{Result, SqlStorageValue};

use super::database::Database;
use crate::store::webhooks::{MOST_ATTEMPTS, WebhookAttempt, WebhookProgress, WebhookWrite};

/// Within the caller's transaction.
pub(super) fn put(sql: &impl Database, writes: &[(String, WebhookWrite)]) -> Result<()> {
    for (id, write) in writes {
        let id = || SqlStorageValue::from(id.as_str());
        match write {
            WebhookWrite::Begin(behind) => {
                sql.run("INSERT OR IGNORE INTO webhook_progress (webhook, behind) VALUES (?, ?)", vec![id(), whole(*behind)])?;
            }
            WebhookWrite::Progress(WebhookProgress { behind, failing_since, is_gone }) => {
                let row = vec![id(), whole(*behind), failing_since.map(|at| at.0).into(), i64::from(*is_gone).into()];
                sql.run("INSERT OR REPLACE INTO webhook_progress (webhook, behind, failing_since, is_gone) VALUES (?, ?, ?, ?)", row)?;
            }
            WebhookWrite::Attempt(WebhookAttempt { record, record_id, action, at, milliseconds, status, error }) => {
                let row = vec![
                    id(),
                    whole(*record),
                    record_id.as_str().into(),
                    action.as_str().into(),
                    at.0.into(),
                    i64::from(*milliseconds).into(),
                    status.map(i64::from).into(),
                    error.as_deref().into(),
                ];
                let add = "INSERT INTO webhook_attempts (webhook, record, record_id, action, at, milliseconds, status, error)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
                sql.run(add, row)?;
                let older = "DELETE FROM webhook_attempts WHERE webhook = ? AND number <=
                    (SELECT number FROM webhook_attempts WHERE webhook = ? ORDER BY number DESC LIMIT 1 OFFSET ?)";
                sql.run(older, vec![id(), id(), i64::from(MOST_ATTEMPTS).into()])?;
            }
            WebhookWrite::End => sql.run("DELETE FROM webhook_progress WHERE webhook = ?", vec![id()])?,
            WebhookWrite::Forget => {
                sql.run("DELETE FROM webhook_progress WHERE webhook = ?", vec![id()])?;
                sql.run("DELETE FROM webhook_attempts WHERE webhook = ?", vec![id()])?;
            }
        }
    }
    Ok(())
}

pub(super) fn progress(sql: &impl Database, id: &str) -> Result<Option<WebhookProgress>> {
    let query = "SELECT behind, failing_since, is_gone FROM webhook_progress WHERE webhook = ?";
    let found: Vec<ProgressRow> = sql.exec(query, vec![id.into()])?;
    let progress = |ProgressRow { behind, failing_since, is_gone }| WebhookProgress {
        behind,
        failing_since: failing_since.map(Millis),
        is_gone: is_gone != 0,
    };
    Ok(found.into_iter().next().map(progress))
}

/// The latest first.
pub(super) fn attempts(sql: &impl Database, id: &str, limit: u32) -> Result<Vec<WebhookAttempt>> {
    let query = "SELECT record, record_id, action, at, milliseconds, status, error FROM webhook_attempts
        WHERE webhook = ? ORDER BY number DESC LIMIT ?";
    let found: Vec<AttemptRow> = sql.exec(query, vec![id.into(), i64::from(limit).into()])?;
    let attempt = |row: AttemptRow| WebhookAttempt {
        record: row.record,
        record_id: row.record_id,
        action: row.action,
        at: Millis(row.at),
        milliseconds: row.milliseconds,
        status: row.status,
        error: row.error,
    };
    Ok(found.into_iter().map(attempt).collect())
}

fn whole(number: u64) -> SqlStorageValue {
    i64::try_from(number).unwrap_or(i64::MAX).into()
}

#[derive(Deserialize)]
struct ProgressRow {
    behind: u64,
    failing_since: Option<i64>,
    is_gone: u8,
}

#[derive(Deserialize)]
struct AttemptRow {
    record: u64,
    record_id: String,
    action: String,
    at: i64,
    milliseconds: u32,
    status: Option<u16>,
    error: Option<String>,
}
