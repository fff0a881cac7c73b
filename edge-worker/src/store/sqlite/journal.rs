//! The store as one that follows a journal: it takes entries in their order, each with its place.
use serde::Deserialize;
use worker::{Error, Result};

use super::{Sqlite, database::Database};
use crate::store::{
    Commit, Conflict, Read, Transfer,
    jobs::{Job, JobKey},
    journal::{Entry, Identity, Outbox, Position},
    webhooks::WebhookWrite,
};

const TABLE: &str = include_str!("../../../migrations/journal/0001_journal.sql");

#[derive(Deserialize)]
struct Row {
    number: i64,
    entry: String,
}

impl<D: Database> Sqlite<D> {
    /// The entry that waits for the journal.
    pub(crate) const fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// The last entry that the store has taken; `None` if the store never followed a journal.
    pub(crate) fn position(&self) -> Result<Option<Position>> {
        let sql = self.migrated()?;
        sql.script(TABLE)?;
        let row: Option<Row> = sql.exec("SELECT number, entry FROM journal", Vec::new())?.pop();
        Ok(row.map(|Row { number, entry }| Position { number, entry }))
    }

    /// Takes an entry and keeps its place, both or neither. Fails if the store is at another version than the entry follows.
    pub(crate) fn take(
        &self,
        entry: &Entry,
        position: &Position,
        jobs: &[(JobKey, Option<Job>)],
        webhooks: &[(String, WebhookWrite)],
    ) -> Result<()> {
        let sql = self.migrated()?;
        entry.with_commit(jobs, |commit| {
            let commit = &Commit { webhooks, ..*commit };
            sql.transaction(|| {
                // Each store forgets answers at a time of its own: this one may still have one that the writer has forgotten.
                if let Some((subject, key)) = entry.answered() {
                    sql.run("DELETE FROM idempotency WHERE subject = ? AND key = ?", vec![subject.into(), key.into()])?;
                }
                self.commit_within(sql, entry.expected(), commit, entry.at())?.map_err(|Conflict| {
                    Error::RustError(format!(
                        "entry {} of the journal follows version {}, and the store has another",
                        position.number,
                        entry.expected()
                    ))
                })?;
                keep(sql, position)
            })
        })
    }

    /// Empties the store, so that it takes the journal from its first entry on.
    pub(crate) fn start_over(&self, identity: &Identity) -> Result<()> {
        self.begin_restore()?;
        self.end_restore(true)?;
        let sql = self.migrated()?;
        sql.script(TABLE)?;
        sql.transaction(|| {
            sql.run("UPDATE store SET epoch = ?", vec![identity.epoch.to_string().into()])?;
            sql.run("UPDATE stream_key SET key = ?", vec![identity.stream_key.as_str().into()])?;
            keep(sql, &Position::start())
        })
    }

    /// Returns true if the store has no version.
    pub(crate) fn is_new(&self) -> Result<bool> {
        Ok(self.newest()?.number == 0)
    }
}

fn keep(sql: &impl Database, position: &Position) -> Result<()> {
    let put = "INSERT INTO journal (id, number, entry) VALUES (1, ?, ?)
        ON CONFLICT (id) DO UPDATE SET number = excluded.number, entry = excluded.entry";
    sql.run(put, vec![position.number.into(), position.entry.as_str().into()])
}
