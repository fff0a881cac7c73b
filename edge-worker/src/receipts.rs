//! Receipts: the edge proves that it evaluated flags for a unit, and checks that proof when the unit's outcomes come.
//!
//! A request names its unit in the header `twinflag-unit`, percent-encoded; the unit is no part of what is known of the visitor. The receipt
//! is the header `twinflag-receipt`, also of a 304, and no part of the body or its entity tag.
use control::guard::{Receipt, ReceiptError, ReceiptKey};
use percent_encoding::percent_decode_str;
use sdk_core::Millis;

use crate::{
    environment::Environment,
    http::{asked::Asked, parts::Header, response::Answer},
    problem::Problem,
    ruleset_cache::Serving,
};

/// The longest unit, in bytes.
pub(crate) const MAX_UNIT: usize = 256;

/// Adds a receipt for the unit that the request names, if it names one and the hub has told the isolate the key.
pub(crate) fn issue(answer: Answer, asked: &Asked<'_>, serving: &Serving) -> Result<Answer, Problem> {
    let Some(named) = asked.parts.header(Header::Unit) else { return Ok(answer) };
    let unit = percent_decode_str(named).decode_utf8().ok().filter(|unit| is_unit(unit));
    let unit = unit.ok_or_else(|| {
        Problem::malformed(format!(
            "expected the header twinflag-unit to be 1 to {MAX_UNIT} bytes without control characters, percent-encoded"
        ))
    })?;
    let Some(key) = &serving.receipts else { return Ok(answer) };
    let version = serving.version;
    let receipt = key.issue(&serving.environment().object(), &unit, &version.epoch.to_string(), version.number.into(), asked.moment());
    Ok(answer.with_own("twinflag-receipt", receipt))
}

/// Checks the receipt of an outcome of a unit.
pub(crate) fn check(key: &ReceiptKey, environment: &Environment, text: &str, unit: &str, now: Millis) -> Result<Receipt, ReceiptError> {
    key.check(text, &environment.object(), unit, now)
}

/// Returns true if a text can name a unit.
pub(crate) fn is_unit(text: &str) -> bool {
    (1..=MAX_UNIT).contains(&text.len()) && !text.chars().any(char::is_control)
}
