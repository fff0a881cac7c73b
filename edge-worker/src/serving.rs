//! What a request is answered from: the ruleset at hand, as new as the request asks for, and the overrides of who is asked about.
use sdk_core::Context;

use crate::{
    host::Host,
    problem::Problem,
    ruleset_cache::{self, Serving},
};

/// The ruleset to answer from, with the overrides that these contexts need. Where it is older than `version`, the hub is asked
/// first; what it has then is answered from.
pub(crate) async fn at_least<'c>(
    host: &Host,
    version: Option<u32>,
    contexts: impl IntoIterator<Item = &'c Context>,
) -> Result<Serving, Problem> {
    let mut serving = ruleset_cache::current(host, version).await?;
    serving.find_overrides(host, contexts).await;
    Ok(serving)
}

impl Serving {
    /// Whether the hub could not say that this is its newest.
    pub(crate) fn is_stale(&self) -> bool {
        self.stale
    }
}
