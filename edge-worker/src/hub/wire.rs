//! Messages between the hub and the rest of the worker, over requests that never leave the runtime.
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{
    etag::Etag,
    version::{Epoch, Version},
};

/// The newest ruleset: `GET` with `?since=`, 204 if that is the newest version. With `?version=` or `?at=` a past one, 404 if there is
/// none. To a request with [`HOLDS`], an answer may have what changed since, in place of the document.
pub(super) const RULESET: &str = "http://hub/ruleset";
/// The keys that were not revoked: `GET` answers a list of their rows.
pub(super) const KEYS: &str = "http://hub/keys";
/// Rows about owners of overrides: `POST` with [`WantedOwners`] answers a list of [`Page`], 204 if the store is of another epoch. An answer
/// that would be long lacks some of the rows; whoever asked asks again for these.
pub(super) const OWNERS: &str = "http://hub/owners";
/// Whole pages of overrides, for workers of the release before [`OWNERS`]: `POST` with [`WantedPages`] answers likewise.
pub(super) const PAGES: &str = "/pages";
/// Operators' requests: the path behind `/api/admin/`, the same method, query and body, and the actor in headers.
pub(super) const ADMIN: &str = "http://hub/admin/";
/// The headers with an operator's subject, their role, and the one organization that the role is for, each spelled by [`encoded`].
pub(super) const ACTOR: &str = "twinflag-actor";
pub(super) const ROLE: &str = "twinflag-role";
pub(super) const WITHIN: &str = "twinflag-within";
/// The header with the hash of the API token that a program presented, in hexadecimal digits. A name may be given again, a hash not.
pub(super) const TOKEN: &str = "twinflag-token";
/// The header with a digest of the body that the client sent, if the worker sends the hub another one. Two requests with equal digests are
/// the same request.
pub(super) const CLIENT_BODY: &str = "twinflag-client-body";
/// The document that serves: `GET` answers text and [`VERSION`].
pub(super) const DOCUMENT: &str = "http://hub/document";
/// The document as operators wrote it, answered likewise. With `?version=` a past one, 404 if there is none.
pub(super) const WRITTEN: &str = "http://hub/written";
/// The use of the break-glass token: `POST` with the method and the path of its request.
pub(super) const BREAK_GLASS: &str = "http://hub/break-glass";
/// The use of an API token: `POST` with the token's hash in hexadecimal digits.
pub(super) const TOKEN_USE: &str = "http://hub/token-use";
/// The record that made an answer what it is: `POST` with [`Explaining`].
pub(super) const EXPLAINING: &str = "http://hub/explaining";
/// The names of the environments that the first hub has registered: `GET` answers a list.
pub(super) const REGISTERED: &str = "http://hub/registered";
/// The state of an environment: `GET` answers `{ epoch, version, flags, errors }`.
pub(super) const SUMMARY: &str = "http://hub/summary";
/// Definitions to copy: `POST` with the keys or aliases of flags and the names of segments, two lists in one, answers the members
/// `flags` and `segments` of `control::Definitions`, and [`VERSION`].
pub(super) const DEFINITIONS: &str = "http://hub/definitions";
/// The header with the name of the environment that the hub is of; absent for the first one.
pub(crate) const ENVIRONMENT: &str = "twinflag-environment";
/// The header by which an isolate says that it holds the rows of the version in `?since=`, and so understands [`RulesetAnswer::since`]. A
/// hub of an earlier release takes no notice of it, and isolates of earlier releases do not send it.
pub(crate) const HOLDS: &str = "twinflag-holds";
/// The value of [`HOLDS`] of an isolate that checks changes by [`RulesetAnswer::digest`]. A hub of an earlier release does not know it, and
/// sends the whole document.
pub(super) const DIGESTED_ROWS: &str = "digested rows";
/// The value of [`HOLDS`] of isolates of earlier releases, which check changes by [`RulesetAnswer::sum`].
pub(super) const ROWS: &str = "rows";
/// The header with the version that an isolate has heard of, or `now` if it has just changed something; for a reader.
pub(crate) const NEWS_SINCE: &str = "twinflag-news-since";
/// The value of [`NEWS_SINCE`] of an isolate that was shown a key which it does not know.
pub(crate) const SOUGHT: &str = "sought";
/// The header with the name of the reader that asks. The hub tells it of changes: `POST` with the version.
pub(crate) const READER: &str = "twinflag-reader";
/// The header with the time that a test set, by a tally or by an isolate that tells a use. It sets the time of the hub's own jobs no further.
pub(crate) const TALLY_TIME: &str = "twinflag-tally-time";
/// The header with counts of isolates, as `Counts::take` writes them.
pub(crate) const COUNTS: &str = "twinflag-counts";
/// The header with names that evaluations asked for and that no flag has, as `AskedNames::take` writes them.
pub(crate) const ASKED_NAMES: &str = "twinflag-asked-names";
/// The metrics: `GET` answers text in the form that `accept` names.
pub(super) const METRICS: &str = "http://hub/metrics";
/// The address at which the hub tells a reader of a version.
pub(super) const TOLD: &str = "http://reader/told";
/// The header with the version of a document, of keys or of rows.
pub(crate) const VERSION: &str = "twinflag-version";
/// The header with the bucket key of a document that names none.
pub(super) const BUCKET_KEY: &str = "twinflag-bucket-key";

