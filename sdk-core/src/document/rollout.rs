//! Rollouts as documents write them.
use alloc::{format, vec::Vec};

use super::{
    reader::{Fields, Report},
    scalars::Scalars,
};
use crate::{
    context::{
        unit::{Digits, Unit},
        value,
    },
    json::{Node, Place, Tape, Value},
    percentage::Percentage,
    stage::{MIN_SAMPLES, Method, Rate, Status, TIME_WINDOW_MS, Tier, whole},
};

/// A rollout, read.
#[derive(Default)]
pub(crate) struct Rollout {
    /// The status that the document writes.
    pub(crate) status: Status,
    pub(crate) rolled_back: bool,
    /// True if the status is active, paused or completed and the tier is not 0; otherwise the lists and the percentage do not count.
    pub(crate) running: bool,
    pub(crate) tier: Option<u8>,
    /// Buckets below this are in, `0..=BUCKETS`.
    pub(crate) threshold: u32,
    /// Units as encoded strings.
    pub(crate) allow: Scalars,
    pub(crate) deny: Scalars,
}

impl Rollout {
    pub(crate) fn read(json: Value<'_, '_>, place: Place<'_>, report: &mut Report) -> Self {
        let mut rollout = Self::default();
        let names = ["status", "tier", "percentage", "allow", "deny", "guard"];
        let Some(fields) = Fields::of(json, place, &names, report) else { return rollout };
        if let Some(name) = fields.string("status", report) {
            if let Some(status) = Status::from_name(&name) {
                rollout.status = status;
                rollout.running = status.is_running();
                rollout.rolled_back = status == Status::RolledBack;
            } else {
                let names = Status::ALL.map(Status::as_str).join(", ");
                report.error(place.name("status"), format!("expected one of {names}"));
            }
        }
        if let Some(tier) = fields.number("tier", report) {
            rollout.tier = Tier::from_number(tier).map(Tier::number);
            if rollout.tier.is_none() {
                report.error(place.name("tier"), "expected a tier: 0, 1, 2, 3 or 4");
            }
        }
        rollout.running &= rollout.tier != Some(0);
        if let Some(percentage) = fields.number("percentage", report) {
            match Percentage::of(percentage) {
                Some(percentage) => rollout.threshold = percentage.threshold(),
                None => report.error(place.name("percentage"), "expected 0 to 100 with at most three decimals"),
            }
        }
        rollout.allow = units(&fields, "allow", report);
        rollout.deny = units(&fields, "deny", report);
        if let Some(guard) = fields.get("guard") {
            check_guard(guard, place.name("guard"), report);
        }
        rollout
    }
}

/// Returns true if a text is a sound rollout as documents write it. An unsound one leaves its flag out.
pub fn is_rollout(text: &str) -> bool {
    let Ok(tape) = Tape::read(text, Place::ROOT) else { return false };
    let mut report = Report::default();
    Rollout::read(tape.root(), Place::ROOT, &mut report);
    report.mark() == Report::default().mark()
}

/// A list of units: strings and whole numbers, which count as their digits.
fn units(fields: &Fields<'_, '_, '_>, name: &str, report: &mut Report) -> Scalars {
    let place = fields.place.name(name);
    let entries = fields.list(name, report);
    let (mut units, mut encoded) = (Scalars::with_capacity(entries.len()), Vec::new());
    for (index, entry) in entries.enumerate() {
        match entry.node() {
            Node::String(text) => units.push_text(value::STRING, text.as_bytes()),
            Node::Number(number) => {
                encoded.clear();
                value::push_number(&mut encoded, number);
                let mut digits = Digits::default();
                match Unit::of(Some(&encoded), &mut digits) {
                    Unit::Text { encoded, .. } => units.push(encoded),
                    Unit::Missing | Unit::Unfit => report.error(place.index(index), "expected a string or a whole number below 2^53"),
                }
            }
            Node::Null | Node::Boolean(_) | Node::Array(_) | Node::Object(_) => {
                report.expected(place.index(index), "a string or a whole number", entry);
            }
        }
    }
    units.trimmed()
}

/// Checks the guard of a rollout, which no answer depends on.
fn check_guard(json: Value<'_, '_>, place: Place<'_>, report: &mut Report) {
    let Some(fields) = Fields::of(json, place, &["method", "errorRate", "timeWindow", "minSamples"], report) else { return };
    if let Some(method) = fields.string("method", report)
        && Method::from_name(&method).is_none()
    {
        let names = Method::ALL.map(Method::as_str).join(" or ");
        report.error(place.name("method"), format!("expected {names}"));
    }
    if let Some(rate) = fields.number("errorRate", report)
        && Rate::of(rate).is_none()
    {
        report.error(place.name("errorRate"), "expected a share from 0 to 1");
    }
    for (name, bounds) in [("timeWindow", TIME_WINDOW_MS), ("minSamples", MIN_SAMPLES)] {
        if let Some(number) = fields.number(name, report)
            && !whole(number).is_some_and(|number| bounds.contains(&number))
        {
            report.error(place.name(name), format!("expected a whole number from {} on", bounds.start()));
        }
    }
}
