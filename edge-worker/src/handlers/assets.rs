//! Pages and what they load, and the description of the routes, from the folder the build made.
use worker::{Env, Response};

use super::reply;
use crate::{host::Host, problem::Problem};

/// Scripts of our own only, and WebAssembly.
const POLICY: &str =
    "default-src 'self'; img-src 'self' data:; script-src 'self' 'wasm-unsafe-eval'; base-uri 'none'; frame-ancestors 'self'";

/// A page. It learns the publishable key from its `client-key` element.
pub(crate) async fn page(path: &str, env: &Host) -> Result<Response, Problem> {
    let key = env.settings.client_key.as_deref().unwrap_or_default();
    let html = fetch(path, env).await?.text().await?.replace("{{client-key}}", key);
    let response = reply("text/html; charset=utf-8", html.into_bytes())?;
    response.headers().set("content-security-policy", POLICY)?;
    Ok(response)
}

/// A file, of a type we know: the folder service names none, and answers a folder with a list of what is in it.
pub(crate) async fn file(path: &str, env: &Env) -> Result<Response, Problem> {
    let content_type = content_type(path).ok_or_else(Problem::not_found)?;
    reply(content_type, fetch(path, env).await?.bytes().await?)
}

async fn fetch(path: &str, env: &Env) -> Result<Response, Problem> {
    let response = env.service("ASSETS")?.fetch(format!("http://assets{path}"), None).await?;
    if response.status_code() == 200 { Ok(response) } else { Err(Problem::not_found()) }
}

fn content_type(path: &str) -> Option<&'static str> {
    let (_, extension) = path.rsplit_once('.')?;
    Some(match extension {
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "svg" => "image/svg+xml",
        "wasm" => "application/wasm",
        _ => return None,
    })
}
