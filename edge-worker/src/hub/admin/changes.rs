//! The audit trail: `/api/admin/changes`, `/api/admin/changes/verify`, `/api/admin/events` and `/api/admin/versions`.
use control::{
    change::Verifier,
    rows::{RowKey, RowKind, Rows},
};
use serde::Serialize;
use worker::Response;

use super::{AdminRequest, json, view};
use crate::{
    hub::{
        FlagHub,
        written_rows::{WrittenRows, hash_of_all},
    },
    problem::Problem,
    store::{
        Read,
        audit::{self, Stored},
    },
};

/// The most records in one answer.
const MOST: u32 = 1_000;
/// The number of records that verification reads at a time.
const PIECE: u32 = 5_000;

impl FlagHub {
    /// GET `?flag=&customerId=&organizationId=&action=&changedBy=&version=&before=&limit=`: the records that match, newest first. `next` is
    /// the `before` of the next page. A page holds fewer than `limit`, or none, if it is as far as one request looks.
    pub(super) fn list_changes(&self, asked: &AdminRequest) -> Result<Response, Problem> {
        let query = &asked.query;
        let text = |name: &str| query.get(name).map(str::to_owned);
        let flags = query.get("flag").map(|name| self.names_in_trail(name)).transpose()?.unwrap_or_default();
        let limit = query.limit(50, MOST)?;
        let wanted = audit::ChangesQuery {
            id: None,
            flags,
            pointer: None,
            customer: text("customerId"),
            organization: text("organizationId"),
            action: text("action"),
            actor: text("changedBy"),
            version: query.number("version")?,
            below: query.number("before")?.map(u64::from),
            within: asked.within.clone(),
            limit,
            budget: Some(audit::MOST_LOOKED_AT),
        };
        json(view::trail::changes(&self.store.changes(&wanted)?))
    }

    /// The keys under which the trail has a flag: its own, and those that it had before, which are aliases. Refuses a name that no flag has
    /// or had.
    fn names_in_trail(&self, name: &str) -> Result<Vec<String>, Problem> {
        let ground = self.ground()?;
        let key = RowKey::of(RowKind::State, name);
        if let Some(feature) = ground.held(&Rows::default()).feature(name) {
            return Ok([feature.aliases, vec![feature.key]].concat());
        }
        let flags = vec![key.name.clone()];
        let query = audit::ChangesQuery { flags: flags.clone(), limit: 1, ..audit::ChangesQuery::default() };
        let is_known = ground.rows.text(&key).is_some() || !self.store.changes(&query)?.entries.is_empty();
        if is_known { Ok(flags) } else { Err(Problem::no_flag(name)) }
    }

    /// Verifies the audit trail and answers its first fault, if there is one.
    ///
    /// Follows the chain of hashes from the first record, and compares the rows of each version with the hash in its records. Then compares
    /// the tables that the hub serves from with the history of rows.
    pub(super) fn verify_changes(&self) -> Result<Response, Problem> {
        let mut verifier = Verifier::default();
        let (broken, proved_from) = match broken_chain(&self.store, &mut verifier)? {
            Err(why) => (Some(why), None),
            Ok(proved_from) => (self.store.untold()?, proved_from),
        };
        let (head, records) = verifier.head();
        let view = Trail { valid: broken.is_none(), broken, head: head.to_hex(), proved_from, records };
        json(serde_json::to_string(&view).map_err(|error| worker::Error::from(error).into()))
    }

    /// GET `?featureName=&customerId=&event=&before=&limit=`: the reported outcomes of features and the steps of their rollouts, newest
    /// first.
    pub(super) fn list_events(&self, asked: &AdminRequest) -> Result<Response, Problem> {
        let query = &asked.query;
        let text = |name: &str| query.get(name).map(str::to_owned);
        let flag = match query.get("featureName") {
            Some(name) => Some(self.ground()?.held(&Rows::default()).feature(name).ok_or_else(|| Problem::no_flag(name))?.key),
            None => None,
        };
        let limit = query.limit(50, MOST)?;
        let (customer, event) = (text("customerId"), text("event"));
        let (below, budget) = (query.number("before")?, Some(audit::MOST_LOOKED_AT));
        let events = self.store.events(&audit::EventsQuery { flag, customer, event, below, limit, budget })?;
        json(view::trail::events(&events))
    }

    /// GET `?before=&limit=`: the versions, newest first.
    pub(super) fn list_versions(&self, asked: &AdminRequest) -> Result<Response, Problem> {
        let query = &asked.query;
        let limit = query.limit(50, MOST)?;
        let versions = self.store.versions(query.number("before")?, limit)?;
        let next = versions.last().filter(|last| versions.len() >= limit as usize && last.number > 1).map(|last| last.number);
        json(view::trail::versions(&versions, next))
    }
}

/// Walks the chain, and compares the rows with the hashes that records commit to. Returns the record from which on the trail commits to
/// every row that serves, if there is one; the error is the fault of the first record that does not hold, or whose rows have another hash.
fn broken_chain(store: &impl Read, verifier: &mut Verifier) -> Result<Result<Option<u64>, String>, Problem> {
    let mut rows = WrittenRows::of(store);
    let mut proved_from = Some(1);
    loop {
        let records = store.records(verifier.head().1, PIECE)?;
        if records.is_empty() {
            return Ok(Ok(proved_from));
        }
        for Stored { link, payload, hashes } in records {
            if let Err(why) = verifier.next(link, payload.as_deref(), hashes) {
                return Ok(Err(why));
            }
            let Some(committed) = hashes.rows else {
                proved_from = None;
                continue;
            };
            let written = rows.hash(link.version)?;
            if rows.has_passed() {
                proved_from = None;
            }
            if written != Some(committed) {
                // All other records commit to the rows of their version alone.
                if hash_of_all(store, link.version)? != committed {
                    return Ok(Err(format!("the rows of version {}, of record {}, were altered", link.version, link.sequence)));
                }
                proved_from = Some(link.sequence);
            }
        }
    }
}

/// The result of verifying the trail.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Trail {
    #[serde(skip_serializing_if = "Option::is_none")]
    /// The first fault.
    broken: Option<String>,
    /// The hash of the last record that was verified, in hex.
    head: String,
    /// The number of the record from which on the trail commits to every row that serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    proved_from: Option<u64>,
    /// The number of records that were verified.
    records: u64,
    valid: bool,
}
