//! The OpenFeature Remote Evaluation Protocol 0.3: its bodies for answers and for refusals.
//!
//! The metadata of an answer joins the flag's own metadata with the layer and the state of the ruleset. The number of the version
//! stands there as `version` and, with its epoch and in the protocol's words, as `flagConfigEtag`; a client that sends that back as a
//! parameter of that name gets answers from that version or a newer one.
use percent_encoding::percent_decode_str;
use sdk_core::{
    Context, ErrorCode, Evaluation, Millis, Object, Overrides, SWITCHED_OFF,
    document::reserved_metadata::{FLAG_CONFIG_ETAG, LAYER, STALE, VERSION},
    json::canonical::{write_number, write_string},
};

use super::{question::Question, watch, written_flags};
use crate::{
    asked_names,
    auth::Caller,
    body, counts,
    etag::Etag,
    http::{
        asked::{Asked, Unanswered},
        response::{Answer, JSON},
    },
    problem::Problem,
    query::Query,
    receipts,
    ruleset_cache::Serving,
    version::Version,
};

/// `POST /ofrep/v1/evaluate/flags/{key}`; `key` as it stands in the path.
pub(crate) fn flag(caller: &Caller, asked: &Asked<'_>, key: &str) -> Result<Answer, Unanswered> {
    let question = ask(caller, asked)?;
    let key = percent_decode_str(key).decode_utf8_lossy();
    let Some((serving, overrides, context)) = question else { return Ok(Answer::json(switched_off(&key))) };
    let mut visitor = serving.ruleset.visitor(overrides.of(&context), &context, asked.clock).seeing(caller.audience().tags);
    let evaluation = visitor.evaluate(&key, None);
    counts::evaluated(1);
    if evaluation.error_code() == Some(ErrorCode::FlagNotFound) {
        asked_names::note(&caller.environment, &key, &serving.ruleset, asked.clock);
    }
    let mut body = String::new();
    write(&mut body, &key, &evaluation, &serving, true);
    let status = match evaluation.error_code() {
        None => 200,
        Some(ErrorCode::FlagNotFound) => 404,
        Some(_) => 400,
    };
    Ok(receipts::issue(Answer::json(body).with_status(status), asked, &serving)?.versioned(&serving))
}

