//! The table of jobs, and the tables that jobs shorten.
use sdk_core::Millis;
use serde::Deserialize;
use worker::{Result, SqlStorageValue};

use super::database::Database;
use crate::store::{
    Commit,
    jobs::{Expired, Forget, Job, JobKey, Retained},
};

/// The earliest of these kinds, or of any. A row that an edit of the file made unreadable is left out.
pub(super) fn list(sql: &impl Database, kinds: Option<&[&str]>, limit: u32) -> Result<Vec<(JobKey, Job)>> {
    let which = kinds.map_or_else(|| "1".to_owned(), |kinds| format!("kind IN ({})", vec!["?"; kinds.len()].join(", ")));
    let query = format!(
        "SELECT kind, payload, due, failures, error FROM jobs WHERE {which} AND typeof(kind) = 'text' AND typeof(payload) = 'text'
          AND typeof(due) = 'integer' AND typeof(failures) = 'integer' AND failures BETWEEN 0 AND 4294967295
          AND typeof(error) IN ('text', 'null') ORDER BY due, kind, payload LIMIT ?"
    );
    let mut bindings: Vec<SqlStorageValue> = kinds.unwrap_or_default().iter().map(|kind| (*kind).into()).collect();
    bindings.push(i64::from(limit).into());
    let found: Vec<Row> = sql.exec(&query, bindings)?;
    let job = |Row { kind, payload, due, failures, error }| (JobKey { kind, payload }, Job { due: Millis(due), failures, error });
    Ok(found.into_iter().map(job).collect())
}

/// Writes the jobs of a commit, deletes what it no longer keeps, and sets the time of jobs.
pub(super) fn put(sql: &impl Database, commit: &Commit<'_>) -> Result<()> {
    if let Some(Forget { what, before, most }) = commit.forget {
        let Table { name, condition, at } = table(what);
        let oldest = format!("SELECT rowid FROM {name} WHERE {condition} AND {at} < ? ORDER BY {at} LIMIT ?");
        sql.run(&format!("DELETE FROM {name} WHERE rowid IN ({oldest})"), vec![before.0.into(), i64::from(most).into()])?;
    }
    for (key, job) in commit.jobs {
        let mut row: Vec<SqlStorageValue> = vec![key.kind.as_str().into(), key.payload.as_str().into()];
        let Some(Job { due, failures, error }) = job else {
            sql.run("DELETE FROM jobs WHERE kind = ? AND payload = ?", row)?;
            continue;
        };
        row.extend([due.0.into(), i64::from(*failures).into(), error.as_deref().into()]);
        let put = "INSERT INTO jobs (kind, payload, due, failures, error) VALUES (?, ?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET due = excluded.due, failures = excluded.failures, error = excluded.error";
        sql.run(put, row)?;
    }
    if let Some(millis) = commit.clock_ahead {
        sql.run("UPDATE store SET clock_ahead = ?", vec![millis.into()])?;
    }
    Ok(())
}

/// The table of something that is retained.
struct Table {
    name: &'static str,
    condition: &'static str,
    /// The column with the moment at which a row was written.
    at: &'static str,
}

const fn table(what: Retained) -> Table {
    match what {
        Retained::Answers => Table { name: "idempotency", condition: "1", at: "created_at" },
        Retained::Outcomes => Table { name: "rollout_events", condition: "unit IS NOT NULL", at: "timestamp" },
    }
}

pub(super) fn expired(sql: &impl Database, Forget { what, before, most }: Forget) -> Result<Expired> {
    let Table { name, condition, at } = table(what);
    let query = format!("SELECT count(*) AS n FROM (SELECT 1 FROM {name} WHERE {condition} AND {at} < ? ORDER BY {at} LIMIT ?)");
    let count = sql.number(&query, vec![before.0.into(), i64::from(most).into()])?.unwrap_or_default();
    let query = format!("SELECT {at} AS n FROM {name} WHERE {condition} ORDER BY {at} LIMIT 1 OFFSET ?");
    let next = sql.number(&query, vec![count.into()])?.map(Millis);
    Ok(Expired { has_any: count > 0, next })
}

pub(super) fn clock_ahead(sql: &impl Database) -> Result<i64> {
    Ok(sql.number("SELECT clock_ahead AS n FROM store", Vec::new())?.unwrap_or_default())
}

#[derive(Deserialize)]
struct Row {
    kind: String,
    payload: String,
    due: i64,
    failures: u32,
    error: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::{Sqlite, database::tests::Memory};

    impl Sqlite<Memory> {
        /// Has every slice fail at its last statement, or no more.
        pub(crate) fn fail_jobs(&self, is_failing: bool) {
            let trigger = if is_failing {
                "CREATE TRIGGER fails BEFORE UPDATE ON jobs WHEN NEW.failures = 0 BEGIN SELECT RAISE(ABORT, 'as a test wants'); END"
            } else {
                "DROP TRIGGER fails"
            };
            self.database.script(trigger).unwrap();
        }
    }
}
