//! `/api/admin/document`: the whole document, out and in.
use worker::{Env, Request, Response};

use super::json;
use crate::{
    auth::Admin,
    body,
    etag::Etag,
    hub::client::{self as hub, Import},
    problem::Problem,
    query::Query,
    ruleset_cache,
};

pub(crate) async fn export(_admin: Admin, env: &Env) -> Result<Response, Problem> {
    let document = hub::document(env).await?;
    let response = json(document.text)?;
    response.headers().set("etag", Etag::version(document.version).as_str())?;
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
        response.headers().set("etag", Etag::version(imported.version).as_str())?;
    }
    Ok(response)
}

/// What is not known is refused: a misspelt `dryRun` must not import.
fn how(request: &Request) -> Result<Import, Problem> {
    let query = Query::of(request, &["state", "dryRun"])?;
    let replace = match query.get("state") {
        None | Some("keep") => false,
        Some("replace") => true,
        Some(_) => return Err(Problem::malformed("expected state to be keep or replace")),
    };
    let dry_run = match query.get("dryRun") {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(Problem::malformed("expected dryRun to be true or false")),
    };
    Ok(Import { replace, dry_run, if_match: request.headers().get("if-match")? })
}
