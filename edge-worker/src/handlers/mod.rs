//! One file a resource: parse the request, ask the core, build the reply.
mod accept;
pub(crate) mod admin;
pub(crate) mod assets;
pub(crate) mod cache;
pub(crate) mod copy;
pub(crate) mod document;
pub(crate) mod environments;
pub(crate) mod evaluate;
pub(crate) mod explain;
pub(crate) mod health;
pub(crate) mod me;
pub(crate) mod ofrep;
pub(crate) mod outcomes;
pub(crate) mod owners;
pub(crate) mod point_in_time;
pub(crate) mod program;
mod question;
pub(crate) mod ruleset;
pub(crate) mod sign_in;
pub(crate) mod watch;
pub(crate) mod widget;
mod written_flags;

use worker::{Request, Response, ResponseBuilder};

use crate::{etag::Etag, http::response::JSON, problem::Problem, ruleset_cache::Serving};

fn json(body: String) -> Result<Response, Problem> {
    reply(JSON, body.into_bytes())
}

fn reply(content_type: &str, body: Vec<u8>) -> Result<Response, Problem> {
    Ok(ResponseBuilder::new().with_header("content-type", content_type)?.fixed(body))
}

/// An answer that the asker may keep: the asker who holds it already gets 304 instead.
fn tagged(request: &Request, etag: &Etag, content_type: &str, body: Vec<u8>) -> Result<Response, Problem> {
    let response = if etag.is_held(request)? { ResponseBuilder::new().with_status(304).empty() } else { reply(content_type, body)? };
    response.headers().set("etag", etag.as_str())?;
    Ok(response)
}

/// Names the version that was answered from, and says where the hub could not be asked for a newer one.
fn versioned(response: Response, serving: &Serving) -> Result<Response, Problem> {
    response.headers().set("twinflag-version", &serving.version.to_string())?;
    if serving.stale {
        response.headers().set("twinflag-stale", "true")?;
    }
    Ok(response)
}
