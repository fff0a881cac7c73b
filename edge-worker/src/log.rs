//! The lines that the worker logs of requests, each a JSON object: what operators changed, what they were refused, and what failed.
//!
//! `event` is `changed`, `refused` or `failed`, and `break_glass` for each use of the break-glass token, before its request is carried out.
//! A line has the route as the table has it, and nothing of the query, the headers or the
//! body. Whose token it was stands in the line of a change alone, whose token holds.
use sdk_core::{Object, json::canonical::write_string};
use worker::{console_error, console_log};

use crate::{
    auth::Caller,
    http::{
        parts::Parts,
        routes::{self, Audience},
    },
    problem::Problem,
};

/// The facts about an answer that a line tells.
#[derive(Clone, Copy, Default)]
pub(crate) struct Answered<'a> {
    pub(crate) status: u16,
    /// The caller, if their right was checked.
    pub(crate) caller: Option<&'a Caller>,
    /// The refusal, if the worker made it; the hub's own is in its body.
    pub(crate) problem: Option<&'a Problem>,
    /// The entity tag of the answer, which names the version that a change made.
    pub(crate) tag: Option<&'a str>,
    /// The cause of a failure.
    pub(crate) cause: Option<&'a str>,
}

/// Logs an answer, if it is worth a line.
pub(crate) fn answer(parts: &Parts<'_>, answered: &Answered<'_>) {
    let Some(served) = routes::find(parts.path()) else { return };
    let is_operators = served.audience() == Audience::Operators;
    let is_read = matches!(parts.method, "GET" | "HEAD" | "OPTIONS");
    let event = match answered.status {
        500.. => "failed",
        400.. if is_operators => "refused",
        ..300 if is_operators && !is_read && !is_dry_run(parts.url) => "changed",
        _ => return,
    };
    let line = line(event, parts.method, served.routes.first().map_or("", |route| route.path), answered);
    if event == "failed" { console_error!("{line}") } else { console_log!("{line}") }
}

/// Logs the use of the break-glass token, as an error, so that it raises an alert.
pub(crate) fn break_glass(parts: &Parts<'_>) {
    let route = routes::find(parts.path()).and_then(|served| served.routes.first().map(|route| route.path)).unwrap_or_default();
    console_error!("{}", line_of_break_glass(parts.method, route));
}

fn line_of_break_glass(method: &str, route: &str) -> String {
    let mut out = String::new();
    let mut object = Object::open(&mut out);
    for (name, text) in [("event", "break_glass"), ("level", "error"), ("method", method), ("route", route)] {
        write_string(object.member(name), text);
    }
    object.close();
    out
}

fn is_dry_run(url: &str) -> bool {
    crate::query::Query::lenient(url).get("dryRun") == Some("true")
}

fn line(event: &str, method: &str, route: &str, answered: &Answered<'_>) -> String {
    let mut out = String::new();
    let mut object = Object::open(&mut out);
    let mut member = |name: &str, text: Option<&str>| {
        if let Some(text) = text {
            write_string(object.member(name), text);
        }
    };
    member("event", Some(event));
    member("method", Some(method));
    member("route", Some(route));
    member("code", answered.problem.map(|problem| problem.code));
    member("cause", answered.cause);
    if let Some(caller) = answered.caller {
        member("role", Some(caller.kind().as_str()));
        member("environment", caller.environment.name().map(control::EnvironmentName::as_str));
        if event == "changed" {
            member("subject", Some(caller.subject()));
            member("version", answered.tag.map(|tag| tag.trim_matches('"')));
        }
    }
    object.member("status").push_str(&answered.status.to_string());
    object.close();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_object_without_breaks() {
        let problem = Problem::no_token();
        let refused = Answered { status: 401, problem: Some(&problem), ..Answered::default() };
        assert_eq!(
            line("refused", "POST", "/api/admin/keys", &refused),
            r#"{"event":"refused","method":"POST","route":"/api/admin/keys","code":"UNAUTHORIZED","status":401}"#
        );
        let failed = Answered { status: 503, cause: Some("the hub\n\"moved\""), ..Answered::default() };
        assert_eq!(
            line("failed", "GET", "/health", &failed),
            r#"{"event":"failed","method":"GET","route":"/health","cause":"the hub\n\"moved\"","status":503}"#
        );
    }
}
