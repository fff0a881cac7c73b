//! What callers send, as far as the edge reads it: contexts and defaults stay the text they came as.
use sdk_core::{Context, ContextError};
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
        serde_json::from_str(body).map_err(|error| Problem::malformed(format!("expected an object with a context: {error}")))
    }

    pub(super) fn context(&self) -> Result<Context, Problem> {
        self.context.context().map_err(|error| Problem::context(&error))
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
    /// The context in this member; an absent one is empty.
    pub(super) fn context(self) -> Result<Context, ContextError> {
        self.0.map_or_else(|| Ok(Context::empty()), Context::from_json)
    }
}
