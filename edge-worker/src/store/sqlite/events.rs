//! The logs of rollouts: their steps, and the outcomes that servers reported to earlier releases.
use sdk_core::Millis;
use serde::Deserialize;
use worker::Result;

use super::{
    database::Database,
    search::{self, Matches, Search},
};
use crate::store::audit::{EventsQuery, Found, Happened};

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
    let (followed, tested) = search::divided([("customer_id", &asked.customer), ("flag_path", &asked.flag), ("event_type", &asked.event)]);
    let below = asked.below.map_or(search::ABOVE_ALL, i64::from);
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
