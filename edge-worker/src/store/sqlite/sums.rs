//! Sums of outcomes that tallies sent, the guard's states, and the secret of receipts.
use control::lifecycle::Observed;
use sdk_core::Millis;
use serde::Deserialize;
use worker::Result;

use super::database::Database;
use crate::{
    store::{GuardRow, UnknownFlag, Used},
    tally::wire::Batch,
};

/// The most names that no flag has that are remembered: the latest.
const MOST_UNKNOWN: i64 = 1_000;

#[derive(Deserialize)]
struct State {
    state: String,
    held_at: Option<i64>,
}

#[derive(Deserialize)]
struct Counts {
    exposures: u64,
    errors: u64,
}

#[derive(Deserialize)]
struct Text {
    text: Option<String>,
}

pub(super) fn last_batch(sql: &impl Database, tally: &str) -> Result<i64> {
    Ok(sql.number("SELECT batch AS n FROM tallies WHERE name = ?", vec![tally.into()])?.unwrap_or_default())
}

/// Within the caller's transaction.
pub(super) fn keep(sql: &impl Database, batch: &Batch, states: &[GuardRow], at: Millis) -> Result<()> {
    for GuardRow { flag, state, held_at } in states {
        let put = "INSERT INTO guard_states (flag_path, state, held_at) VALUES (?, ?, ?)
            ON CONFLICT DO UPDATE SET state = excluded.state, held_at = excluded.held_at";
        sql.run(put, vec![flag.as_str().into(), state.as_str().into(), held_at.map(|at| at.0).into()])?;
    }
    if batch.number <= last_batch(sql, &batch.tally)? {
        return Ok(());
    }
    sql.run("INSERT OR REPLACE INTO tallies (name, batch) VALUES (?, ?)", vec![batch.tally.as_str().into(), batch.number.into()])?;
    for sums in batch.sums.iter().filter(|sums| sums.exposures + sums.errors > 0) {
        let add = "INSERT INTO stage_counts (flag_path, stage_since, exposures, errors) VALUES (?, ?, ?, ?)
            ON CONFLICT DO UPDATE SET exposures = exposures + excluded.exposures, errors = errors + excluded.errors";
        let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        sql.run(add, vec![sums.flag.as_str().into(), sums.since.into(), count(sums.exposures).into(), count(sums.errors).into()])?;
    }
    let usage = serde_json::to_string(&batch.usage).map_err(|error| worker::Error::RustError(error.to_string()))?;
    let add = "INSERT INTO flag_usage (flag_path, hour, variant, event_type, outcomes)
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4 FROM json_each(?) WHERE 1
        ON CONFLICT DO UPDATE SET outcomes = outcomes + excluded.outcomes";
    sql.run(add, vec![usage.into()])?;
    if !batch.unknown.is_empty() {
        let unknown = serde_json::to_string(&batch.unknown).map_err(|error| worker::Error::RustError(error.to_string()))?;
        let add = "INSERT INTO unknown_flags (name, outcomes, last_at) SELECT value ->> 0, value ->> 1, ? FROM json_each(?) WHERE 1
            ON CONFLICT DO UPDATE SET outcomes = outcomes + excluded.outcomes, last_at = max(last_at, excluded.last_at)";
        sql.run(add, vec![at.0.into(), unknown.into()])?;
        let forget = "DELETE FROM unknown_flags WHERE name NOT IN (SELECT name FROM unknown_flags ORDER BY last_at DESC, name LIMIT ?)";
        sql.run(forget, vec![MOST_UNKNOWN.into()])?;
    }
    Ok(())
}

pub(super) fn observed(sql: &impl Database, flag: &str, since: Millis) -> Result<Observed> {
    let query = "SELECT exposures, errors FROM stage_counts WHERE flag_path = ? AND stage_since = ?";
    let found: Vec<Counts> = sql.exec(query, vec![flag.into(), since.0.into()])?;
    Ok(found.first().map_or_else(Observed::default, |counts| Observed { exposures: counts.exposures, errors: counts.errors }))
}

pub(super) fn guard_state(sql: &impl Database, flag: &str) -> Result<Option<(String, Option<Millis>)>> {
    let found: Vec<State> = sql.exec("SELECT state, held_at FROM guard_states WHERE flag_path = ?", vec![flag.into()])?;
    Ok(found.into_iter().next().map(|State { state, held_at }| (state, held_at.map(Millis))))
}

pub(super) fn usage(sql: &impl Database, flag: &str, from_hour: i64) -> Result<Vec<Used>> {
    let query =
        "SELECT hour, variant, event_type, outcomes FROM flag_usage WHERE flag_path = ? AND hour >= ? ORDER BY hour, variant, event_type";
    sql.exec(query, vec![flag.into(), from_hour.into()])
}

pub(super) fn last_used(sql: &impl Database, flag: &str) -> Result<Option<i64>> {
    sql.number("SELECT max(hour) AS n FROM flag_usage WHERE flag_path = ?", vec![flag.into()])
}

pub(super) fn unknown_flags(sql: &impl Database, limit: u32) -> Result<Vec<UnknownFlag>> {
    let query = "SELECT name, outcomes, last_at FROM unknown_flags ORDER BY last_at DESC, name LIMIT ?";
    sql.exec(query, vec![i64::from(limit).into()])
}

pub(super) fn receipt_key(sql: &impl Database) -> Result<Option<String>> {
    let found: Text = sql.one("SELECT receipt_key AS text FROM store", Vec::new())?;
    Ok(found.text)
}
