//! `GET /health`: whether questions are answered, from which version, and whether that is known to be the newest; or that all flags
//! are switched off.
use serde::Serialize;
use worker::Response;

use super::json;
use crate::{host::Host, problem::Problem, ruleset_cache, settings};

#[derive(Serialize)]
struct Health {
    stale: bool,
    status: &'static str,
    version: u32,
}

pub(crate) async fn report(env: &Host) -> Result<Response, Problem> {
    if settings::is_off(env) {
        return json(r#"{"status":"disabled"}"#.to_owned());
    }
    let serving = ruleset_cache::current(env, None).await?;
    Ok(Response::from_json(&Health { stale: serving.stale, status: "ok", version: serving.version })?)
}
