//! `POST /v1/program`: the ruleset specialised for what is known of one visitor.
use sdk_core::{Identity, specialise};
use worker::{Request, Response};

use super::{json, question::Question, reply};
use crate::{auth::Evaluator, body, host::Host, problem::Problem, ruleset_cache};

const BINARY: &str = "application/vnd.twinflag.program";

pub(crate) async fn make(_evaluator: Evaluator, request: &mut Request, env: &Host) -> Result<Response, Problem> {
    let form = Form::accepted(&request.headers().get("accept")?.unwrap_or_default())?;
    let body = body::read(request, body::QUESTION).await?;
    let known = Question::parse(&body)?.context()?;
    let mut serving = ruleset_cache::current(env, None).await?;
    let overrides = serving.overrides(env, [&known]).await;
    let own = overrides.of(&known);
    let program = specialise(&serving.ruleset, own, &known, Identity::Open).map_err(|error| Problem::context(error.as_str()))?;
    match form {
        Form::Binary => reply(BINARY, program.to_bytes()),
        Form::Json => json(program.to_json()),
    }
}

/// The two forms of a program: bytes to run, JSON to read.
#[derive(Clone, Copy)]
enum Form {
    Binary,
    Json,
}

impl Form {
    /// The first that is accepted; who asks for nothing gets bytes.
    fn accepted(accept: &str) -> Result<Self, Problem> {
        let mut ranges = accept.split(',').map(|range| range.split(';').next().unwrap_or_default().trim());
        let form = ranges.find_map(|range| match range {
            BINARY | "*/*" | "application/*" | "" => Some(Self::Binary),
            "application/json" => Some(Self::Json),
            _ => None,
        });
        form.ok_or_else(|| Problem::not_acceptable(&format!("{BINARY}, application/json")))
    }
}
