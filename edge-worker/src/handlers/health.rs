//! `GET /health`: whether questions are answered, from which version, and whether that is known to be the newest; or that all flags
//! are switched off. `GET /version`: which release answers.
use sdk_core::FORMAT;
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

/// The commit that the worker was built from, where the build was told.
const COMMIT: Option<&str> = option_env!("TWINFLAG_COMMIT");

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    #[serde(skip_serializing_if = "Option::is_none")]
    commit: Option<&'static str>,
    /// The format of programs that are written.
    program_format: u32,
    release: &'static str,
}

pub(crate) fn version() -> Result<Response, Problem> {
    Ok(Response::from_json(&Version { commit: COMMIT, program_format: FORMAT, release: env!("CARGO_PKG_VERSION") })?)
}
