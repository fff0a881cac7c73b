//! The members of an evaluation request. Contexts and defaults stay text, which the core reads.
use sdk_core::{Context, Millis};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::{
    problem::Problem,
    version::{self, Version},
};

/// `{ "context"? }`, the body of the routes that ask about one context.
#[derive(Deserialize)]
pub(super) struct Question<'a> {
    #[serde(borrow, default)]
    context: Given<'a>,
}

impl<'a> Question<'a> {
    pub(super) fn parse(body: &'a str) -> Result<Self, Problem> {
        object(body).map_err(Problem::malformed)
    }

    pub(super) fn context(&self) -> Result<Context, Problem> {
        self.context.sound_context()
    }
}

/// Reads a struct from an object. Refuses an array, from which serde alone reads a struct too, member by member.
pub(super) fn object<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    match serde_json::from_str(text) {
        Ok(_) if !text.trim_start().starts_with('{') => Err("expected an object".to_owned()),
        Ok(object) => Ok(object),
        Err(error) => Err(format!("expected an object: {error}")),
    }
}

/// The JSON text of a member, not parsed. `null` is a value; only an absent member is `None`.
#[derive(Clone, Copy, Default)]
pub(super) struct Given<'a>(pub(super) Option<&'a str>);

impl<'a, 'de: 'a> Deserialize<'de> for Given<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&'a RawValue>::deserialize(deserializer).map(|raw| Self(Some(raw.get())))
    }
}

/// The key of a flag, not checked. A string with a lone surrogate becomes the empty key, which no flag has.
pub(super) fn key(raw: &RawValue) -> Result<String, String> {
    let text = raw.get();
    if text.starts_with('"') { Ok(serde_json::from_str(text).unwrap_or_default()) } else { Err("expected flag to be a string".to_owned()) }
}

/// Whole milliseconds since 1970, in any spelling of a JSON number, such as `1.5e3`.
pub(super) fn millis(text: &str) -> Result<Millis, String> {
    let number: f64 = serde_json::from_str(text).map_err(|_| "expected now to be a number")?;
    #[expect(clippy::cast_possible_truncation, reason = "whole, and a double past i64 saturates")]
    if number.fract() == 0.0 { Ok(Millis(number as i64)) } else { Err("expected now to be whole milliseconds".to_owned()) }
}

/// The version in a member, as `twinflag-version` spells it; `None` if the member is absent, refused at `place` if it is no version.
pub(super) fn version(given: Given<'_>, place: &str) -> Result<Option<Version>, Problem> {
    let read = |raw: &str| serde_json::from_str::<String>(raw).ok()?.parse().ok();
    let not_a_version = || Problem::malformed_at(place, format!("expected {}", version::EXPECTED));
    given.0.map(|raw| read(raw).ok_or_else(not_a_version)).transpose()
}

impl Given<'_> {
    /// The context in this member; empty if the member is absent. An unusable context carries its refusal.
    pub(super) fn context(self) -> Context {
        self.0.map_or_else(Context::new, Context::from_json)
    }

    /// The context in this member; empty if the member is absent, refused if it cannot be used.
    pub(super) fn sound_context(self) -> Result<Context, Problem> {
        let context = self.context();
        match context.refusal() {
            Some(refusal) => Err(Problem::context(refusal)),
            None => Ok(context),
        }
    }
}
