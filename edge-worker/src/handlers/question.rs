//! What callers send, as far as the edge reads it: contexts and defaults stay the text they came as.
use sdk_core::Context;
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
        let context = self.context.context();
        match context.refusal() {
            Some(refusal) => Err(Problem::context(refusal)),
            None => Ok(context),
        }
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

impl Given<'_> {
    /// The context in this member, refused or not; an absent one is empty.
    pub(super) fn context(self) -> Context {
        self.0.map_or_else(Context::new, Context::from_json)
    }
}
