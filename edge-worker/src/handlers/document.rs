//! `/api/admin/document`: the whole document, out and in.
use worker::{Env, Request, Response};

use super::json;
use crate::{
    auth::Admin,
    body,
    hub::{
        client::{self as hub, Import},
        wire::entity_tag,
    },
    problem::Problem,
    ruleset_cache,
};

pub(crate) async fn export(_admin: Admin, env: &Env) -> Result<Response, Problem> {
    let document = hub::document(env).await?;
    let response = json(document.text)?;
    response.headers().set("etag", &entity_tag(document.version))?;
    Ok(response)
}

pub(crate) async fn import(_admin: Admin, request: &mut Request, env: &Env) -> Result<Response, Problem> {
    let how = how(request)?;
    let text = body::read(request, body::DOCUMENT).await?;
    let imported = match hub::import(env, &text, &how).await? {
        Ok(imported) => imported,
        Err(refusal) => return Ok(refusal),
    };
    if !how.dry_run {
        ruleset_cache::refresh(env).await;
    }
    let response = Response::from_json(&imported)?;
    if imported.version > 0 {
        response.headers().set("etag", &entity_tag(imported.version))?;
    }
    Ok(response)
}

/// What is not known is refused: a misspelt `dryRun` must not import.
fn how(request: &Request) -> Result<Import, Problem> {
    let mut how = Import { if_match: request.headers().get("if-match")?, ..Import::default() };
    for (name, value) in request.url()?.query_pairs() {
        match (name.as_ref(), value.as_ref()) {
            ("state", "replace") => how.replace = true,
            ("state", "keep") => how.replace = false,
            ("dryRun", "true") => how.dry_run = true,
            ("dryRun", "false") => how.dry_run = false,
            ("state", other) => return Err(Problem::malformed(format!("expected state to be keep or replace, found {other:?}"))),
            ("dryRun", other) => return Err(Problem::malformed(format!("expected dryRun to be true or false, found {other:?}"))),
            (other, _) => return Err(Problem::malformed(format!("unknown parameter {other:?}, expected state or dryRun"))),
        }
    }
    Ok(how)
}
