//! How an answer came about: `POST /v1/explain` for operators, `POST /demo/explain` for the page that shows it.
use sdk_core::{Context, Millis, Object, Overrides, canonical::write_string};
use serde::Deserialize;
use serde_json::value::RawValue;
use worker::{Request, Response};

use super::{
    json,
    question::{Given, key, millis, object},
    versioned,
};
use crate::{
    auth::{Admin, Evaluator},
    body, clock,
    host::Host,
    problem::Problem,
    ruleset_cache::{self, Serving},
};

/// How many flags the page may name.
const MOST: usize = 1_000;

/// `{ flag, context?, now? }` → `{ evaluation, steps }`.
pub(crate) async fn one(_admin: Admin, request: &mut Request, env: &Host) -> Result<Response, Problem> {
    let body = body::read(request, body::QUESTION).await?;
    let wire: One<'_> = object(&body).map_err(Problem::malformed)?;
    let flag = key(wire.flag).map_err(|why| Problem::malformed_at("/flag", why))?;
    let (context, now) = asked(wire.context, wire.now)?;
    let mut serving = ruleset_cache::newest(env, None).await?;
    let overrides = serving.overrides(env, [&context]).await;
    versioned(json(explanation(&serving, &overrides, &flag, &context, now))?, &serving)
}

/// `{ flags?, context?, now? }` → `{ explanations: [{ flag, evaluation, steps }] }`, in the order of `flags`; without it, all.
pub(crate) async fn many(_evaluator: Evaluator, request: &mut Request, env: &Host) -> Result<Response, Problem> {
    let body = body::read(request, body::QUESTION).await?;
    let wire: Many<'_> = object(&body).map_err(Problem::malformed)?;
    let named = wire.flags.map(|flags| flags.into_iter().map(key).collect::<Result<Vec<_>, _>>()).transpose();
    let named = named.map_err(|why| Problem::malformed_at("/flags", why))?;
    if named.as_ref().is_some_and(|flags| flags.len() > MOST) {
        return Err(Problem::malformed_at("/flags", format!("expected at most {MOST}")));
    }
    let (context, now) = asked(wire.context, wire.now)?;
    let mut serving = ruleset_cache::current(env, None).await?;
    let overrides = serving.overrides(env, [&context]).await;
    let flags = named.unwrap_or_else(|| serving.ruleset.flag_keys().map(str::to_owned).collect());
    let mut out = String::from(r#"{"explanations":["#);
    for (index, flag) in flags.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        let mut object = Object::open(&mut out);
        write_string(object.member("flag"), flag);
        // The members of the explanation stand behind the flag's.
        out.push_str(&explanation(&serving, &overrides, flag, &context, now).replacen('{', ",", 1));
    }
    out.push_str("]}");
    versioned(json(out)?, &serving)
}

#[derive(Deserialize)]
struct One<'a> {
    #[serde(borrow)]
    flag: &'a RawValue,
    #[serde(borrow, default)]
    context: Given<'a>,
    #[serde(borrow, default)]
    now: Given<'a>,
}

#[derive(Deserialize)]
struct Many<'a> {
    #[serde(borrow, default)]
    flags: Option<Vec<&'a RawValue>>,
    #[serde(borrow, default)]
    context: Given<'a>,
    #[serde(borrow, default)]
    now: Given<'a>,
}

fn asked(context: Given<'_>, now: Given<'_>) -> Result<(Context, Millis), Problem> {
    let now = now.0.map(millis).transpose().map_err(|why| Problem::malformed_at("/now", why))?;
    Ok((context.sound_context()?, now.unwrap_or_else(clock::now)))
}

fn explanation(serving: &Serving, overrides: &Overrides, flag: &str, context: &Context, now: Millis) -> String {
    serving.ruleset.explain(overrides.of(context), flag, context, now, None).to_json(None)
}
