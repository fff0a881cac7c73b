//! The OpenFeature Remote Evaluation Protocol: its bodies for answers and for refusals.
use percent_encoding::percent_decode_str;
use sdk_core::{Context, ErrorCode, Evaluation, Object, Overrides, canonical::write_string};
use worker::{Method, Request, Response};

use super::{json, question::Question};
use crate::{
    auth::Evaluator,
    body, clock,
    host::Host,
    problem::Problem,
    ruleset_cache::{self, Serving},
};

/// `POST /ofrep/v1/evaluate/flags/{key}`.
pub(crate) async fn flag(request: &mut Request, env: &Host, key: &str) -> worker::Result<Response> {
    let key = percent_decode_str(key).decode_utf8_lossy();
    match ask(request, env).await {
        Ok((serving, overrides, context)) => one(&serving, &overrides, &context, &key),
        Err(problem) => refusal(&problem, Some(&key)),
    }
}

/// `POST /ofrep/v1/evaluate/flags`.
pub(crate) async fn flags(request: &mut Request, env: &Host) -> worker::Result<Response> {
    match ask(request, env).await.and_then(|(serving, overrides, context)| json(all(&serving, &overrides, &context))) {
        Ok(response) => Ok(response),
        Err(problem) => refusal(&problem, None),
    }
}

type Asked = (Serving, Overrides, Context);

async fn ask(request: &mut Request, env: &Host) -> Result<Asked, Problem> {
    if request.method() != Method::Post {
        return Err(Problem::method("POST"));
    }
    let _evaluator = Evaluator::of(request, env)?;
    let body = body::read(request, body::QUESTION).await?;
    let context = Question::parse(&body)?.context()?;
    let mut serving = ruleset_cache::current(env, None).await?;
    let overrides = serving.overrides(env, [&context]).await;
    Ok((serving, overrides, context))
}

fn one(serving: &Serving, overrides: &Overrides, context: &Context, key: &str) -> worker::Result<Response> {
    let evaluation = serving.ruleset.evaluate(overrides.of(context), key, context, clock::now(), None);
    let mut body = String::new();
    write(&mut body, key, &evaluation);
    let status = match evaluation.error_code() {
        None => 200,
        Some(ErrorCode::FlagNotFound) => 404,
        Some(_) => 400,
    };
    Ok(json(body).or_else(Problem::into_response)?.with_status(status))
}

fn all(serving: &Serving, overrides: &Overrides, context: &Context) -> String {
    let mut out = String::from(r#"{"flags":["#);
    let mut visitor = serving.ruleset.visitor(overrides.of(context), context, clock::now());
    for (index, evaluation) in visitor.evaluate_all().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(&mut out, evaluation.flag_key(), &evaluation);
    }
    out.push_str("]}");
    out
}

/// A success without `value` asks the provider to use the default in the code.
fn write(out: &mut String, key: &str, evaluation: &Evaluation<'_>) {
    let mut object = Object::open(out);
    if let Some(code) = evaluation.error_code() {
        write_string(object.member("errorCode"), code.as_str());
        write_string(object.member("errorDetails"), details(code));
        write_string(object.member("key"), key);
        return object.close();
    }
    write_string(object.member("key"), key);
    if let Some(layer) = evaluation.layer() {
        let mut metadata = Object::open(object.member("metadata"));
        write_string(metadata.member("layer"), layer.as_str());
        metadata.close();
    }
    write_string(object.member("reason"), evaluation.reason().as_str());
    if let Some(value) = evaluation.value() {
        value.write_canonical(object.member("value"));
    }
    if let Some(variant) = evaluation.variant() {
        write_string(object.member("variant"), variant);
    }
    object.close();
}

fn refusal(problem: &Problem, key: Option<&str>) -> worker::Result<Response> {
    let mut body = String::new();
    let mut object = Object::open(&mut body);
    write_string(object.member("errorCode"), if problem.status == 400 { problem.code } else { "GENERAL" });
    write_string(object.member("errorDetails"), &problem.detail);
    if let Some(key) = key {
        write_string(object.member("key"), key);
    }
    object.close();
    problem.respond("application/json", body.into_bytes())
}

const fn details(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::FlagNotFound => "no flag has this key",
        ErrorCode::InvalidContext => "the unit in the context is neither text nor a whole number",
        ErrorCode::TargetingKeyMissing => "the context lacks the unit that the flag is drawn by",
        ErrorCode::TypeMismatch | ErrorCode::ProviderNotReady => "the flag could not be evaluated",
    }
}
