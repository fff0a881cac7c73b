//! Protection against cross-site request forgery: requests that another site's page makes an operator's browser send.
//!
//! A browser names the origin of each such request, and a page cannot prevent that. Tokens are never in cookies, so a forged request has no
//! credentials either; this check is the second barrier.
use crate::{
    cors,
    http::{asked::Asked, parts::Header},
    problem::Problem,
};

/// Refuses a request that can change something if it comes from another site, or if its content type is not JSON.
///
/// `GET`, `HEAD` and `OPTIONS` pass, and JSON from a page that `ADMIN_ORIGINS` lists. An HTML form cannot send JSON as its content type.
pub(crate) fn refuse(asked: &Asked<'_>) -> Result<(), Problem> {
    let parts = asked.parts;
    if matches!(parts.method, "GET" | "HEAD" | "OPTIONS") {
        return Ok(());
    }
    let is_foreign = parts.header(Header::Origin).is_some_and(|origin| !is_own(origin, parts.url));
    let is_cross_site = is_foreign || parts.header(Header::SecFetchSite).is_some_and(|site| site == "cross-site");
    if is_cross_site && cors::operators_page(asked).is_none() {
        return Err(Problem::cross_site());
    }
    // A form cannot send DELETE, and a DELETE request may have no body.
    let is_json = parts.method == "DELETE" || parts.header(Header::ContentType).is_some_and(is_json);
    if is_json { Ok(()) } else { Err(Problem::not_json()) }
}

/// Returns true if the origin has the host and port of this URL. Schemes are not compared: a proxy may have terminated TLS.
pub(crate) fn is_own(origin: &str, url: &str) -> bool {
    let host = |text: &str| text.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or_default().to_ascii_lowercase());
    let own = host(url);
    own.is_some() && own == host(origin)
}

fn is_json(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    ["application/json", "application/json-patch+json", "application/x-ndjson"].iter().any(|json| kind.eq_ignore_ascii_case(json))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_own_if_host_and_port_are_equal() {
        let url = "http://flags.example:8787/api/admin/document?x=http://evil.example";
        for (origin, own) in [
            ("http://flags.example:8787", true),
            ("https://flags.example:8787", true),
            ("HTTP://Flags.Example:8787", true),
            ("http://flags.example", false),
            ("http://flags.example:8787.evil.example", false),
            ("http://evil.example/flags.example:8787", false),
            ("http://x@flags.example:8787", false),
            ("null", false),
            ("", false),
        ] {
            assert_eq!(is_own(origin, url), own, "{origin}");
        }
    }

    #[test]
    fn only_json_content_types_pass() {
        for (content_type, json) in [
            ("application/json", true),
            ("Application/JSON ; charset=utf-8", true),
            ("application/json-patch+json", true),
            ("text/plain;application/json", false),
            ("application/jsonx", false),
            ("application/x-www-form-urlencoded", false),
            ("", false),
        ] {
            assert_eq!(is_json(content_type), json, "{content_type}");
        }
    }
}
