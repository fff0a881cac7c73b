//! `POST /v1/program`: the ruleset specialised for what is known of one visitor.
use sdk_core::{program_to_json, specialise};
use worker::{Env, Request, Response};

use super::{json, question::Question, reply};
use crate::{auth::Evaluator, body, problem::Problem, ruleset_cache};

const BINARY: &str = "application/vnd.twinflag.program";
const JSON: &str = "application/json";

pub(crate) async fn make(_evaluator: Evaluator, request: &mut Request, env: &Env) -> Result<Response, Problem> {
    let form = Form::asked_for(&request.headers().get("accept")?.unwrap_or_default())?;
    let body = body::read(request, body::QUESTION).await?;
    let known = Question::parse(&body)?.context()?;
    let serving = ruleset_cache::current(env).await?;
    let program = specialise(&serving.compiled.ruleset, serving.compiled.overrides.of(&known), &known);
    match form {
        Form::Binary => reply(BINARY, program),
        Form::Json => json(program_to_json(&program)),
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    Binary,
    Json,
}

impl Form {
    /// The first range of an `Accept` header that we can serve; who asks for nothing gets bytes.
    fn asked_for(accept: &str) -> Result<Self, Problem> {
        let mut ranges = accept.split(',').map(|range| range.split(';').next().unwrap_or_default().trim());
        let known = ranges.find_map(|range| match range {
            BINARY | "*/*" | "application/*" | "" => Some(Self::Binary),
            JSON => Some(Self::Json),
            _ => None,
        });
        known.ok_or_else(|| Problem::not_acceptable(&[BINARY, JSON].join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(accept: &str, expected: Option<Form>) {
        assert_eq!(Form::asked_for(accept).ok(), expected);
    }

    #[test]
    fn the_first_known_range_decides() {
        check("", Some(Form::Binary));
        check("*/*", Some(Form::Binary));
        check("text/html, application/json;q=0.9", Some(Form::Json));
        check("application/vnd.twinflag.program, application/json", Some(Form::Binary));
        check("text/html", None);
    }
}
