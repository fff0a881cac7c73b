//! `GET /api/admin/document`: the whole document as operators wrote it, out. In it comes by [`super::admin`].
use worker::{Env, Response};

use super::json;
use crate::{environment::Environment, etag::Etag, hub::client as hub, problem::Problem};

pub(crate) async fn export(environment: &Environment, env: &Env) -> Result<Response, Problem> {
    let document = hub::written(env, environment).await?;
    let response = json(document.text)?;
    response.headers().set("etag", Etag::version(document.version).as_str())?;
    Ok(response)
}
