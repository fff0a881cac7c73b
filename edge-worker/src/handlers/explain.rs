//! Explanations of answers: `POST /v1/explain` for operators, `POST /demo/explain` for the demo page.
use core::slice;

use sdk_core::{Context, Evaluation, Layer, Millis, Object, Overrides, OwnerKind, json::canonical::write_string};
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
    context_owners::{self, NoOverrides},
    environment::Environment,
    host::Host,
    hub::client::{self as hub, Explaining, When},
    problem::Problem,
    ruleset_cache::{self, Serving},
    version::Version,
};

/// The most flags that the demo page may name.
const MOST: usize = 1_000;

/// `{ flag, context?, now?, version? | at? }` → `{ change, evaluation, steps, epoch, version }`: now, at a version, or as it was at a
/// moment; `change` is the record that made it so, or `null`.
pub(crate) async fn one(environment: &Environment, request: &mut Request, env: &Host) -> Result<Response, Problem> {
    let bytes = body::read(request, body::QUESTION).await?;
    let wire: One<'_> = object(body::text(&bytes)?).map_err(Problem::malformed)?;
    if wire.environment.0.is_some() {
        return Err(Problem::malformed_at("/environment", "expected the environment in the query, ?environment="));
    }
    let flag = key(wire.flag).map_err(|why| Problem::malformed_at("/flag", why))?;
    let when = when(wire.version, wire.at)?;
    let (mut context, now) = asked(wire.context, wire.now)?;
    let now = match (when, wire.now.0) {
        (Some(When::Moment(moment)), None) => moment,
        _ => now,
    };
    let mut serving = match when {
        Some(when) => ruleset_cache::past(env, environment, when).await?,
        None => ruleset_cache::newest(env, environment, None).await?,
    };
    let stated = context.clone();
    let overrides = serving.overrides_of(env, &mut context).await?;
    context_owners::check(slice::from_ref(&stated), slice::from_ref(&context)).map_err(NoOverrides::problem)?;
    let explanation = serving.ruleset.visitor(overrides.of(&context), &context, now).explain(&flag, None);
    let change = change(env, environment, &explanation.evaluation, &context, serving.version).await?;
    let mut out = String::from("{\"change\":");
    out.push_str(&change);
    // The members of the explanation follow.
    out.push_str(&explanation.to_json(None).replacen('{', ",", 1));
    out.pop();
    let Version { epoch, number } = serving.version;
    out.push_str(&format!(",\"epoch\":\"{epoch}\",\"version\":{number}}}"));
    versioned(json(out)?, &serving)
}

/// The record that made an answer what it is. An answer about no flag was made by none.
async fn change(
    env: &Host,
    environment: &Environment,
    evaluation: &Evaluation<'_>,
    context: &Context,
    version: Version,
) -> Result<String, Problem> {
    if evaluation.flag_key().is_empty() {
        return Ok("null".to_owned());
    }
    let asked = Explaining {
        flag: evaluation.flag_key().into(),
        layer: evaluation.layer().map_or("", Layer::as_str).into(),
        customer: OwnerKind::Customer.id(context),
        organization: OwnerKind::Organization.id(context),
        epoch: version.epoch,
        version: version.number,
    };
    hub::explaining(env, environment, &asked).await
}

/// The version or the moment to explain; `None` for the newest version. A moment is milliseconds since 1970, or a date and time.
fn when(version: Given<'_>, at: Given<'_>) -> Result<Option<When>, Problem> {
    match (version.0, at.0) {
        (None, None) => Ok(None),
        (Some(version), None) => {
            let version = serde_json::from_str(version).map_err(|_| Problem::malformed_at("/version", "expected a whole number"))?;
            Ok(Some(When::Version(version)))
        }
        (None, Some(at)) => {
            let text: Option<String> = serde_json::from_str(at).ok();
            let moment = text.map_or_else(|| millis(at).ok(), |text| Millis::from_rfc3339(&text));
            let expected = || Problem::malformed_at("/at", "expected whole milliseconds since 1970, or a time like 2026-11-03T10:00:00Z");
            Ok(Some(When::Moment(moment.ok_or_else(expected)?)))
        }
        (Some(_), Some(_)) => Err(Problem::malformed("expected version or at, not both")),
    }
}

/// `{ flags?, context?, now? }` → `{ explanations: [{ flag, evaluation, steps }] }`, in the order of `flags`; without it, all.
pub(crate) async fn many(environment: &Environment, request: &mut Request, env: &Host) -> Result<Response, Problem> {
    let bytes = body::read(request, body::QUESTION).await?;
    let wire: Many<'_> = object(body::text(&bytes)?).map_err(Problem::malformed)?;
    let named = wire.flags.map(|flags| flags.into_iter().map(key).collect::<Result<Vec<_>, _>>()).transpose();
    let named = named.map_err(|why| Problem::malformed_at("/flags", why))?;
    if named.as_ref().is_some_and(|flags| flags.len() > MOST) {
        return Err(Problem::malformed_at("/flags", format!("expected at most {MOST}")));
    }
    let (mut context, now) = asked(wire.context, wire.now)?;
    let mut serving = ruleset_cache::current(env, environment, None).await?;
    let overrides = serving.overrides_of(env, &mut context).await?;
    let flags = named.unwrap_or_else(|| serving.ruleset.flag_keys().map(str::to_owned).collect());
    let mut out = String::from(r#"{"explanations":["#);
    for (index, flag) in flags.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        let mut object = Object::open(&mut out);
        write_string(object.member("flag"), flag);
        // The members of the explanation follow.
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
    #[serde(borrow, default)]
    version: Given<'a>,
    #[serde(borrow, default)]
    at: Given<'a>,
    #[serde(borrow, default)]
    environment: Given<'a>,
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
    serving.ruleset.visitor(overrides.of(context), context, now).explain(flag, None).to_json(None)
}
