//! The parts of a question that the edge reads; contexts and defaults stay text.
use sdk_core::{Context, Millis};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::problem::Problem;

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

/// Reads an object. serde also takes an array for a struct, member by member; we do not.
pub(super) fn object<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, String> {
    match serde_json::from_str(text) {
        Ok(_) if !text.trim_start().starts_with('{') => Err("expected an object".to_owned()),
        Ok(object) => Ok(object),
        Err(error) => Err(format!("expected an object: {error}")),
    }
}

/// A member's text, unread. `null` is a value; only an absent member is `None`.
#[derive(Clone, Copy, Default)]
pub(super) struct Given<'a>(pub(super) Option<&'a str>);

impl<'a, 'de: 'a> Deserialize<'de> for Given<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&'a RawValue>::deserialize(deserializer).map(|raw| Self(Some(raw.get())))
    }
}

/// The key of a flag. It is not checked: one that is no text, for a lone surrogate in it, is the key of no flag.
pub(super) fn key(raw: &RawValue) -> Result<String, String> {
    let text = raw.get();
    if text.starts_with('"') { Ok(serde_json::from_str(text).unwrap_or_default()) } else { Err("expected flag to be a string".to_owned()) }
}

/// Whole milliseconds, in any spelling JSON has for them.
pub(super) fn millis(text: &str) -> Result<Millis, String> {
    let number: f64 = serde_json::from_str(text).map_err(|_| "expected now to be a number")?;
    #[expect(clippy::cast_possible_truncation, reason = "whole, and a double past i64 saturates")]
    if number.fract() == 0.0 { Ok(Millis(number as i64)) } else { Err("expected now to be whole milliseconds".to_owned()) }
}

impl Given<'_> {
    /// The context in this member, refused or not; an absent one is empty.
    pub(super) fn context(self) -> Context {
        self.0.map_or_else(Context::new, Context::from_json)
    }

    /// The context in this member, for who refuses one that cannot be used.
    pub(super) fn sound_context(self) -> Result<Context, Problem> {
        let context = self.context();
        match context.refusal() {
            Some(refusal) => Err(Problem::context(refusal)),
            None => Ok(context),
        }
    }
}
