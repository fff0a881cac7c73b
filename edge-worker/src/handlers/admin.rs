//! `/api/admin/…`: passes operators' requests to the hub, the only writer.
use worker::{Env, Method, Request, Response};

use crate::{auth::Caller, body, hub::client as hub, problem::Problem, ruleset_cache};

/// Passes a body of any length on, as it comes. `path` is the part behind `/api/admin/`. This isolate answers from what it led to at once;
/// others learn of it when they ask.
pub(crate) async fn stream(caller: &Caller, request: &Request, env: &Env) -> Result<Response, Problem> {
    let environment = &caller.environment;
    let answer = hub::stream(env, environment, &caller.actor(), request).await?;
    // An import of overrides keeps the lines before the one for which it is refused.
    ruleset_cache::refresh(env, environment).await;
    Ok(answer)
}

/// Passes a request on, with its body if that was read, else with one of at most `most` bytes. This isolate answers from what it led to at once; others learn of it when
/// they ask.
pub(crate) async fn pass_on(
    caller: &Caller,
    request: &mut Request,
    body: Option<String>,
    most: usize,
    env: &Env,
) -> Result<Response, Problem> {
    let is_read = matches!(request.method(), Method::Get | Method::Head);
    let body = match body {
        Some(body) => body,
        None if is_read => String::new(),
        None => body::text(&body::read(request, most).await?)?.to_owned(),
    };
    let url = request.inner().url();
    let path = url.split_once("/api/admin/").map(|(_, path)| path).unwrap_or_default();
    let answer = hub::administer(env, &caller.environment, &caller.actor(), request, path, body, None).await?;
    if !is_read && answer.status_code() == 200 {
        ruleset_cache::refresh(env, &caller.environment).await;
    }
    Ok(answer)
}
