//! The audit trail: `/api/admin/changes`, `/api/admin/events` and `/api/admin/versions`.
use std::fmt;

use control::rows::{RowKey, RowKind, Rows};
use sdk_core::Millis;
use worker::{Response, ResponseBuilder};

use super::{AdminRequest, json, view};
use crate::{
    hub::FlagHub,
    problem::Problem,
    store::{Read, audit},
    tally::{
        client as tally,
        wire::{Page, StoredOutcome},
    },
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
    ///
    /// The hub has the steps, and the tally has the outcomes; each numbers its own. So `next` and `before` have two numbers, such as `12.345`;
    /// one number alone is the hub's.
    pub(super) async fn list_events(&self, asked: &AdminRequest) -> Result<Response, Problem> {
        let query = &asked.query;
        let text = |name: &str| query.get(name).map(str::to_owned);
        let flag = match query.get("featureName") {
            Some(name) => Some(self.ground()?.held(&Rows::default()).feature(name).ok_or_else(|| Problem::no_flag(name))?.key),
            None => None,
        };
        let limit = query.limit(50, MOST)?;
        if let Some(after) = query.get("after") {
            query.only("after", &["limit"])?;
            return self.export_outcomes(after, limit).await;
        }
        let (customer, event) = (text("customerId"), text("event"));
        let Cursor { steps: below, outcomes: outcomes_below } = query.get("before").map(Cursor::parse).transpose()?.unwrap_or_default();
        let wanted = tally::Wanted {
            flag: flag.as_deref(),
            customer: customer.as_deref(),
            event: event.as_deref(),
            below: outcomes_below,
            after: None,
            limit,
        };
        let registered = self.registered().map(ToString::to_string);
        let outcomes = tally::events(&self.env, registered.as_deref(), &wanted).await?;
        self.check_open()?;
        let budget = Some(audit::MOST_LOOKED_AT);
        let steps = self.store.events(&audit::EventsQuery { flag, customer, event, below, limit, budget })?;
        let ground = self.ground()?;
        let none = Rows::default();
        let name = |flag: &str| ground.held(&none).feature(flag).map_or_else(|| flag.to_owned(), |feature| feature.name);
        let (entries, next) = merged(steps, outcomes, limit as usize, (below, outcomes_below), name);
        json(view::trail::events(&entries, next.map(|next| next.to_string())))
    }

    /// GET `?after=&limit=`: the outcomes behind a number as lines of JSON, oldest first. An export goes on behind the `sequence` of its last
    /// line; an answer without a line has come to the end.
    async fn export_outcomes(&self, after: &str, limit: u32) -> Result<Response, Problem> {
        let after = after.parse().map_err(|_| Problem::malformed("expected after to be the sequence of the last line, or 0"))?;
        let registered = self.registered().map(ToString::to_string);
        let wanted = tally::Wanted { flag: None, customer: None, event: None, below: None, after: Some(after), limit };
        let found = tally::events(&self.env, registered.as_deref(), &wanted).await?;
        self.check_open()?;
        let ground = self.ground()?;
        let none = Rows::default();
        let name = |flag: &str| ground.held(&none).feature(flag).map_or_else(|| flag.to_owned(), |feature| feature.name);
        let entries: Vec<_> = found.outcomes.into_iter().map(|outcome| happened(outcome, &name)).collect();
        let answer = ResponseBuilder::new().with_header("content-type", "application/x-ndjson")?;
        Ok(answer.fixed(view::trail::event_lines(&entries)?.into_bytes()))
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

/// The place at which a list of events goes on: numbers below which the hub's steps and the tally's outcomes follow; `None` for the newest.
#[derive(Clone, Copy, Default, Debug, PartialEq, Eq)]
struct Cursor {
    steps: Option<u32>,
    outcomes: Option<i64>,
}

impl Cursor {
    fn parse(text: &str) -> Result<Self, Problem> {
        let (steps, outcomes) = text.split_once('.').map_or((text, None), |(steps, outcomes)| (steps, Some(outcomes)));
        let wrong = || Problem::malformed("expected before to be the next of an earlier answer, such as 12.345");
        let steps = steps.parse().map_err(|_| wrong())?;
        let outcomes = outcomes.map(|outcomes| outcomes.parse().map_err(|_| wrong())).transpose()?;
        Ok(Self { steps: Some(steps), outcomes })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.steps.unwrap_or(u32::MAX), self.outcomes.unwrap_or(MOST_NUMBER))
    }
}

/// A number that no outcome has, and that every reader of JSON knows exactly: 2^53 - 1.
const MOST_NUMBER: i64 = 9_007_199_254_740_991;

/// Steps and outcomes in one list, the newest first, and the place at which it goes on; `None` if nothing follows.
fn merged(
    steps: audit::Found<audit::Happened>,
    outcomes: Page,
    limit: usize,
    (steps_below, outcomes_below): (Option<u32>, Option<i64>),
    name: impl Fn(&str) -> String,
) -> (Vec<audit::Happened>, Option<Cursor>) {
    let (has_more_steps, has_more_outcomes) = (steps.next, outcomes.next);
    let found = (steps.entries.len(), outcomes.outcomes.len());
    let (mut steps, mut others) = (steps.entries.into_iter().peekable(), outcomes.outcomes.into_iter().peekable());
    let (mut entries, mut last) = (Vec::new(), Cursor { steps: steps_below, outcomes: outcomes_below });
    let mut taken = (0, 0);
    while entries.len() < limit {
        let is_step = match (steps.peek(), others.peek()) {
            (Some(step), Some(outcome)) => step.at.0 >= outcome.timestamp,
            (Some(_), None) => true,
            (None, Some(_)) => false,
            (None, None) => break,
        };
        if is_step && let Some(step) = steps.next() {
            last.steps = Some(step.sequence);
            taken.0 += 1;
            entries.push(step);
        } else if let Some(outcome) = others.next() {
            last.outcomes = Some(outcome.sequence);
            taken.1 += 1;
            entries.push(happened(outcome, &name));
        }
    }
    // Where all of one list stand in the answer, it goes on where its search stopped.
    if taken.0 == found.0 {
        last.steps = has_more_steps.and_then(|next| next.try_into().ok()).or(Some(0));
    }
    if taken.1 == found.1 {
        last.outcomes = has_more_outcomes.or(Some(0));
    }
    let is_end = last == Cursor { steps: Some(0), outcomes: Some(0) };
    (entries, (!is_end).then_some(last))
}

fn happened(outcome: StoredOutcome, name: &impl Fn(&str) -> String) -> audit::Happened {
    let StoredOutcome { sequence, id, flag_path, customer_id, unit, event_type, metadata, timestamp } = outcome;
    audit::Happened {
        sequence: u32::try_from(sequence).unwrap_or(u32::MAX),
        id,
        feature: name(&flag_path),
        flag: flag_path,
        customer: customer_id,
        unit: Some(unit),
        event: event_type,
        metadata,
        at: Millis(timestamp),
    }
}