/// `POST /ofrep/v1/evaluate/flags`.
pub(crate) fn flags(caller: &Caller, asked: &Asked<'_>) -> Result<Answer, Unanswered> {
    let Some((serving, overrides, context)) = ask(caller, asked)? else {
        // A flag that is not in the list is the default in the code.
        let body = br#"{"flags":[]}"#.to_vec();
        return Ok(Answer::tagged(asked, Etag::strong(&body), JSON, body));
    };
    let mut body = all(&serving, &overrides, &context, caller.audience().tags, asked.clock);
    if let Some(path) = watch::path(caller, asked, &serving, &context) {
        // Without an origin: the provider has that of the server that it asks, also behind a proxy.
        body.pop();
        body.push_str(r#","eventStreams":[{"type":"sse","endpoint":{"requestUri":"#);
        write_string(&mut body, &path);
        body.push_str("}}]}");
    }
    Ok(receipts::issue(Answer::tagged(asked, Etag::strong(body.as_bytes()), JSON, body), asked, &serving)?.versioned(&serving))
}

/// A refusal in the words of the protocol; `key` as it stands in the path of who asks for one flag.
pub(crate) fn refusal(problem: &Problem, key: Option<&str>) -> Answer {
    let mut body = String::new();
    let mut object = Object::open(&mut body);
    write_string(object.member("errorCode"), if problem.status == 400 { problem.code } else { "GENERAL" });
    write_string(object.member("errorDetails"), &problem.detail);
    if let Some(key) = key {
        write_string(object.member("key"), &percent_decode_str(key).decode_utf8_lossy());
    }
    object.close();
    problem.answer_as(JSON, body)
}

/// The ruleset, overrides and context that answer a question; `None` while all flags are switched off.
fn ask(caller: &Caller, asked: &Asked<'_>) -> Result<Option<(Serving, Overrides, Context)>, Unanswered> {
    asked.check_environment()?;
    let version = version_named(&Query::lenient(asked.parts.url));
    let context = caller.admit(Question::parse(asked.body(body::QUESTION)?)?.required_context()?)?;
    if asked.settings.is_off {
        return Ok(None);
    }
    let mut serving = asked.serving(&caller.environment, version)?;
    let (overrides, context) = caller.overrides_of(asked, &mut serving, context)?;
    Ok(Some((serving, overrides, context)))
}

/// The version in `flagConfigEtag`, with or without the quotes of a tag. A tag of another server names none.
fn version_named(query: &Query) -> Option<Version> {
    query.get(FLAG_CONFIG_ETAG)?.trim_matches('"').parse().ok()
}

fn all(serving: &Serving, overrides: &Overrides, context: &Context, tags: &[String], now: Millis) -> String {
    let mut out = String::from(r#"{"flags":["#);
    let mut visitor = serving.ruleset.visitor(overrides.of(context), context, now).seeing(tags);
    let mut count = 0;
    written_flags::of(&serving.ruleset, |written| {
        for (index, evaluation) in visitor.evaluate_all().enumerate() {
            count = index + 1;
            if index > 0 {
                out.push(',');
            }
            let anew = |out: &mut String| write(out, evaluation.flag_key(), &evaluation, serving, false);
            // An answer that may be old says so in each flag.
            if serving.stale { anew(&mut out) } else { written.append(&mut out, &evaluation, anew) }
        }
    });
    counts::evaluated(count);
    out.push_str("],\"metadata\":{");
    name(&mut out, FLAG_CONFIG_ETAG);
    plain(&mut out, &serving.version.to_text());
    out.push(',');
    write_state(&mut out, serving, true);
    out.pop();
    out.push_str("}}");
    out
}

fn switched_off(key: &str) -> String {
    let mut out = String::new();
    let mut object = Object::open(&mut out);
    write_string(object.member("key"), key);
    write_string(object.member("reason"), SWITCHED_OFF.as_str());
    object.close();
    out
}

/// A success without `value` asks the provider to use the default in the code.
///
/// Names are written as they are, because escaping them took a sixth of the instructions of a list.
fn write(out: &mut String, key: &str, evaluation: &Evaluation<'_>, serving: &Serving, with_version: bool) {
    out.push('{');
    if let Some(code) = evaluation.error_code() {
        name(out, "errorCode");
        plain(out, code.as_str());
        out.push(',');
        name(out, "errorDetails");
        plain(out, details(code));
        out.push(',');
    }
    name(out, "key");
    write_string(out, key);
    out.push_str(",\"metadata\":{");
    if let Some(layer) = evaluation.layer() {
        name(out, LAYER);
        plain(out, layer.as_str());
        out.push(',');
    }
    write_state(out, serving, with_version);
    match evaluation.metadata().and_then(|own| own.strip_prefix('{')) {
        // The core keeps reserved names out of a flag's metadata, so that none stands twice.
        Some(members) if members != "}" => out.push_str(members),
        Some(_) | None => {
            if out.ends_with(',') {
                out.pop();
            }
            out.push('}');
        }
    }
    if evaluation.error_code().is_none() {
        out.push(',');
        name(out, "reason");
        plain(out, evaluation.reason().as_str());
    }
    if let Some(value) = evaluation.value() {
        out.push(',');
        name(out, "value");
        value.write_canonical(out);
    }
    if let Some(variant) = evaluation.variant() {
        out.push(',');
        name(out, "variant");
        write_string(out, variant);
    }
    out.push('}');
}

/// Appends the members that tell the state of the ruleset, each with a comma behind it.
fn write_state(out: &mut String, serving: &Serving, with_version: bool) {
    if serving.stale {
        name(out, STALE);
        out.push_str("true,");
    }
    if with_version {
        name(out, VERSION);
        write_number(out, f64::from(serving.version.number));
        out.push(',');
    }
}

/// Appends a member's name, which needs no escapes, and its colon.
fn name(out: &mut String, name: &str) {
    plain(out, name);
    out.push(':');
}

/// Appends a JSON string that needs no escapes.
fn plain(out: &mut String, text: &str) {
    out.push('"');
    out.push_str(text);
    out.push('"');
}

const fn details(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::FlagNotFound => "no flag has this key",
        ErrorCode::InvalidContext => "the unit in the context is neither text nor a whole number",
        ErrorCode::TargetingKeyMissing => "the context lacks the unit that the flag is drawn by",
        ErrorCode::TypeMismatch | ErrorCode::ProviderNotReady => "the flag could not be evaluated",
    }
}
