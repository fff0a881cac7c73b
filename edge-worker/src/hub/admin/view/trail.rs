//! Pages of records, versions and events, as JSON.
use serde::Serialize;
use serde_json::value::RawValue;

use super::{raw, stored, text};
use crate::{
    problem::Problem,
    store::audit::{Found, Happened, ListedVersion, Stored},
};

/// A page of records; the next page has those before the sequence number `next`.
pub(in super::super) fn changes(records: &Found<Stored>) -> Result<String, Problem> {
    #[derive(Serialize)]
    struct View {
        changes: Vec<Box<RawValue>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        next: Option<u64>,
    }
    text(&View { changes: records.entries.iter().map(stored).collect::<Result<_, _>>()?, next: records.next })
}

pub(in super::super) fn versions(versions: &[ListedVersion], next: Option<u32>) -> Result<String, Problem> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct View {
        version: u32,
        created_at: String,
        changes: u64,
        #[serde(skip_serializing_if = "Option::is_none")]
        first: Option<Box<RawValue>>,
    }
    #[derive(Serialize)]
    struct Page {
        #[serde(skip_serializing_if = "Option::is_none")]
        next: Option<u32>,
        versions: Vec<View>,
    }
    let view = |version: &ListedVersion| {
        let first = version.first.clone().map(raw).transpose()?;
        Ok::<_, Problem>(View { version: version.number, created_at: version.at.to_rfc3339(), changes: version.changes, first })
    };
    text(&Page { next, versions: versions.iter().map(view).collect::<Result<_, _>>()? })
}

/// A page of events; the next page has those behind `next`.
pub(in super::super) fn events(events: &[Happened], next: Option<String>) -> Result<String, Problem> {
    #[derive(Serialize)]
    struct Page<'v> {
        events: Vec<EventView<'v>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        next: Option<String>,
    }
    text(&Page { events: events.iter().map(EventView::of).collect::<Result<_, _>>()?, next })
}

/// Events, each a line.
pub(in super::super) fn event_lines(events: &[Happened]) -> Result<String, Problem> {
    let mut lines = String::new();
    for event in events {
        lines += &text(&EventView::of(event)?)?;
        lines.push('\n');
    }
    Ok(lines)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct EventView<'v> {
    customer_id: Option<&'v str>,
    event: &'v str,
    feature_name: &'v str,
    flag_path: &'v str,
    id: &'v str,
    metadata: Box<RawValue>,
    sequence: u32,
    timestamp: String,
    unit: Option<&'v str>,
}

impl<'v> EventView<'v> {
    fn of(Happened { sequence, id, flag, feature, customer, unit, event, metadata, at }: &'v Happened) -> Result<Self, Problem> {
        Ok(Self {
            customer_id: customer.as_deref(),
            event,
            feature_name: feature,
            flag_path: flag,
            id,
            metadata: raw(metadata.clone())?,
            sequence: *sequence,
            timestamp: at.to_rfc3339(),
            unit: unit.as_deref(),
        })
    }
}