#[derive(Serialize, Deserialize)]
pub(super) struct RulesetAnswer<'a> {
    pub(super) epoch: Epoch,
    pub(super) version: u32,
    #[serde(rename = "bucketKey")]
    pub(super) bucket_key: String,
    /// The rows of keys that were not revoked. There may be some before there is a document; of a past version there are none.
    /// `None` among changes that left all keys, environments and members as they were.
    #[serde(borrow)]
    pub(super) keys: Option<Vec<&'a RawValue>>,
    /// The key of the environment's streams, in hexadecimal digits; absent in a past version.
    #[serde(rename = "streamKey", default, skip_serializing_if = "Option::is_none")]
    pub(super) stream_key: Option<String>,
    /// The name of the environment in the document.
    #[serde(default)]
    pub(super) environment: Option<String>,
    /// The names of the registered environments, each with the moment at which it was registered; only the first hub has any.
    #[serde(default)]
    pub(super) environments: Vec<(String, i64)>,
    /// All pages that were ever written on; among changes those that were written on since.
    pub(super) pages: Vec<(u16, u32)>,
    /// The number of the version of this epoch that the answer has the changes since, if it has changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<u32>,
    /// The kind, the name and the text of each row of the document that changed; no text if the row is gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) rows: Vec<(String, String, Option<String>)>,
    /// The digest of the document that the changed rows lead to; absent if none changed, and from [`ROWS`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) digest: Option<String>,
    /// The entity tag of the document that the changed rows lead to; absent if none changed, and from [`DIGESTED_ROWS`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sum: Option<String>,
    /// The document without overrides; `null` if none serves, and among changes.
    #[serde(borrow)]
    pub(super) document: Option<&'a RawValue>,
    /// The number of the document's errors, each of which leaves out a part of it.
    pub(super) errors: usize,
    /// The reason why the document that is stored, or that the deployment brings, does not serve; `None` if it does, or there is none.
    pub(super) refused: Option<String>,
    /// The key of receipts: 64 hexadecimal digits. Absent from answers of earlier releases, and about the past.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) receipts: Option<String>,
}

/// An answer for which the record that made it so is wanted.
#[derive(Serialize, Deserialize)]
pub(crate) struct Explaining<'a> {
    /// The key of the flag.
    #[serde(borrow)]
    pub(crate) flag: std::borrow::Cow<'a, str>,
    /// The name of the layer that answered.
    #[serde(borrow)]
    pub(crate) layer: std::borrow::Cow<'a, str>,
    pub(crate) customer: Option<String>,
    pub(crate) organization: Option<String>,
    /// The epoch and the number of the version that was answered from.
    pub(crate) epoch: Epoch,
    pub(crate) version: u32,
}

/// A request for rows about owners, on pages at versions.
#[derive(Serialize, Deserialize)]
pub(super) struct WantedOwners {
    pub(super) epoch: Epoch,
    pub(super) pages: Vec<WantedPage>,
}

/// A request for whole pages of overrides, each at a version.
#[derive(Deserialize)]
pub(super) struct WantedPages {
    pub(super) epoch: Epoch,
    pub(super) pages: Vec<(u16, u32)>,
}

/// The wanted rows of a page, at a version of it.
#[derive(Serialize, Deserialize)]
pub(crate) struct WantedPage {
    #[serde(rename = "page")]
    pub(crate) number: u16,
    pub(crate) version: u32,
    /// True if the page's filter is wanted too.
    #[serde(rename = "filter")]
    pub(crate) lacks_filter: bool,
    /// The kinds and the names of the rows.
    pub(crate) owners: Vec<(String, String)>,
}

/// A row about an owner: its kind and name, and the text; no text if there is no such row.
#[derive(Serialize, Deserialize)]
pub(crate) struct Owner {
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) tree: Option<String>,
}

/// Rows of a page, at a version of it.
#[derive(Serialize, Deserialize)]
pub(crate) struct Page {
    #[serde(rename = "page")]
    pub(crate) number: u16,
    pub(crate) version: u32,
    /// The filter of all owners on the page at this version, as `control::OwnerFilter` writes it; absent if it was not asked for, if the
    /// version is not the page's newest, or if there are too many owners.
    #[serde(default)]
    pub(crate) filter: Option<String>,
    pub(crate) owners: Vec<Owner>,
}

/// A text, spelled so that it can be a header's value; [`decoded`] reads it back.
pub(crate) fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

pub(super) fn decoded(header: &str) -> String {
    percent_encoding::percent_decode_str(header).decode_utf8_lossy().into_owned()
}

