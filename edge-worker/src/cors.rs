//! CORS: the headers that let pages of other origins use a client key (the Fetch standard, "CORS protocol").
//!
//! The list of origins does not protect the answers, because a client key is public. It keeps the pages of other sites from using the key
//! in a browser. A stored key lists its own origins; `CLIENT_ORIGINS` lists those of the deployment's client key. A preflight carries no
//! key, so the edge allows it if any list has its origin. The edge never allows cookies, so it may answer `*`.
use crate::{
    auth::Origins,
    cross_site,
    environment::Environment,
    http::{
        asked::{Asked, Unanswered},
        parts::Header,
        response::Line,
    },
    problem::Problem,
    ruleset_cache,
    settings::Settings,
};

/// The time for which a browser may cache the answer to a preflight.
const MAX_AGE_SECONDS: &str = "7200";
const REQUEST_HEADERS: &str = "authorization, content-type, if-none-match, twinflag-identity, twinflag-unit, x-api-key";
const RESPONSE_HEADERS: &str = "etag, retry-after, twinflag-identity, twinflag-now, twinflag-receipt, twinflag-stale, twinflag-version";

/// The headers that let a page of another origin read the answer; empty if its origin is not allowed.
pub(crate) fn lines(asked: &Asked<'_>) -> Vec<Line> {
    let Some(origin) = allowed(asked) else { return Vec::new() };
    vec![("access-control-allow-origin", origin.into()), ("access-control-expose-headers", RESPONSE_HEADERS.into())]
}

/// The headers of the answer to a preflight; empty if the origin is not allowed.
///
/// A preflight can be an isolate's first request, so this asks for the stored keys unless `CLIENT_ORIGINS` lists the origin.
pub(crate) fn preflight(asked: &Asked<'_>, methods: &str) -> Result<Vec<Line>, Unanswered> {
    let is_unlisted = asked.parts.header(Header::Origin).is_some_and(|origin| listed(asked.settings, origin).is_none());
    if is_unlisted
        && !asked.settings.is_off
        && let Err(Unanswered::Needs(need)) = asked.keys(&Environment::FIRST)
    {
        return Err(Unanswered::Needs(need));
    }
    // If the keys could not be fetched, no key lists the origin.
    if allowed(asked).is_none() {
        return Ok(Vec::new());
    }
    Ok(vec![
        ("access-control-allow-methods", methods.to_owned().into()),
        ("access-control-allow-headers", REQUEST_HEADERS.into()),
        ("access-control-max-age", MAX_AGE_SECONDS.into()),
    ])
}

/// The value of `Access-Control-Allow-Origin`: the page's origin if the list has it, `*` if `CLIENT_ORIGINS` has that; else `None`.
fn allowed(asked: &Asked<'_>) -> Option<String> {
    let origin = asked.parts.header(Header::Origin)?;
    let of_any = || {
        let keys = ruleset_cache::known_keys(&Environment::FIRST)?;
        // A preflight names no environment, and this isolate may not hold the keys of all. The request itself is answered by its key.
        let may_be_listed = asked.parts.method == "OPTIONS" && !keys.registry.others().is_empty();
        (may_be_listed || keys.allow(origin, asked.moment())).then(|| origin.to_owned())
    };
    match Origins::of(asked) {
        Origins::Of(key) => (key.holds(asked.moment()) && key.allows(origin)).then(|| origin.to_owned()),
        Origins::Listed => listed(asked.settings, origin),
        Origins::Any => listed(asked.settings, origin).or_else(of_any),
    }
}

/// Refuses a page whose origin may not read the answer, except the edge's own pages: a browser does not enforce that for sockets. A server
/// sends no origin.
pub(crate) fn check_origin(asked: &Asked<'_>) -> Result<(), Problem> {
    match asked.parts.header(Header::Origin) {
        Some(origin) if allowed(asked).is_none() && !cross_site::is_own(origin, asked.parts.url) => Err(Problem::foreign_origin()),
        _ => Ok(()),
    }
}

fn listed(settings: &Settings, origin: &str) -> Option<String> {
    settings.client_origins.iter().find(|listed| *listed == "*" || *listed == origin).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(list: &[&str], origin: &str, expected: Option<&str>) {
        let settings = Settings { client_origins: list.iter().map(|origin| (*origin).to_owned()).collect(), ..Settings::default() };
        assert_eq!(listed(&settings, origin).as_deref(), expected);
    }

    #[test]
    fn an_origin_is_allowed_if_the_list_has_it_or_a_star() {
        check(&["*"], "https://a.example", Some("*"));
        check(&["https://a.example", "https://b.example"], "https://b.example", Some("https://b.example"));
        check(&["https://a.example"], "https://a.example.evil", None);
        check(&["https://a.example"], "null", None);
        check(&[], "https://a.example", None);
    }
}
