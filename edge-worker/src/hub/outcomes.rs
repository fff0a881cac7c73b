//! `POST /v1/outcomes`: servers report how a feature behaves for the units that have it.
//!
//! `{ outcomes: [{ id, flag, unit, event, variant?, customerId?, metadata? }] }` →
//! `{ counted, duplicates, kept, refused: [{ index, detail }] }`.
//! The time of an outcome is its arrival, by the hub's clock.
use control::rows::Rows;
use sdk_core::Millis;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use worker::{Response, ResponseBuilder};

use super::{
    FlagHub,
    admin::{Object, read},
};
use crate::{
    problem::Problem,
    store::{Outcome, Store},
};

/// The most outcomes in one request.
const MOST: usize = 1_000;
/// The longest text of an outcome, in bytes.
const MAX_TEXT: usize = 256;
/// The longest metadata, in bytes.
const MAX_METADATA: usize = 4_000;
/// The events that rollouts count. Other events are stored too, for readers of `/api/admin/events`.
const COUNTED: [&str; 4] = ["enabled", "disabled", "error", "rollback"];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    outcomes: Vec<Object<Wire>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Wire {
    id: String,
    flag: String,
    unit: String,
    event: String,
    variant: Option<String>,
    customer_id: Option<String>,
    metadata: Option<Box<RawValue>>,
}

#[derive(Serialize)]
struct Refused {
    detail: String,
    index: usize,
}

#[derive(Serialize)]
struct Answer {
    /// The stored outcomes whose event is among [`COUNTED`].
    counted: u32,
    /// The outcomes that were stored before, by their ids.
    duplicates: usize,
    /// The stored outcomes with another event.
    kept: u32,
    refused: Vec<Refused>,
}

impl FlagHub {
    pub(super) fn take_outcomes(&self, body: &str, at: Millis) -> Result<Response, Problem> {
        let Body { outcomes } = read(body)?;
        if outcomes.len() > MOST {
            return Err(Problem::malformed_at("/outcomes", format!("expected at most {MOST}, found {}", outcomes.len())));
        }
        let (mut counting, mut others, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        for (index, Object(wire)) in outcomes.into_iter().enumerate() {
            match self.outcome(wire, at) {
                Ok(outcome) if COUNTED.contains(&outcome.event.as_str()) => counting.push(outcome),
                Ok(outcome) => others.push(outcome),
                Err(detail) => refused.push(Refused { detail, index }),
            }
        }
        let (counted, kept) = (self.store.keep_outcomes(&counting)?, self.store.keep_outcomes(&others)?);
        let duplicates = counting.len() + others.len() - (counted + kept) as usize;
        let answer = Answer { counted, duplicates, kept, refused };
        Ok(ResponseBuilder::new().with_status(202).from_json(&answer)?)
    }

    fn outcome(&self, wire: Wire, at: Millis) -> Result<Outcome, String> {
        let Wire { id, flag, unit, event, variant, customer_id, metadata } = wire;
        let texts = [("id", Some(&id)), ("unit", Some(&unit)), ("event", Some(&event)), ("customerId", customer_id.as_ref())];
        for (name, text) in texts {
            if text.is_some_and(|text| text.is_empty() || text.len() > MAX_TEXT || text.chars().any(char::is_control)) {
                return Err(format!("expected {name} of 1 to {MAX_TEXT} bytes without control characters"));
            }
        }
        let ground = self.ground.newest(&self.store).map_err(|problem| problem.detail)?;
        let feature = ground.held(&Rows::default()).feature(&flag).ok_or_else(|| format!("no flag has the key or alias {flag:?}"))?;
        let given = metadata.as_deref().map_or("{}", RawValue::get);
        if given.len() > MAX_METADATA || !given.starts_with('{') {
            return Err(format!("expected metadata to be an object of at most {MAX_METADATA} bytes"));
        }
        let metadata = match variant {
            None => given.to_owned(),
            Some(variant) => format!(r#"{{"metadata":{given},"variant":{}}}"#, serde_json::Value::from(variant)),
        };
        Ok(Outcome { id, flag: feature.key, feature: feature.name, customer: customer_id, unit, event, metadata, at })
    }
}
