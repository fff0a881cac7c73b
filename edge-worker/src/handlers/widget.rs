//! `GET /api/widget/config`: the values of all flags for one customer, as a tree.
//!
//! `{ config, customerId?, organizationId?, source, stale?, epoch?, version?, evaluatedAt }`. `config` nests the flags by the dots in their
//! keys. It leaves out a flag that has no value of its own, and a flag whose key is a path to another flag's. `source` is the highest layer
//! that answered a flag in it. Without a ruleset the answer has the defaults in `widget-defaults.json`, no version, and `stale`; while all
//! flags are switched off it has the same defaults without `stale`.
use sdk_core::{
    Context, Evaluation, Millis, Object, Overrides,
    json::canonical::{write_number, write_string},
};

use crate::{
    auth::Caller,
    counts,
    etag::Etag,
    http::{
        asked::{Asked, Unanswered},
        response::{Answer, JSON},
    },
    problem::Problem,
    query::Query,
    ruleset_cache::Serving,
    source,
};

/// The configuration to answer without a ruleset.
const DEFAULTS: &str = include_str!("../../widget-defaults.json");
/// The attributes that the query may give.
const ATTRIBUTES: [&str; 5] = ["customerId", "organizationId", "userId", "sessionId", "targetingKey"];

pub(crate) fn config(caller: &Caller, asked: &Asked<'_>) -> Result<Answer, Unanswered> {
    let query = asked.query(&[&ATTRIBUTES[..], &["minVersion"]].concat())?;
    let mut context = Context::new();
    for (name, value) in query.iter().filter(|(name, _)| ATTRIBUTES.contains(name)) {
        context = context.string(name, value);
    }
    if let Some(refusal) = context.refusal() {
        return Err(Problem::context(refusal).into());
    }
    let context = caller.admit(context)?;
    let version = query.version("minVersion")?;
    let mut serving = match asked.serving(&caller.environment, version) {
        Ok(serving) => serving,
        Err(Unanswered::Needs(need)) => return Err(Unanswered::Needs(need)),
        Err(Unanswered::Refused(_)) => {
            let written = Config { tree: DEFAULTS.trim().to_owned(), source: "default", stale: !asked.settings.is_off };
            return Ok(answer(asked, &query, &written, None));
        }
    };
    let (overrides, context) = caller.overrides_of(asked, &mut serving, context)?;
    let config = evaluated(&serving, &overrides, &context, caller.audience().tags, asked.clock);
    Ok(answer(asked, &query, &config, Some(&serving)).versioned(&serving))
}

struct Config {
    /// The nested values, as a JSON object.
    tree: String,
    source: &'static str,
    stale: bool,
}

fn evaluated(serving: &Serving, overrides: &Overrides, context: &Context, tags: &[String], now: Millis) -> Config {
    let mut visitor = serving.ruleset.visitor(overrides.of(context), context, now).seeing(tags);
    let mut answers: Vec<Evaluation<'_>> = visitor.evaluate_all().collect();
    counts::evaluated(answers.len());
    // `tree` needs keys with a common path next to each other.
    answers.sort_unstable_by_key(Evaluation::flag_key);
    let is_path = |key: &str| {
        let below = answers.partition_point(|answer| answer.flag_key().bytes().lt(key.bytes().chain([b'.'])));
        answers.get(below).and_then(|answer| answer.flag_key().strip_prefix(key)).is_some_and(|rest| rest.starts_with('.'))
    };
    let answers: Vec<_> = answers.iter().copied().filter(|answer| answer.value().is_some() && !is_path(answer.flag_key())).collect();
    let source = source::highest(answers.iter().filter_map(Evaluation::layer));
    Config { tree: tree(&answers), source, stale: serving.stale }
}

/// Nests values by the dots in their keys. No key may be a path to another, and keys with a common path must follow one another.
fn tree(answers: &[Evaluation<'_>]) -> String {
    let mut out = String::from("{");
    let mut open: Vec<&str> = Vec::new();
    for answer in answers {
        let mut path: Vec<&str> = answer.flag_key().split('.').collect();
        let leaf = path.pop().unwrap_or_default();
        let shared = open.iter().zip(&path).take_while(|(open, wanted)| open == wanted).count();
        for _ in shared..open.len() {
            out.push('}');
        }
        open.truncate(shared);
        if !out.ends_with('{') {
            out.push(',');
        }
        for segment in path.iter().skip(shared) {
            write_string(&mut out, segment);
            out.push_str(":{");
            open.push(segment);
        }
        write_string(&mut out, leaf);
        out.push(':');
        if let Some(value) = answer.value() {
            value.write_canonical(&mut out);
        }
    }
    for _ in 0..=open.len() {
        out.push('}');
    }
    out
}

fn answer(asked: &Asked<'_>, query: &Query, config: &Config, serving: Option<&Serving>) -> Answer {
    let mut body = String::new();
    let mut object = Object::open(&mut body);
    object.member("config").push_str(&config.tree);
    for name in ["customerId", "organizationId"] {
        if let Some(value) = query.get(name) {
            write_string(object.member(name), value);
        }
    }
    write_string(object.member("source"), config.source);
    if config.stale {
        object.member("stale").push_str("true");
    }
    if let Some(serving) = serving {
        write_string(object.member("epoch"), &serving.version.epoch.to_string());
        write_number(object.member("version"), f64::from(serving.version.number));
    }
    object.close();
    // The tag leaves out the time of evaluation, which differs in every answer.
    let etag = Etag::weak(body.as_bytes());
    body.pop();
    body.push_str(",\"evaluatedAt\":");
    write_string(&mut body, &asked.clock.to_rfc3339());
    body.push('}');
    Answer::tagged(asked, etag, JSON, body)
}
