//! `GET /health`: whether questions are answered, and from which version.
use serde::Serialize;
use worker::{Env, Response};

use crate::{problem::Problem, ruleset_cache};

#[derive(Serialize)]
struct Health {
    status: &'static str,
    version: u32,
}

pub(crate) async fn report(env: &Env) -> Result<Response, Problem> {
    let serving = ruleset_cache::current(env).await?;
    Ok(Response::from_json(&Health { status: "ok", version: serving.version })?)
}
