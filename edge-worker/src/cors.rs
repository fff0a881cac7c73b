//! Pages on other origins: which may ask with a client key, and what they are told (the Fetch standard, "CORS protocol").
//!
//! The list of origins is no protection of the answers (a client key is public); it keeps foreign pages from using it in a browser.
use worker::{Env, Headers, Request};

use crate::settings;

/// How long a browser may remember that it may ask.
const MAX_AGE_SECONDS: &str = "7200";
const REQUEST_HEADERS: &str = "authorization, content-type, if-none-match, x-api-key";
const RESPONSE_HEADERS: &str = "etag, retry-after, twinflag-organization, twinflag-stale, twinflag-version";

/// Says on an answer to a page of another origin that the page may read it.
pub(crate) fn allow(request: &Request, env: &Env, answer: &Headers) -> worker::Result<()> {
    // Also where no origin is allowed: what a cache keeps for one page is not for another.
    answer.append("vary", "origin")?;
    let Some(origin) = allowed(request, env)? else { return Ok(()) };
    answer.set("access-control-allow-origin", &origin)?;
    answer.set("access-control-expose-headers", RESPONSE_HEADERS)
}

/// Says on the answer to a preflight what may be asked.
pub(crate) fn preflight(request: &Request, env: &Env, methods: &str, answer: &Headers) -> worker::Result<()> {
    if allowed(request, env)?.is_none() {
        return Ok(());
    }
    answer.set("access-control-allow-methods", methods)?;
    answer.set("access-control-allow-headers", REQUEST_HEADERS)?;
    answer.set("access-control-max-age", MAX_AGE_SECONDS)
}

/// The origin to name: the page's where `CLIENT_ORIGINS` lists it, `*` where it lists that.
fn allowed(request: &Request, env: &Env) -> worker::Result<Option<String>> {
    let Some(origin) = request.headers().get("origin")? else { return Ok(None) };
    Ok(settings::text(env, "CLIENT_ORIGINS").and_then(|list| among(&list, origin)))
}

fn among(list: &str, origin: String) -> Option<String> {
    let mut listed = list.split(',').map(str::trim);
    listed.find(|listed| *listed == "*" || *listed == origin).map(|found| if found == "*" { "*".to_owned() } else { origin })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(list: &str, origin: &str, expected: Option<&str>) {
        assert_eq!(among(list, origin.to_owned()).as_deref(), expected);
    }

    #[test]
    fn origins_are_equal_or_any() {
        check("*", "https://a.example", Some("*"));
        check("https://a.example, https://b.example", "https://b.example", Some("https://b.example"));
        check("https://a.example", "https://a.example.evil", None);
        check("https://a.example", "null", None);
        check("", "https://a.example", None);
    }
}
