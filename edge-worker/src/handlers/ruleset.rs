//! `GET /v1/ruleset?since=&overrides=`: the document that serves, for servers that evaluate it themselves.
//!
//! `{ bucketKey?, document, epoch, version }`, in this order and without spaces: the key is for a document that names none. `since` is the
//! version with its epoch, as `twinflag-version` spells it: 204 where that is the newest, 304 where `If-None-Match` names it. With
//! `overrides=false` the document comes without overrides, and 204 also says that nothing but overrides has changed since; then
//! [`super::owners`] has the overrides of the customers and organizations that the server is asked about.
use sdk_core::{
    Object,
    json::canonical::{write_number, write_string},
};
use worker::{Request, Response, ResponseBuilder};

use super::{tagged, versioned};
use crate::{
    environment::Environment, etag::Etag, host::Host, http::response::JSON, hub::client as hub, problem::Problem, query::Query,
    ruleset_cache,
};

pub(crate) async fn newest(environment: &Environment, request: &Request, env: &Host) -> Result<Response, Problem> {
    let query = Query::of(&request.inner().url(), &["since", "overrides"])?;
    let (since, with_overrides) = (query.version("since")?, query.flag_or("overrides", true)?);
    // A caller that knows the newest version is answered without the hub.
    let serving = ruleset_cache::current(env, environment, since).await?;
    let etag = Etag::version(serving.version);
    let is_unchanged = |since| since == serving.version || !with_overrides && serving.is_defined_since(since);
    if since.is_some_and(is_unchanged) {
        let unchanged = ResponseBuilder::new().with_status(204).with_header("etag", etag.as_str())?.empty();
        return versioned(unchanged, &serving);
    }
    if etag.is_held(request)? {
        return versioned(tagged(request, &etag, JSON, Vec::new())?, &serving);
    }
    let hub::Document { version, text, bucket_key } = if with_overrides {
        hub::document(env, environment).await?
    } else {
        hub::definitions_document(env, environment, serving.version).await?
    };
    let mut body = String::with_capacity(text.len() + 100);
    let mut object = Object::open(&mut body);
    if !bucket_key.is_empty() {
        write_string(object.member("bucketKey"), &bucket_key);
    }
    // The hub put it together, so it is JSON.
    object.member("document").push_str(&text);
    write_string(object.member("epoch"), &version.epoch.to_string());
    write_number(object.member("version"), f64::from(version.number));
    object.close();
    tagged(request, &Etag::version(version), JSON, body.into_bytes())
}
