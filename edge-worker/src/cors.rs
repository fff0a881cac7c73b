//! Pages on other origins: which may ask with a client key, and what they are told (the Fetch standard, "CORS protocol").
//!
//! The list of origins is no protection of the answers (a client key is public); it keeps foreign pages from using it in a browser.
//! A stored key lists its own, the deployment's in `CLIENT_ORIGINS`. A preflight shows no key: it is told that it may ask where
//! any list has its origin. Cookies are never asked for, so `*` may be answered.
use worker::{Env, Headers, Request};

use crate::{auth::Origins, clock, host::Host, ruleset_cache, settings};

/// How long a browser may remember that it may ask.
const MAX_AGE_SECONDS: &str = "7200";
const REQUEST_HEADERS: &str = "authorization, content-type, if-none-match, twinflag-identity, x-api-key";
const RESPONSE_HEADERS: &str = "etag, retry-after, twinflag-identity, twinflag-organization, twinflag-stale, twinflag-version";

/// Says on an answer to a page of another origin that the page may read it.
pub(crate) fn allow(request: &Request, env: &Env, answer: &Headers) -> worker::Result<()> {
    // Also where no origin is allowed: what a cache keeps for one page is not for another.
    answer.append("vary", "origin")?;
    let Some(origin) = allowed(request, env)? else { return Ok(()) };
    answer.set("access-control-allow-origin", &origin)?;
    answer.set("access-control-expose-headers", RESPONSE_HEADERS)
}

/// Says on the answer to a preflight what may be asked. A browser sends it before anything else: it may be the first to need the keys.
pub(crate) async fn preflight(request: &Request, env: &Host, methods: &str, answer: &Headers) -> worker::Result<()> {
    if request.headers().get("origin")?.is_some_and(|origin| listed(env, &origin).is_none()) {
        // Without them nobody is allowed.
        ruleset_cache::keys(env).await.ok();
    }
    if allowed(request, env)?.is_none() {
        return Ok(());
    }
    answer.set("access-control-allow-methods", methods)?;
    answer.set("access-control-allow-headers", REQUEST_HEADERS)?;
    answer.set("access-control-max-age", MAX_AGE_SECONDS)
}

/// The origin to name: the page's where a list has it, `*` where `CLIENT_ORIGINS` has that.
fn allowed(request: &Request, env: &Env) -> worker::Result<Option<String>> {
    let Some(origin) = request.headers().get("origin")? else { return Ok(None) };
    let now = || clock::told(request, env);
    let of_any = |origin: String| ruleset_cache::known_keys().filter(|keys| keys.allow(&origin, now())).map(|_| origin);
    Ok(match Origins::of(request, env) {
        Origins::Of(key) => Some(origin).filter(|origin| key.holds(now()) && key.allows(origin)),
        Origins::Listed => listed(env, &origin),
        Origins::Any => listed(env, &origin).or_else(|| of_any(origin)),
    })
}

fn listed(env: &Env, origin: &str) -> Option<String> {
    settings::text(env, "CLIENT_ORIGINS").and_then(|list| among(&list, origin.to_owned()))
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
