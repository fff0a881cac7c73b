//! `GET /api/admin/document`: exports the whole document. [`super::admin`] forwards the import to the hub.
use worker::{Env, Response};

use super::json;
use crate::{etag::Etag, hub::client as hub, problem::Problem};

pub(crate) async fn export(env: &Env) -> Result<Response, Problem> {
    let document = hub::document(env).await?;
    let response = json(document.text)?;
    response.headers().set("etag", Etag::version(document.version).as_str())?;
    Ok(response)
}