/// Returns true if an `If-Match` names the entity tag of a version from the one that last changed what is to be replaced to the newest.
pub(super) fn matches(if_match: &str, changed: u32, newest: Version) -> bool {
    let is_since = |tag: &str| {
        let version = tag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).and_then(|version| version.parse::<Version>().ok());
        version.is_some_and(|version| version.epoch == newest.epoch && (changed.max(1)..=newest.number).contains(&version.number))
    };
    if is_any(if_match) { newest.number > 0 } else { tags(if_match).any(is_since) }
}

/// Returns true if an `If-Match` names this entity tag. Tags are compared strongly, as that header wants it.
pub(super) fn names(if_match: &str, tag: &Etag) -> bool {
    is_any(if_match) || tags(if_match).any(|given| given == tag.as_str())
}

/// Returns true if an `If-Match` names whatever there is: by `*` alone, which has no meaning among tags (RFC 9110, 13.1.1).
pub(super) fn is_any(if_match: &str) -> bool {
    if_match.trim() == "*"
}

fn tags(if_match: &str) -> impl Iterator<Item = &str> {
    if_match.split(',').map(str::trim)
}

/// Returns true if an `If-Match` names versions as entity tags, or any version.
pub(super) fn is_versions(if_match: &str) -> bool {
    let is_tag = |given: &str| {
        let quoted = given.strip_prefix("W/").unwrap_or(given).strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        quoted.is_some_and(|version| version.parse::<Version>().is_ok())
    };
    is_any(if_match) || tags(if_match).all(is_tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(if_match: &str, newest: &str, expected: bool) {
        let newest: Version = newest.parse().unwrap();
        assert_eq!(matches(if_match, newest.number, newest), expected, "{if_match} of {newest:?}");
    }

    #[test]
    fn a_version_is_named_in_quotes_with_its_epoch() {
        for given in ["*", "\"0a1b2c3d4e5f.3\"", "W/\"0a1b2c3d4e5f.3\"", "\"0a1b2c3d4e5f.1\", \"0a1b2c3d4e5f.3\""] {
            assert!(is_versions(given), "{given}");
        }
        for given in ["3", "\"3\"", "0a1b2c3d4e5f.3", "\"0a1b2c3d4e5f.3", "\"", "x", "\"0a1b2c3d4e5f.3\", 3", "\"0a1b2c3d4e5f.3\", *"] {
            assert!(!is_versions(given), "{given}");
        }
    }

    #[test]
    fn a_version_since_which_nothing_changed_that_counts_is_as_good_as_the_newest() {
        let newest: Version = "0a1b2c3d4e5f.5".parse().unwrap();
        for (changed, if_match, expected) in [
            (3, "\"0a1b2c3d4e5f.2\"", false),
            (3, "\"0a1b2c3d4e5f.3\"", true),
            (3, "\"0a1b2c3d4e5f.4\"", true),
            (3, "\"0a1b2c3d4e5f.5\"", true),
            // No operator can have read it.
            (3, "\"0a1b2c3d4e5f.6\"", false),
            (3, "\"0a1b2c3d4e50.4\"", false),
            (5, "\"0a1b2c3d4e5f.4\"", false),
            (0, "\"0a1b2c3d4e5f.0\"", false),
            (0, "\"0a1b2c3d4e5f.1\"", true),
        ] {
            assert_eq!(matches(if_match, changed, newest), expected, "{changed} {if_match}");
        }
    }

    #[test]
    fn entity_tags_are_compared_whole() {
        const HELD: &str = "0a1b2c3d4e5f.3";
        check("\"0a1b2c3d4e5f.3\"", HELD, true);
        check("\"0a1b2c3d4e5f.1\", \"0a1b2c3d4e5f.3\"", HELD, true);
        check("\"0a1b2c3d4e5f.33\"", HELD, false);
        check(&format!("\"{HELD}\""), "0a1b2c3d4e5f.33", false);
        check("0a1b2c3d4e5f.3", HELD, false);
        // The same number of another epoch is another document.
        check("\"0a1b2c3d4e50.3\"", HELD, false);
        check("\"3\"", HELD, false);
        // `If-Match` compares strongly, so a weak tag matches nothing.
        check("W/\"0a1b2c3d4e5f.3\"", HELD, false);
        check("*", HELD, true);
        check("*", "0a1b2c3d4e5f.0", false);
        check("\"0a1b2c3d4e5f.1\", *", HELD, false);
        check("\"0a1b2c3d4e5f.0\"", "0a1b2c3d4e5f.0", false);
    }

    #[test]
    fn a_definition_is_named_by_its_whole_tag() {
        let tag = Etag::strong(b"{}");
        let whole = tag.as_str();
        let half = format!("{}\"", &whole[..20]);
        for (if_match, expected) in [
            ("*", true),
            (whole, true),
            (&format!("\"x\",{whole}"), true),
            (&half, false),
            (&format!("W/{whole}"), false),
            ("\"x\", *", false),
        ] {
            assert_eq!(names(if_match, &tag), expected, "{if_match}");
        }
    }
}
