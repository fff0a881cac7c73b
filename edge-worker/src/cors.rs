//! Pages on other origins: which may ask with a client key, and what they are told (the Fetch standard, "CORS protocol").
//!
//! The list of origins is no protection of the answers (a client key is public); it keeps foreign pages from using it in a browser.
//! A stored key lists its own, the deployment's in `CLIENT_ORIGINS`. A preflight shows no key: it is told that it may ask where
//! any list has its origin. Cookies are never asked for, so `*` may be answered.
use crate::{
    auth::Origins,
    environment::Environment,
    http::{
        asked::{Asked, Stop},
        parts::Header,
        response::Line,
    },
    ruleset_cache,
    settings::Settings,
};

/// How long a browser may remember that it may ask.
const MAX_AGE_SECONDS: &str = "7200";
const REQUEST_HEADERS: &str = "authorization, content-type, if-none-match, twinflag-identity, x-api-key";
const RESPONSE_HEADERS: &str = "etag, retry-after, twinflag-identity, twinflag-organization, twinflag-stale, twinflag-version";

/// Says on an answer to a page of another origin that the page may read it.
pub(crate) fn lines(asked: &Asked<'_>) -> Vec<Line> {
    let Some(origin) = allowed(asked) else { return Vec::new() };
    vec![("access-control-allow-origin", origin.into()), ("access-control-expose-headers", RESPONSE_HEADERS.into())]
}

/// Says on the answer to a preflight what may be asked. A browser sends it before anything else: it may be the first to need the keys.
pub(crate) fn preflight(asked: &Asked<'_>, methods: &str) -> Result<Vec<Line>, Stop> {
    let is_unlisted = asked.parts.header(Header::Origin).is_some_and(|origin| listed(asked.settings, origin).is_none());
    if is_unlisted
        && !asked.settings.is_off
        && let Err(Stop::Needs(need)) = asked.keys(&Environment::FIRST)
    {
        return Err(Stop::Needs(need));
    }
    // Without the keys nobody is allowed.
    if allowed(asked).is_none() {
        return Ok(Vec::new());
    }
    Ok(vec![
        ("access-control-allow-methods", methods.to_owned().into()),
        ("access-control-allow-headers", REQUEST_HEADERS.into()),
        ("access-control-max-age", MAX_AGE_SECONDS.into()),
    ])
}

/// The origin to name: the page's where a list has it, `*` where `CLIENT_ORIGINS` has that.
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
    fn origins_are_equal_or_any() {
        check(&["*"], "https://a.example", Some("*"));
        check(&["https://a.example", "https://b.example"], "https://b.example", Some("https://b.example"));
        check(&["https://a.example"], "https://a.example.evil", None);
        check(&["https://a.example"], "null", None);
        check(&[], "https://a.example", None);
    }
}
