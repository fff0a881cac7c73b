//! `GET /health`: whether questions are answered, and from which version.
use serde::Serialize;
use worker::Response;

use crate::{host::Host, problem::Problem, ruleset_cache};

#[derive(Serialize)]
struct Health {
    status: &'static str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stale: bool,
    version: u32,
}

pub(crate) async fn report(env: &Host) -> Result<Response, Problem> {
    let serving = ruleset_cache::current(env, None).await?;
    Ok(Response::from_json(&Health { status: "ok", stale: serving.stale, version: serving.version })?)
}
