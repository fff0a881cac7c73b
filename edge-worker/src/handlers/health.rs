//! `GET /health`: whether questions are answered, from which version, and whether that is known to be the newest.
use serde::Serialize;
use worker::Response;

use crate::{host::Host, problem::Problem, serving};

#[derive(Serialize)]
struct Health {
    stale: bool,
    status: &'static str,
    version: u32,
}

pub(crate) async fn report(env: &Host) -> Result<Response, Problem> {
    let serving = serving::at_least(env, None, []).await?;
    Ok(Response::from_json(&Health { stale: serving.is_stale(), status: "ok", version: serving.version })?)
}
