//! What operators ask goes to the hub, which is the only one that writes: `/api/admin/…`.
use worker::{Env, Method, Request, Response};

use crate::{
    auth::Admin,
    body,
    hub::client::{self as hub, Actor},
    problem::Problem,
    ruleset_cache,
};

/// Passes a backup on, as it comes, into a hub that nobody has written to.
pub(crate) async fn restore(_admin: &Admin, request: &Request, env: &Env) -> Result<Response, Problem> {
    let answer = hub::restore(env, request).await?;
    ruleset_cache::forget();
    Ok(answer)
}

/// Passes a request on. This isolate answers from what it led to at once; others learn of it when they ask.
pub(crate) async fn pass_on(admin: &Admin, request: &mut Request, env: &Env, limit: usize) -> Result<Response, Problem> {
    let url = request.inner().url();
    let path = url.split_once("/api/admin/").map(|(_, path)| path.to_owned()).unwrap_or_default();
    let is_read = matches!(request.method(), Method::Get | Method::Head);
    let body = if is_read { String::new() } else { body::read(request, limit).await? };
    let actor = Actor { subject: admin.subject(), role: admin.role(), within: admin.within() };
    let answer = hub::administer(env, &actor, request, &path, body).await?;
    if !is_read && answer.status_code() == 200 {
        ruleset_cache::refresh(env).await;
    }
    Ok(answer)
}
