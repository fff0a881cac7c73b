//! `/api/admin/document`: the whole document, out and in.
use worker::{Env, Request, Response};

use super::json;
use crate::{auth::Admin, body, hub::client as hub, problem::Problem, ruleset_cache};

pub(crate) async fn export(_admin: Admin, env: &Env) -> Result<Response, Problem> {
    let document = hub::document(env, None).await?;
    let document = document.ok_or_else(|| Problem::no_ruleset("NO_RULESET", "no document was imported yet"))?;
    let response = json(document.text)?;
    response.headers().set("etag", &format!("\"{}\"", document.version))?;
    Ok(response)
}

pub(crate) async fn import(_admin: Admin, request: &mut Request, env: &Env) -> Result<Response, Problem> {
    let text = body::read(request, body::DOCUMENT).await?;
    let imported = match hub::import(env, &text).await? {
        Ok(imported) => imported,
        Err(refusal) => return Ok(refusal),
    };
    ruleset_cache::expire();
    let response = Response::from_json(&imported)?;
    response.headers().set("etag", &format!("\"{}\"", imported.version))?;
    Ok(response)
}
