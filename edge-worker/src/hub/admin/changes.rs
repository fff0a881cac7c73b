//! The audit trail: `/api/admin/changes`, `/api/admin/events` and `/api/admin/versions`.
use control::rows::{RowKey, RowKind, Rows};
use worker::Response;

use super::{AdminRequest, json, view};
use crate::{
    hub::FlagHub,
    problem::Problem,
    store::{Read, audit},
};

/// The most records in one answer.
const MOST: u32 = 1_000;

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
