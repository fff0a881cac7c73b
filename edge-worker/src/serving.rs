//! What a request is answered from: the ruleset at hand, as new as the request asks for.
use std::rc::Rc;

use worker::Env;

use crate::{
    problem::Problem,
    ruleset_cache::{self, Serving},
};

/// The ruleset to answer from. Where it is older than `version`, the hub is asked first; what it has then is answered from.
pub(crate) async fn at_least(env: &Env, version: Option<u32>) -> Result<Rc<Serving>, Problem> {
    let serving = ruleset_cache::current(env).await?;
    if version.is_none_or(|version| version <= serving.version) {
        return Ok(serving);
    }
    ruleset_cache::expire();
    ruleset_cache::current(env).await
}

impl Serving {
    /// Whether the hub could not say that this is its newest.
    #[expect(clippy::unused_self, reason = "the cache does not tell yet")]
    pub(crate) fn is_stale(&self) -> bool {
        false
    }
}
