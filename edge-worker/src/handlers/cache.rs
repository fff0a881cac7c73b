//! `/api/admin/cache`: what the isolate that answers holds of an environment; `DELETE` lets it forget, so that it asks the hub.
//!
//! `{ epoch, version, stale, askedAt, overridePages, maxAge }`. Each isolate has a cache of its own: this tells of one, and a change needs
//! nobody to clear any.
use serde::Serialize;
use worker::{Request, Response};

use crate::{
    environment::Environment,
    held,
    host::Host,
    problem::Problem,
    query::Query,
    ruleset_cache,
    version::{Epoch, Version},
};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    /// When the hub was last asked.
    asked_at: String,
    epoch: Epoch,
    /// How long what the hub said is taken for current, in milliseconds.
    max_age: i64,
    /// How many pages of overrides are held.
    override_pages: usize,
    stale: bool,
    version: u32,
}

pub(crate) async fn report(environment: &Environment, request: &Request, env: &Host) -> Result<Response, Problem> {
    Query::of(&request.inner().url(), &["environment"])?;
    if request.inner().method() == "DELETE" {
        ruleset_cache::forget(environment);
    }
    let serving = ruleset_cache::newest(env, environment, None).await?;
    let Version { epoch, number: version } = serving.version;
    Ok(Response::from_json(&Report {
        asked_at: ruleset_cache::asked(environment).to_rfc3339(),
        epoch,
        max_age: ruleset_cache::FRESH_MS,
        override_pages: held::pages(environment),
        stale: serving.stale,
        version,
    })?)
}
