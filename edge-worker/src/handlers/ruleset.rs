//! `GET /v1/ruleset?since=`: the document that serves, for servers that evaluate it themselves.
//!
//! `{ bucketKey?, document, epoch, version }`: the key is for a document that names none. `since` is the version with its epoch, as
//! `twinflag-version` spells it: 204 where that is the newest, 304 where `If-None-Match` names it.
use sdk_core::{
    Object,
    json::canonical::{write_number, write_string},
};
use worker::{Request, Response, ResponseBuilder};

use super::tagged;
use crate::{
    environment::Environment, etag::Etag, host::Host, http::response::JSON, hub::client as hub, problem::Problem, query::Query,
    ruleset_cache,
};

pub(crate) async fn newest(environment: &Environment, request: &Request, env: &Host) -> Result<Response, Problem> {
    let query = Query::of(&request.inner().url(), &["since"])?;
    let since = query.version("since")?;
    // A caller that knows the newest version is answered without the hub.
    let serving = ruleset_cache::current(env, environment, since).await?;
    let etag = Etag::version(serving.version);
    if since == Some(serving.version) {
        return Ok(ResponseBuilder::new().with_status(204).with_header("etag", etag.as_str())?.empty());
    }
    if etag.is_held(request)? {
        return tagged(request, &etag, JSON, Vec::new());
    }
    let hub::Document { version, text, bucket_key } = hub::document(env, environment).await?;
    let mut body = String::with_capacity(text.len() + 100);
    let mut object = Object::open(&mut body);
    if !bucket_key.is_empty() {
        write_string(object.member("bucketKey"), &bucket_key);
    }
    // With its overrides: the hub put it together, so it is JSON.
    object.member("document").push_str(&text);
    write_string(object.member("epoch"), &version.epoch.to_string());
    write_number(object.member("version"), f64::from(version.number));
    object.close();
    tagged(request, &Etag::version(version), JSON, body.into_bytes())
}
