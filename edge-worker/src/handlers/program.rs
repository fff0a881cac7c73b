//! `POST /v1/program`: the ruleset specialised for what is known of one visitor.
use sdk_core::{Identity, specialise};
use worker::{Env, Request, Response};

use super::{question::Question, reply};
use crate::{auth::Evaluator, body, problem::Problem, ruleset_cache};

const BINARY: &str = "application/vnd.twinflag.program";

pub(crate) async fn make(_evaluator: Evaluator, request: &mut Request, env: &Env) -> Result<Response, Problem> {
    accept_binary(&request.headers().get("accept")?.unwrap_or_default())?;
    let body = body::read(request, body::QUESTION).await?;
    let known = Question::parse(&body)?.context()?;
    let serving = ruleset_cache::current(env).await?;
    let own = serving.compiled.overrides.of(&known);
    let program = specialise(&serving.compiled.ruleset, own, &known, Identity::Open).map_err(|error| Problem::context(error.as_str()))?;
    reply(BINARY, program.to_bytes())
}

/// Who asks for nothing gets bytes.
fn accept_binary(accept: &str) -> Result<(), Problem> {
    let mut ranges = accept.split(',').map(|range| range.split(';').next().unwrap_or_default().trim());
    if ranges.any(|range| matches!(range, BINARY | "*/*" | "application/*" | "")) { Ok(()) } else { Err(Problem::not_acceptable(BINARY)) }
}
