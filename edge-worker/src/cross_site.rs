//! Requests that another site's page makes an operator's browser send. A browser says of each where it comes from, and a page
//! cannot keep it from saying so; tokens travel in no cookie, so this is the second lock.
use crate::http::parts::{Header, Parts};
use crate::problem::Problem;

/// Refuses what may change something and comes from another site, or does not say that it is JSON (which no form can say).
pub(crate) fn refuse(parts: &Parts<'_>) -> Result<(), Problem> {
    if matches!(parts.method, "GET" | "HEAD" | "OPTIONS") {
        return Ok(());
    }
    let is_foreign = parts.header(Header::Origin).is_some_and(|origin| !is_own(origin, parts.url));
    if is_foreign || parts.header(Header::SecFetchSite).is_some_and(|site| site == "cross-site") {
        return Err(Problem::cross_site());
    }
    // No form deletes anything, and who deletes may have nothing more to say.
    let is_json = parts.method == "DELETE" || parts.header(Header::ContentType).is_some_and(is_json);
    if is_json { Ok(()) } else { Err(Problem::not_json()) }
}

/// Whether a page of this origin came from here. The scheme is not compared: a proxy in front of us may have taken the TLS off.
pub(crate) fn is_own(origin: &str, url: &str) -> bool {
    let host = |text: &str| text.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or_default().to_ascii_lowercase());
    let own = host(url);
    own.is_some() && own == host(origin)
}

fn is_json(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    ["application/json", "application/x-ndjson"].iter().any(|json| kind.eq_ignore_ascii_case(json))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_ours_by_its_host_and_port() {
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
    fn json_says_so() {
        for (content_type, json) in [
            ("application/json", true),
            ("Application/JSON ; charset=utf-8", true),
            ("text/plain;application/json", false),
            ("application/jsonx", false),
            ("application/x-www-form-urlencoded", false),
            ("", false),
        ] {
            assert_eq!(is_json(content_type), json, "{content_type}");
        }
    }
}
