//! `GET /api/admin/document`: the whole document as operators wrote it, at the newest version or at that of `?version=`. Imports are
//! passed on by [`super::admin`].
use worker::{Env, Request, Response};

use super::json;
use crate::{environment::Environment, etag::Etag, hub::client as hub, problem::Problem, query::Query};

pub(crate) async fn export(environment: &Environment, request: &Request, env: &Env) -> Result<Response, Problem> {
    let version = Query::any(&request.inner().url())?.number("version")?;
    let document = hub::written(env, environment, version).await?;
    let response = json(document.text)?;
    response.headers().set("etag", Etag::version(document.version).as_str())?;
    Ok(response)
}
