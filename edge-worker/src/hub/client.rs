//! What the rest of the worker may ask of the hub.
use worker::{Env, Headers, Method, Request, RequestInit, Response, Stub};

use super::{BUCKET_KEY, Imported, KNOWN_VERSION, VERSION};
use crate::problem::Problem;

const ADDRESS: &str = "http://hub/document";

/// A stored document.
pub(crate) struct Document {
    pub(crate) version: u32,
    pub(crate) text: String,
    /// For a document that names none itself.
    pub(crate) bucket_key: String,
}

/// The newest document; `None` where `known` is its version.
pub(crate) async fn document(env: &Env, known: Option<u32>) -> Result<Option<Document>, Problem> {
    let headers = Headers::new();
    if let Some(known) = known {
        headers.set(KNOWN_VERSION, &known.to_string())?;
    }
    let mut init = RequestInit::new();
    init.with_headers(headers);
    let mut answer = hub(env)?.fetch_with_request(Request::new_with_init(ADDRESS, &init)?).await?;
    match answer.status_code() {
        200 => {
            let version = answer.headers().get(VERSION)?.and_then(|version| version.parse().ok()).unwrap_or(0);
            let bucket_key = answer.headers().get(BUCKET_KEY)?.unwrap_or_default();
            Ok(Some(Document { version, text: answer.text().await?, bucket_key }))
        }
        204 => Ok(None),
        _ => Err(why_nothing(&mut answer).await),
    }
}

/// Imports a document; what the hub refuses is answered in its own words.
pub(crate) async fn import(env: &Env, text: &str) -> Result<Result<Imported, Response>, Problem> {
    let mut init = RequestInit::new();
    init.with_method(Method::Put).with_body(Some(text.into()));
    let mut answer = hub(env)?.fetch_with_request(Request::new_with_init(ADDRESS, &init)?).await?;
    Ok(if answer.status_code() == 200 { Ok(answer.json().await?) } else { Err(answer) })
}

fn hub(env: &Env) -> Result<Stub, Problem> {
    Ok(env.durable_object("HUB")?.get_by_name("main")?)
}

async fn why_nothing(answer: &mut Response) -> Problem {
    #[derive(serde::Deserialize)]
    struct Why {
        code: String,
        detail: String,
    }
    match answer.json().await {
        Ok(Why { code, detail }) if code == "DOCUMENT_REFUSED" => Problem::no_ruleset("DOCUMENT_REFUSED", detail),
        Ok(Why { detail, .. }) => Problem::no_ruleset("NO_RULESET", detail),
        Err(error) => error.into(),
    }
}
