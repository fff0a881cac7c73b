//! The edge: HTTP in front of the rules of `sdk-core`, and the durable object that keeps the document.
//!
//! Reading order: `http`, [`serve`], `handlers`, [`ruleset_cache`], [`hub`], [`store`]. No module here decides about a flag.
mod auth;
mod body;
mod clock;
mod cors;
mod cross_site;
mod etag;
mod handlers;
mod host;
mod http;
mod hub;
mod keys;
mod limit;
mod override_pages;
mod problem;
mod query;
mod ruleset_cache;
mod serve;
mod settings;
mod source;
mod store;
mod version;
mod words;

use host::Host;
use worker::{Context, Env, Request, Response, Result, event};

#[event(fetch)]
async fn fetch(request: Request, env: Env, context: Context) -> Result<Response> {
    words::learn();
    serve::answer(request, &Host::new(env, context)).await
}
