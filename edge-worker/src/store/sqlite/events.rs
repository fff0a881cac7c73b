//! Outcomes that servers report, and their counts.
use control::lifecycle::Observed;
use sdk_core::Millis;
use serde::Deserialize;
use worker::Result;

use super::database::Database;
use crate::store::{
    Outcome,
    audit::{EventsQuery, Happened},
};

pub(super) fn keep(sql: &impl Database, outcomes: &[Outcome]) -> Result<u32> {
    let insert = "INSERT INTO rollout_events (id, feature_name, flag_path, customer_id, unit, event_type, metadata, timestamp)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING RETURNING 1 AS n";
    let mut kept = 0;
    for Outcome { id, flag, feature, customer, unit, event, metadata, at } in outcomes {
        let row = vec![
            id.as_str().into(),
            feature.as_str().into(),
            flag.as_str().into(),
            customer.as_deref().into(),
            unit.as_str().into(),
            event.as_str().into(),
            metadata.as_str().into(),
            at.0.into(),
        ];
        let new: Vec<One> = sql.exec(insert, row)?;
        kept += new.iter().map(|one| one.n).sum::<u32>();
    }
    Ok(kept)
}

pub(super) fn list(sql: &impl Database, asked: &EventsQuery) -> Result<Vec<Happened>> {
    let mut query = String::from(
        "SELECT sequence, id, feature_name, flag_path, customer_id, unit, event_type, metadata, timestamp FROM rollout_events WHERE sequence < ?",
    );
    let mut bindings = vec![i64::from(asked.below.unwrap_or(u32::MAX)).into()];
    for (column, value) in [("flag_path", &asked.flag), ("customer_id", &asked.customer), ("event_type", &asked.event)] {
        if let Some(value) = value {
            query += &format!(" AND {column} = ?");
            bindings.push(value.as_str().into());
        }
    }
    query += " ORDER BY sequence DESC LIMIT ?";
    bindings.push(i64::from(asked.limit).into());
    let found: Vec<Row> = sql.exec(&query, bindings)?;
    let happened = |row: Row| Happened {
        sequence: row.sequence,
        id: row.id,
        flag: row.flag_path,
        feature: row.feature_name,
        customer: row.customer_id,
        unit: row.unit,
        event: row.event_type,
        metadata: row.metadata,
        at: Millis(row.timestamp),
    };
    Ok(found.into_iter().map(happened).collect())
}

/// An event as its table holds it.
#[derive(Deserialize)]
pub(super) struct Row {
    pub(super) sequence: u32,
    pub(super) id: String,
    pub(super) feature_name: String,
    pub(super) flag_path: String,
    pub(super) customer_id: Option<String>,
    pub(super) unit: Option<String>,
    pub(super) event_type: String,
    pub(super) metadata: String,
    pub(super) timestamp: i64,
}

/// A unit counts once, however often it was seen; one with an error was exposed.
pub(super) fn observed(sql: &impl Database, flag: &str, since: Millis) -> Result<Observed> {
    let query = "SELECT count(DISTINCT unit) AS exposures, count(DISTINCT CASE event_type WHEN 'error' THEN unit END) AS errors
        FROM rollout_events WHERE flag_path = ? AND timestamp >= ? AND event_type IN ('enabled', 'error')";
    let counts: Counts = sql.one(query, vec![flag.into(), since.0.into()])?;
    Ok(Observed { exposures: counts.exposures, errors: counts.errors })
}

#[derive(Deserialize)]
struct One {
    n: u32,
}

#[derive(Deserialize)]
struct Counts {
    exposures: u64,
    errors: u64,
}
