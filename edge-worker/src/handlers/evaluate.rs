//! `POST /v1/evaluate`: up to a thousand evaluations, each with its own flag, context, default and time.
//!
//! With `minVersion` the edge answers from that version or a newer one, if the hub has it. `bucket`, `step` and `metadata` of an evaluation
//! are `true` if its answer must have these members; by default they are left out, which keeps a thousand answers short.
use sdk_core::{
    Context, ErrorCode, FlagType, Include, Millis, Object, Overrides, SWITCHED_OFF,
    json::canonical::{canonical_text, write_string},
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::question::{Given, key, millis, object, version};
use crate::{
    asked_names,
    auth::Caller,
    body,
    context_owners::{self, NoOverrides},
    counts,
    http::{
        asked::{Asked, Unanswered},
        response::Answer,
    },
    problem::Problem,
    receipts,
    ruleset_cache::Serving,
    version::Version,
};

const MOST: usize = 1_000;

pub(crate) fn many(caller: &Caller, asked: &Asked<'_>) -> Result<Answer, Unanswered> {
    asked.check_environment()?;
    let (questions, version) = parse(asked.body(body::DOCUMENT)?)?;
    if asked.settings.is_off {
        return Ok(Answer::json(list(&questions, write_default)));
    }
    let mut serving = asked.serving(&caller.environment, version)?;
    let (questions, mut contexts): (Vec<Question>, Vec<Context>) = questions.into_iter().unzip();
    let stated = contexts.clone();
    let overrides = asked.overrides(&mut serving, &mut contexts)?;
    let overrides =
        overrides.and_then(|overrides| context_owners::check(&stated, &contexts).map(|()| overrides)).map_err(|refused| match refused {
            NoOverrides::OtherOrganization(index) => refused.problem().at(format!("/evaluations/{index}/context")),
            NoOverrides::Missing => refused.problem(),
        })?;
    let asking: Vec<_> = questions.into_iter().zip(contexts).collect();
    counts::evaluated(asking.len());
    let unknown = |name: &str| asked_names::note(&caller.environment, name, &serving.ruleset, asked.clock);
    let answer = Answer::json(list(&asking, |out, question| write_answer(out, &serving, &overrides, question, asked.clock, unknown)));
    Ok(receipts::issue(answer, asked, &serving)?.versioned(&serving))
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

/// A question and its context. The core answers an unusable context with an error code, like any other question.
type Asking = (Question, Context);

struct Question {
    flag: String,
    default: Option<String>,
    now: Option<Millis>,
    include: Include,
}

fn parse(body: &str) -> Result<(Vec<Asking>, Option<Version>), Problem> {
    let Questions { evaluations, min_version } = object(body).map_err(Problem::malformed)?;
    let version = version(min_version, "/minVersion")?;
    if evaluations.len() > MOST {
        return Err(Problem::malformed_at("/evaluations", format!("expected at most {MOST}, found {}", evaluations.len())));
    }
    let numbered = evaluations.iter().enumerate();
    let questions = numbered
        .map(|(index, raw)| question(raw.get()).map_err(|why| Problem::malformed_at(format!("/evaluations/{index}"), why)))
        .collect::<Result<_, _>>()?;
    Ok((questions, version))
}

fn question(text: &str) -> Result<Asking, String> {
    let wire: Wire<'_> = object(text)?;
    let question = Question {
        flag: key(wire.flag)?,
        default: wire
            .default
            .0
            .map(|text| canonical_text(text).ok_or("expected default to be JSON without lone surrogates"))
            .transpose()?,
        now: wire.now.0.map(millis).transpose()?,
        include: Include { bucket: wire.bucket, step: wire.step, metadata: wire.metadata },
    };
    Ok((question, wire.context.context()))
}

/// The JSON list of the answers, in the order of the questions.
fn list(questions: &[Asking], write: impl Fn(&mut String, &Asking)) -> String {
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

/// Writes the answer to a question while all flags are switched off: the caller's default.
fn write_default(out: &mut String, (question, _): &Asking) {
    let mut object = Object::open(out);
    write_string(object.member("reason"), SWITCHED_OFF.as_str());
    if let Some(default) = &question.default {
        object.member("value").push_str(default);
    }
    object.close();
}

fn write_answer(
    out: &mut String,
    serving: &Serving,
    overrides: &Overrides,
    (question, context): &Asking,
    clock: Millis,
    unknown: impl Fn(&str),
) {
    let default = question.default.as_deref();
    let own = overrides.of(context);
    let requested = default.and_then(FlagType::of_default);
    let evaluation = serving.ruleset.evaluate(own, &question.flag, context, question.now.unwrap_or(clock), requested);
    if evaluation.error_code() == Some(ErrorCode::FlagNotFound) {
        unknown(&question.flag);
    }
    evaluation.write_canonical(out, default, question.include);
    if serving.stale {
        out.pop();
        out.push_str(",\"stale\":true}");
    }
}
