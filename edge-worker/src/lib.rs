//! The edge: HTTP in front of the rules of `sdk-core`, and the durable object that keeps the document.
//!
//! Reading order: `http`, [`serve`], `handlers`, [`ruleset_cache`], [`hub`], [`store`]. No module here decides about a flag.
mod asked_names;
mod asking;
mod auth;
mod base64;
mod body;
mod clock;
mod context_owners;
mod cors;
mod counts;
mod cross_site;
mod environment;
mod etag;
pub mod fast;
#[cfg(not(target_arch = "wasm32"))]
pub mod fleet;
mod freshness;
mod handlers;
mod held;
mod held_owners;
mod held_programs;
mod hmac;
mod host;
mod http;
mod hub;
mod keys;
mod limit;
mod log;
mod openid;
mod outgoing;
mod problem;
mod query;
mod reader;
mod readers;
mod receipts;
mod relay;
pub mod repeats;
mod ruleset_cache;
mod serve;
mod settings;
mod source;
mod store;
mod stream_key;
mod tally;
mod token_uses;
mod version;
mod words;

use host::Host;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};
use worker::{
    Context, Env, Request, Response, console_error,
    worker_sys::{self, web_sys},
};

#[wasm_bindgen]
extern "C" {
    type Health;

    /// The state that `entry.js` and all instances of this module share.
    #[wasm_bindgen(thread_local_v2, js_namespace = globalThis, js_name = __worker_init_state)]
    static HEALTH: Health;

    /// Puts another instance in the place of this one, which trapped.
    #[wasm_bindgen(method)]
    fn trapped(this: &Health);
}

/// Has a trap end this instance at once. The crate's own handler leaves that to the next call, and a closure of this instance that is
/// called first would find another memory.
#[wasm_bindgen(start)]
fn start() {
    wasm_bindgen::handler::set_on_abort(|| HEALTH.with(Health::trapped));
}

/// Answers a request the long way. `is_counted` is true if the fast way has counted the request already.
#[wasm_bindgen(wasm_bindgen_futures = worker::wasm_bindgen_futures, js_sys = worker::js_sys)]
pub async fn answer(request: web_sys::Request, env: Env, context: worker_sys::Context, is_counted: bool) -> Result<JsValue, JsValue> {
    words::learn();
    let answered = match settings::of(&env) {
        Ok(settings) => serve::answer(Request::from(request), &Host::new(env, Context::new(context), settings), is_counted).await,
        Err(problem) => serve::refuse(&Request::from(request), &problem),
    };
    let response = answered.or_else(|error| {
        console_error!("{error}");
        Response::error("INTERNAL SERVER ERROR", 500)
    })?;
    Ok(web_sys::Response::from(response).into())
}
