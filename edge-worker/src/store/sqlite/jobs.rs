//! The table of jobs, and the tables that jobs shorten.
use sdk_core::Millis;
use serde::Deserialize;
use worker::{Result, SqlStorageValue};

use super::database::Database;
use crate::store::jobs::{Expired, Forget, Job, JobKey, Retained};

/// The earliest of these kinds.
pub(super) fn next(sql: &impl Database, kinds: &[&str]) -> Result<Option<(JobKey, Job)>> {
    let places = vec!["?"; kinds.len()].join(", ");
    let query =
        format!("SELECT kind, payload, due, failures, error FROM jobs WHERE kind IN ({places}) ORDER BY due, kind, payload LIMIT 1");
    let found: Vec<Row> = sql.exec(&query, kinds.iter().map(|kind| (*kind).into()).collect())?;
    let job = |Row { kind, payload, due, failures, error }| (JobKey { kind, payload }, Job { due: Millis(due), failures, error });
    Ok(found.into_iter().next().map(job))
}

/// Writes a job; `None` stands for one that is done.
pub(super) fn put(sql: &impl Database, key: &JobKey, job: Option<&Job>) -> Result<()> {
    let mut row: Vec<SqlStorageValue> = vec![key.kind.as_str().into(), key.payload.as_str().into()];
    let Some(Job { due, failures, error }) = job else { return sql.run("DELETE FROM jobs WHERE kind = ? AND payload = ?", row) };
    row.extend([due.0.into(), i64::from(*failures).into(), error.as_deref().into()]);
    let put = "INSERT INTO jobs (kind, payload, due, failures, error) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET due = excluded.due, failures = excluded.failures, error = excluded.error";
    sql.run(put, row)
}

/// The table of something that is retained, with the condition that selects it, and the column of the moment at which it was written.
const fn table(what: Retained) -> (&'static str, &'static str) {
    match what {
        Retained::Answers => ("idempotency WHERE 1", "created_at"),
        Retained::Outcomes => ("rollout_events WHERE unit IS NOT NULL", "timestamp"),
    }
}

pub(super) fn expired(sql: &impl Database, Forget { what, before, most }: Forget) -> Result<Expired> {
    let (table, at) = table(what);
    let query = format!("SELECT count(*) AS n FROM (SELECT 1 FROM {table} AND {at} < ? ORDER BY {at} LIMIT ?)");
    let Count { n: count } = sql.one(&query, vec![before.0.into(), i64::from(most).into()])?;
    let query = format!("SELECT {at} AS at FROM {table} ORDER BY {at} LIMIT 1 OFFSET ?");
    let next: Vec<Moment> = sql.exec(&query, vec![i64::from(count).into()])?;
    Ok(Expired { count, next: next.first().map(|next| Millis(next.at)) })
}

pub(super) fn forget(sql: &impl Database, Forget { what, before, most }: Forget) -> Result<()> {
    let (table, at) = table(what);
    let name = table.split(' ').next().unwrap_or_default();
    let delete = format!("DELETE FROM {name} WHERE rowid IN (SELECT rowid FROM {table} AND {at} < ? ORDER BY {at} LIMIT ?)");
    sql.run(&delete, vec![before.0.into(), i64::from(most).into()])
}

pub(super) fn clock_ahead(sql: &impl Database) -> Result<i64> {
    let store: Ahead = sql.one("SELECT clock_ahead FROM store", Vec::new())?;
    Ok(store.clock_ahead)
}

pub(super) fn set_clock_ahead(sql: &impl Database, millis: i64) -> Result<()> {
    sql.run("UPDATE store SET clock_ahead = ?", vec![millis.into()])
}

#[derive(Deserialize)]
struct Row {
    kind: String,
    payload: String,
    due: i64,
    failures: u32,
    error: Option<String>,
}

#[derive(Deserialize)]
struct Count {
    n: u32,
}

#[derive(Deserialize)]
struct Moment {
    at: i64,
}

#[derive(Deserialize)]
struct Ahead {
    clock_ahead: i64,
}
