//! `POST /v1/evaluate`: up to a thousand questions, each with its own context, default and time.
//!
//! `minVersion` names a version that the answers must at least be from, where the hub has it. `bucket`, `step` and `metadata` of a
//! question add members to its answer: a thousand answers are the shorter for what their caller does not read.
use sdk_core::{
    Context, FlagType, Include, Millis, Object, Overrides, SWITCHED_OFF,
    json::canonical::{canonical_text, write_string},
};
use serde::Deserialize;
use serde_json::value::RawValue;
use worker::{Request, Response};

use super::{
    json,
    question::{Given, key, millis, object},
    versioned,
};
use crate::{
    body, clock,
    host::Host,
    problem::Problem,
    ruleset_cache::{self, Serving},
    settings,
    version::{self, Version},
};

const MOST: usize = 1_000;

pub(crate) async fn many(request: &mut Request, env: &Host) -> Result<Response, Problem> {
    let body = body::read(request, body::DOCUMENT).await?;
    let (mut questions, version) = parse(&body)?;
    if settings::is_off(env) {
        return json(list(&questions, write_default));
    }
    let mut serving = ruleset_cache::current(env, version).await?;
    let overrides = serving.overrides(env, questions.iter_mut().map(|question| &mut question.context)).await;
    let overrides = overrides.map_err(|index| Problem::other_organization().at(format!("/evaluations/{index}/context")))?;
    let now = clock::now();
    versioned(json(list(&questions, |out, question| write_answer(out, &serving, &overrides, question, now)))?, &serving)
}

#[derive(Deserialize)]
struct Questions<'a> {
    #[serde(borrow)]
    evaluations: Vec<&'a RawValue>,
    #[serde(borrow, default, rename = "minVersion")]
    min_version: Given<'a>,
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    flag: &'a RawValue,
    #[serde(borrow, default)]
    context: Given<'a>,
    #[serde(borrow, default)]
    default: Given<'a>,
    #[serde(borrow, default)]
    now: Given<'a>,
    #[serde(default)]
    bucket: bool,
    #[serde(default)]
    step: bool,
    #[serde(default)]
    metadata: bool,
}

struct Question {
    flag: String,
    /// One that is refused is answered by the core like any other.
    context: Context,
    default: Option<String>,
    now: Option<Millis>,
    include: Include,
}

fn parse(body: &str) -> Result<(Vec<Question>, Option<Version>), Problem> {
    let Questions { evaluations, min_version } = object(body).map_err(Problem::malformed)?;
    let version = |raw: &str| serde_json::from_str::<String>(raw).ok()?.parse().ok();
    let not_a_version = || Problem::malformed_at("/minVersion", format!("expected {}", version::EXPECTED));
    let version = min_version.0.map(|raw| version(raw).ok_or_else(not_a_version)).transpose()?;
    if evaluations.len() > MOST {
        return Err(Problem::malformed_at("/evaluations", format!("expected at most {MOST}, found {}", evaluations.len())));
    }
    let numbered = evaluations.iter().enumerate();
    let questions = numbered
        .map(|(index, raw)| question(raw.get()).map_err(|why| Problem::malformed_at(format!("/evaluations/{index}"), why)))
        .collect::<Result<_, _>>()?;
    Ok((questions, version))
}

fn question(text: &str) -> Result<Question, String> {
    let wire: Wire<'_> = object(text)?;
    Ok(Question {
        flag: key(wire.flag)?,
        context: wire.context.context(),
        default: wire
            .default
            .0
            .map(|text| canonical_text(text).ok_or("expected default to be JSON without lone surrogates"))
            .transpose()?,
        now: wire.now.0.map(millis).transpose()?,
        include: Include { bucket: wire.bucket, step: wire.step, metadata: wire.metadata },
    })
}

/// One answer a question.
fn list(questions: &[Question], write: impl Fn(&mut String, &Question)) -> String {
    let mut out = String::from(r#"{"results":["#);
    for (index, question) in questions.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(&mut out, question);
    }
    out.push_str("]}");
    out
}

/// Writes the answer while all flags are switched off.
fn write_default(out: &mut String, question: &Question) {
    let mut object = Object::open(out);
    write_string(object.member("reason"), SWITCHED_OFF.as_str());
    if let Some(default) = &question.default {
        object.member("value").push_str(default);
    }
    object.close();
}

fn write_answer(out: &mut String, serving: &Serving, overrides: &Overrides, question: &Question, clock: Millis) {
    let default = question.default.as_deref();
    let context = &question.context;
    let own = overrides.of(context);
    let requested = default.and_then(FlagType::of_default);
    let evaluation = serving.ruleset.evaluate(own, &question.flag, context, question.now.unwrap_or(clock), requested);
    evaluation.write_canonical(out, default, question.include);
    if serving.stale {
        out.pop();
        out.push_str(",\"stale\":true}");
    }
}
