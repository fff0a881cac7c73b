//! `/api/admin/…`: passes operators' requests to the hub, the only writer.
use serde::Deserialize;
use serde_json::value::RawValue;
use worker::{Env, Method, Request, Response};

use crate::{
    auth::Admin,
    body,
    hub::client::{self as hub, Actor},
    limit,
    problem::Problem,
    ruleset_cache,
};

/// Passes a backup on, as it comes. This isolate answers from the restored hub at once; others learn of its epoch when they ask.
pub(crate) async fn restore(_admin: &Admin, request: &Request, env: &Env) -> Result<Response, Problem> {
    let answer = hub::restore(env, request).await?;
    if answer.status_code() == 200 {
        ruleset_cache::refresh(env).await;
    }
    Ok(answer)
}

/// Whether something is taken back, held or switched off: nobody waits a minute for that.
fn is_emergency(path: &str, body: &str) -> bool {
    #[derive(Deserialize)]
    struct Change<'a> {
        #[serde(borrow)]
        action: Option<&'a RawValue>,
    }
    match path.split('?').next().unwrap_or_default() {
        "rollout/rollback" | "rollout/pause" => true,
        "feature-flags" => {
            serde_json::from_str(body).is_ok_and(|Change { action }| action.is_some_and(|action| action.get() == "\"kill\""))
        }
        _ => false,
    }
}

/// Passes a request on. This isolate answers from what it led to at once; others learn of it when they ask.
pub(crate) async fn pass_on(admin: &Admin, request: &mut Request, env: &Env, most: usize) -> Result<Response, Problem> {
    let url = request.inner().url();
    let path = url.split_once("/api/admin/").map(|(_, path)| path.to_owned()).unwrap_or_default();
    let is_read = matches!(request.method(), Method::Get | Method::Head);
    let body = if is_read { String::new() } else { body::read(request, most).await? };
    if !is_read && !is_emergency(&path, &body) {
        limit::admin(admin.subject(), env)?;
    }
    let actor = Actor { subject: admin.subject(), role: admin.role(), within: admin.within() };
    let answer = hub::administer(env, &actor, request, &path, body).await?;
    if !is_read && answer.status_code() == 200 {
        ruleset_cache::refresh(env).await;
    }
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_on_call_does_not_wait() {
        for (path, body, emergency) in [
            ("rollout/rollback", "{}", true),
            ("rollout/rollback?environment=production", "{}", true),
            ("rollout/pause", "", true),
            ("rollout/advance", r#"{"action":"kill"}"#, false),
            ("feature-flags", r#"{"featureName":"a","action":"kill","reason":"r"}"#, true),
            ("feature-flags", r#"{"action":"revive"}"#, false),
            ("feature-flags", r#"{"enabled":false}"#, false),
            ("feature-flags", "kill", false),
        ] {
            assert_eq!(is_emergency(path, body), emergency, "{path} {body}");
        }
    }
}
