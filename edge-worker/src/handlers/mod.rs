//! One file a resource: parse the request, ask the core, build the reply.
pub(crate) mod assets;
pub(crate) mod document;
pub(crate) mod evaluate;
pub(crate) mod health;
pub(crate) mod ofrep;
pub(crate) mod program;
mod question;

use worker::{Response, ResponseBuilder};

use crate::problem::Problem;

fn json(body: String) -> Result<Response, Problem> {
    reply("application/json", body.into_bytes())
}

fn reply(content_type: &str, body: Vec<u8>) -> Result<Response, Problem> {
    Ok(ResponseBuilder::new().with_header("content-type", content_type)?.fixed(body))
}
