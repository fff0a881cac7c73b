//! `POST /v1/outcomes`: clients and servers report how a feature behaves for the units that have it.
//!
//! `{ outcomes: [{ id, flag, unit, event, variant?, at?, receipt?, customerId?, metadata? }] }` →
//! `{ counted, duplicates, kept, refused: [{ index, detail }] }`.
//! The isolate checks them and their receipts, and a tally stores and counts them; the hub is not asked. The time of an outcome is its
//! arrival.
use control::guard::{Block, MAX_RECEIPT, ReceiptError};
use sdk_core::Millis;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use worker::{Request, Response, ResponseBuilder};

use crate::{
    auth::Caller,
    body, clock,
    host::Host,
    http::{parts::Parts, rights::CallerKind},
    hub::client::{Object, read_body},
    limit,
    problem::Problem,
    receipts,
    ruleset_cache::{self, Serving},
    tally::{
        client as tally,
        wire::{Arriving, Outcome, Taken, Trust},
    },
};

/// The most outcomes in one request.
const MOST: usize = 1_000;
/// The longest text of an outcome, in bytes.
const MAX_TEXT: usize = 256;
/// The longest metadata, in bytes.
const MAX_METADATA: usize = 4_000;
/// The most names of unknown flags that one request makes the tally count.
const MOST_UNKNOWN: usize = 20;

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
    /// The moment by the reporter's clock, in milliseconds since 1970. It is stored with the metadata, and counts for nothing.
    at: Option<i64>,
    receipt: Option<String>,
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
    /// The new outcomes that count for rollouts.
    counted: usize,
    /// The outcomes that were stored before, by their ids.
    duplicates: usize,
    /// The new outcomes that are kept for readers only: with an event of one's own, or from a client without a valid receipt.
    kept: usize,
    refused: Vec<Refused>,
}

/// The facts by which the outcomes of a request are checked.
struct Facts<'f> {
    serving: &'f Serving,
    /// The tags of the flags that the caller may see; empty for all.
    tags: &'f [String],
    is_server: bool,
    now: Millis,
}

pub(crate) async fn take(caller: &Caller, parts: &Parts<'_>, request: &mut Request, host: &Host) -> Result<Response, Problem> {
    let body = body::text(&body::read(request, body::QUESTION).await?)?.to_owned();
    if host.settings.is_off {
        return Err(Problem::switched_off());
    }
    let Body { outcomes } = read_body(&body)?;
    if outcomes.len() > MOST {
        return Err(Problem::malformed_at("/outcomes", format!("expected at most {MOST}, found {}", outcomes.len())));
    }
    let serving = ruleset_cache::current(host, &caller.environment, None).await?;
    let is_server = caller.kind() == CallerKind::ServerKey;
    let now = clock::told(request, &host.settings);
    let facts = Facts { serving: &serving, tags: caller.audience().tags, is_server, now };
    let mut arriving = Arriving { block: limit::network(parts).filter(|_| !is_server).map(Block::number), ..Arriving::default() };
    let mut refused = Vec::new();
    for (index, Object(wire)) in outcomes.into_iter().enumerate() {
        let named = wire.flag.clone();
        match facts.outcome(wire) {
            Ok(outcome) => arriving.outcomes.push(outcome),
            Err(Stop { detail, is_unknown }) => {
                if is_unknown && arriving.unknown.len() < MOST_UNKNOWN {
                    arriving.unknown.push(named);
                }
                refused.push(Refused { detail, index });
            }
        }
    }
    let told = host.settings.has_test_clock.then_some(now);
    let taken = if arriving.outcomes.is_empty() && arriving.unknown.is_empty() {
        Taken::default()
    } else {
        tally::take(host, &caller.environment, &arriving, told).await?
    };
    let Taken { counted, kept, duplicates } = taken;
    Ok(ResponseBuilder::new().with_status(202).from_json(&Answer { counted, duplicates, kept, refused })?)
}

/// The refusal of one outcome.
struct Stop {
    detail: String,
    /// True if no flag has the name that it gives.
    is_unknown: bool,
}

impl From<String> for Stop {
    fn from(detail: String) -> Self {
        Self { detail, is_unknown: false }
    }
}

impl Facts<'_> {
    fn outcome(&self, wire: Wire) -> Result<Outcome, Stop> {
        let Wire { id, flag, unit, event, variant, at, receipt, customer_id, metadata } = wire;
        let texts = [
            ("id", Some(&id)),
            ("unit", Some(&unit)),
            ("event", Some(&event)),
            ("customerId", customer_id.as_ref()),
            ("variant", variant.as_ref()),
            ("flag", Some(&flag)),
        ];
        for (name, text) in texts {
            if text.is_some_and(|text| text.is_empty() || text.len() > MAX_TEXT || text.chars().any(char::is_control)) {
                return Err(format!("expected {name} of 1 to {MAX_TEXT} bytes without control characters").into());
            }
        }
        if receipt.as_ref().is_some_and(|receipt| receipt.len() > MAX_RECEIPT) {
            return Err(format!("expected receipt of at most {MAX_RECEIPT} bytes").into());
        }
        let is_shown = |tag: &str| self.tags.iter().any(|shown| shown == tag);
        let found = self.serving.ruleset.flag(&flag).filter(|found| self.tags.is_empty() || found.tags().any(is_shown));
        let found = found.ok_or_else(|| Stop { detail: format!("no flag has the key or alias {flag:?}"), is_unknown: true })?;
        let given = metadata.as_deref().map_or("{}", RawValue::get);
        if given.len() > MAX_METADATA || !given.starts_with('{') {
            return Err(format!("expected metadata to be an object of at most {MAX_METADATA} bytes").into());
        }
        let proof = self.proof(receipt.as_deref(), &unit);
        let known = variant.as_ref().is_none_or(|variant| found.variants().any(|(name, _)| name == variant));
        // The claim of a variant that the flag does not have proves nothing.
        let (trust, evaluated_at) = if known { proof } else { (Trust::None, None) };
        Ok(Outcome {
            id,
            flag: found.key().to_owned(),
            unit,
            event,
            metadata: stored(given, variant.as_deref(), at),
            variant: variant.filter(|_| known),
            customer: customer_id,
            trust,
            evaluated_at,
        })
    }

    /// The reason to believe an outcome of a unit, and the version that its receipt is of.
    fn proof(&self, receipt: Option<&str>, unit: &str) -> (Trust, Option<(String, u32)>) {
        if self.is_server {
            return (Trust::Server, None);
        }
        let (Some(text), Some(key)) = (receipt, &self.serving.receipts) else { return (Trust::None, None) };
        match receipts::check(key, self.serving.environment(), text, unit, self.now) {
            Ok(receipt) => (Trust::Anonymous, Some((receipt.epoch, u32::try_from(receipt.version).unwrap_or_default()))),
            Err(ReceiptError::Malformed | ReceiptError::Expired | ReceiptError::Forged) => (Trust::None, None),
        }
    }
}

/// The metadata as it is stored: with the variant and the reporter's time, if the outcome has them.
fn stored(given: &str, variant: Option<&str>, at: Option<i64>) -> String {
    if variant.is_none() && at.is_none() {
        return given.to_owned();
    }
    let at = at.map(|at| format!(r#","reportedAt":{at}"#)).unwrap_or_default();
    let variant = variant.map(|variant| format!(r#","variant":{}"#, serde_json::Value::from(variant))).unwrap_or_default();
    format!(r#"{{"metadata":{given}{at}{variant}}}"#)
}
