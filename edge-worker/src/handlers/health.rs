//! `GET /health`: whether questions are answered, from which version, and whether that is known to be the newest.
use serde::Serialize;
use worker::Response;

use crate::{host::Host, problem::Problem, ruleset_cache};

#[derive(Serialize)]
struct Health {
    stale: bool,
    status: &'static str,
    version: u32,
}

pub(crate) async fn report(env: &Host) -> Result<Response, Problem> {
    let serving = ruleset_cache::current(env, None).await?;
    Ok(Response::from_json(&Health { stale: serving.stale, status: "ok", version: serving.version })?)
}
