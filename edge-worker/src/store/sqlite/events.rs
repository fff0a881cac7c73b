//! Outcomes that servers report, and their counts.
use control::lifecycle::Observed;
use sdk_core::Millis;
use serde::Deserialize;
use worker::Result;

use super::{
    database::Database,
    search::{Condition, Followed, Matches, Search},
};
use crate::store::{
    Outcome,
    audit::{EventsQuery, Found, Happened},
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

pub(super) fn list(sql: &impl Database, asked: &EventsQuery) -> Result<Found<Happened>> {
    let Matches { entries, next } = search(asked).run(sql, COLUMNS, |row: &Row| Ok(row.sequence.into()))?;
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
    Ok(Found { entries: entries.into_iter().map(happened).collect(), next: next.and_then(|next| next.try_into().ok()) })
}

const COLUMNS: &str = "sequence, id, feature_name, flag_path, customer_id, unit, event_type, metadata, timestamp";

/// The search for the entries that match. It follows the filter that fewest entries tend to match.
pub(super) fn search(asked: &EventsQuery) -> Search {
    let mut followed = None;
    let mut tested = Vec::new();
    for (column, value) in [("customer_id", &asked.customer), ("flag_path", &asked.flag), ("event_type", &asked.event)] {
        let Some(value) = value else { continue };
        if followed.is_none() {
            followed = Some(Followed { column, values: vec![value.as_str().into()], owner: None });
        } else {
            tested.push(Condition::equals(column, value));
        }
    }
    let below = asked.below.map_or(i64::MAX, i64::from);
    Search { table: "rollout_events", followed, tested, below, limit: asked.limit, budget: asked.budget }
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
