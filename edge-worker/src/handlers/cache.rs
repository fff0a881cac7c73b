//! `/api/admin/cache`: what the isolate that answers holds of an environment; `DELETE` lets it forget, so that it asks the hub.
//!
//! `{ epoch, version, stale, askedAt, overridePages, maxAge }`. Each isolate has a cache of its own, and this is one of them. Changes reach
//! all isolates without clearing any.
use serde::Serialize;
use worker::{Request, Response};

use crate::{
    environment::Environment,
    freshness, held,
    host::Host,
    problem::Problem,
    ruleset_cache,
    version::{Epoch, Version},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    /// The time of the isolate's last request to the hub for news.
    asked_at: String,
    epoch: Epoch,
    /// The time for which the isolate serves the hub's last answer without asking again, in milliseconds.
    max_age: i64,
    /// The number of pages of overrides in the cache.
    override_pages: usize,
    stale: bool,
    version: u32,
}

pub(crate) async fn report(environment: &Environment, request: &Request, env: &Host) -> Result<Response, Problem> {
    if request.inner().method() == "DELETE" {
        ruleset_cache::forget(environment);
    }
    let serving = ruleset_cache::newest(env, environment, None).await?;
    let Version { epoch, number: version } = serving.version;
    Ok(Response::from_json(&Report {
        asked_at: ruleset_cache::asked(environment).to_rfc3339(),
        epoch,
        max_age: freshness::FRESH_MS,
        override_pages: held::pages(environment),
        stale: serving.stale,
        version,
    })?)
}
