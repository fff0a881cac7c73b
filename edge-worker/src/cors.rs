//! CORS: the headers that let pages of other origins use a client key, or send operators' requests (the Fetch standard, "CORS protocol").
//!
//! The list of origins does not protect the answers, because a client key is public. It keeps the pages of other sites from using the key
//! in a browser. A stored key lists its own origins; `CLIENT_ORIGINS` lists those of the deployment's client key. A preflight carries no
//! key, so the edge allows it if any list has its origin. The edge never allows cookies, so it may answer `*`.
//!
//! `ADMIN_ORIGINS` lists the pages that may send operators' requests. They bring a token of their own: a browser adds none to a request.
use crate::{
    auth::Origins,
    cross_site,
    environment::Environment,
    http::{
        asked::{Asked, Unanswered},
        parts::Header,
        response::Line,
        routes::Audience,
    },
    problem::Problem,
    ruleset_cache,
    settings::Settings,
};

/// The time for which a browser may cache the answer to a preflight.
const MAX_AGE_SECONDS: &str = "7200";
const REQUEST_HEADERS: &str =
    "authorization, content-type, idempotency-key, if-match, if-none-match, twinflag-identity, twinflag-unit, x-api-key";
const RESPONSE_HEADERS: &str = "etag, retry-after, twinflag-identity, twinflag-now, twinflag-receipt, twinflag-stale, twinflag-version";

/// The headers that let a page of another origin read the answer; empty if its origin is not allowed.
pub(crate) fn lines(asked: &Asked<'_>, audience: Audience) -> Vec<Line> {
    let Some(origin) = allowed(asked, audience) else { return Vec::new() };
    vec![("access-control-allow-origin", origin.into()), ("access-control-expose-headers", RESPONSE_HEADERS.into())]
}

/// The headers of the answer to a preflight; empty if the origin is not allowed.
///
/// A preflight can be an isolate's first request, so this asks for the stored keys unless a setting lists the origin.
pub(crate) fn preflight(asked: &Asked<'_>, audience: Audience, methods: &str) -> Result<Vec<Line>, Unanswered> {
    let may_be_of_key = audience == Audience::Pages && asked.parts.header(Header::Origin).is_some() && !asked.settings.is_off;
    if may_be_of_key
        && allowed(asked, audience).is_none()
        && let Err(Unanswered::Needs(need)) = asked.keys(&Environment::FIRST)
    {
        return Err(Unanswered::Needs(need));
    }
    // If the keys could not be fetched, no key lists the origin.
    if allowed(asked, audience).is_none() {
        return Ok(Vec::new());
    }
    Ok(vec![
        ("access-control-allow-methods", methods.to_owned().into()),
        ("access-control-allow-headers", REQUEST_HEADERS.into()),
        ("access-control-max-age", MAX_AGE_SECONDS.into()),
    ])
}

/// The value of `Access-Control-Allow-Origin`: the page's origin if a list has it, `*` if `CLIENT_ORIGINS` has that; else `None`.
fn allowed(asked: &Asked<'_>, audience: Audience) -> Option<String> {
    match audience {
        Audience::Pages => by_keys(asked).or_else(|| {
            let page = operators_page(asked)?;
            // A key has its own list; a page of operators evaluates with a token.
            matches!(Origins::of(asked), Origins::Any).then(|| page.to_owned())
        }),
        Audience::Operators | Audience::Monitors => operators_page(asked).map(str::to_owned),
        Audience::Programs | Audience::Visitors => None,
    }
}

/// The origin of the page that sends a request, if `ADMIN_ORIGINS` lists it.
pub(crate) fn operators_page<'r>(asked: &Asked<'r>) -> Option<&'r str> {
    let listed = &asked.settings.admin_origins;
    // Without a list the header is not read: it is no part of a monitor's request on the fast way.
    if listed.is_empty() {
        return None;
    }
    asked.parts.header(Header::Origin).filter(|origin| listed.iter().any(|one| one == origin))
}

/// The value for a page that uses a client key, by the lists of keys.
fn by_keys(asked: &Asked<'_>) -> Option<String> {
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
        Some(origin) if by_keys(asked).is_none() && !cross_site::is_own(origin, asked.parts.url) => Err(Problem::foreign_origin()),
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
