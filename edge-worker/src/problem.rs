//! Refusals of requests, each with its status and its code, as `application/problem+json` (RFC 9457).
use std::rc::Rc;

use sdk_core::{DocumentError, Millis};
use serde::Serialize;
use worker::{Response, console_error};

use crate::{
    etag::Etag,
    http::response::Answer,
    serve,
    settings::InvalidSetting,
    version::{self, Version},
};

/// The code of [`Problem::hub_away`].
pub(crate) const HUB_UNAVAILABLE: &str = "HUB_UNAVAILABLE";

/// A refusal of a request. The request stored nothing.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) detail: String,
    pointer: Option<Box<str>>,
    until: Option<Millis>,
    header: Option<Box<(&'static str, String)>>,
    /// The cause, for the log alone.
    cause: Option<Rc<worker::Error>>,
    /// More members of the body, as JSON without the braces around them.
    members: Option<Rc<String>>,
}

impl Problem {
    pub(crate) fn malformed(detail: impl AsRef<str>) -> Self {
        Self::new(400, "PARSE_ERROR", without_value(detail.as_ref()))
    }

    pub(crate) fn malformed_at(pointer: impl Into<String>, detail: impl AsRef<str>) -> Self {
        Self { pointer: Some(pointer.into().into()), ..Self::malformed(detail) }
    }

    /// This refusal with `said` as its pointer, if its pointer is `place` or lies below it.
    pub(crate) fn with_pointer_for(mut self, place: &str, said: &str) -> Self {
        if self
            .pointer
            .as_deref()
            .and_then(|pointer| pointer.strip_prefix(place))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        {
            self.pointer = Some(said.into());
        }
        self
    }

    /// The pointer to the wrong value; `None` if there is none.
    pub(crate) fn pointer(&self) -> Option<&str> {
        self.pointer.as_deref()
    }

    pub(crate) fn context(refusal: &str) -> Self {
        Self::new(400, "INVALID_CONTEXT", without_value(refusal))
    }

    pub(crate) fn no_credentials() -> Self {
        let header = self::header("www-authenticate", "Bearer");
        Self { header, ..Self::new(401, "UNAUTHORIZED", "no valid key or token was presented") }
    }

    /// No valid token was presented where keys open nothing.
    pub(crate) fn no_token() -> Self {
        Self { detail: "no valid token was presented; operators' routes take no keys".to_owned(), ..Self::no_credentials() }
    }

    /// The API token is past its end.
    pub(crate) fn expired_token() -> Self {
        Self { code: "TOKEN_EXPIRED", detail: "the API token has expired: make another".to_owned(), ..Self::no_credentials() }
    }

    pub(crate) fn wrong_credentials(expected: &str) -> Self {
        Self::new(403, "FORBIDDEN", format!("this needs {expected}"))
    }

    pub(crate) fn cross_site() -> Self {
        Self::new(403, "FORBIDDEN", "the request comes from a page of another site")
    }

    /// The key does not list the page's origin.
    pub(crate) fn foreign_origin() -> Self {
        Self::new(403, "FORBIDDEN", "the key does not list this page's origin")
    }

    /// The token of a stream is not valid. Not 401: the route takes no credentials.
    pub(crate) fn no_stream_token() -> Self {
        Self::new(404, "NOT_FOUND", "no stream has this token, or it has expired: ask for the flags again, which brings another")
    }

    /// No relay takes the client's socket: the deployment has none, or all are full.
    pub(crate) fn no_relay() -> Self {
        Self { header: header("retry-after", "60"), ..Self::new(503, "PUSH_UNAVAILABLE", "no relay takes this client: poll instead") }
    }

    /// The relay does not answer.
    pub(crate) fn relay_away(error: worker::Error) -> Self {
        Self { header: header("retry-after", "5"), detail: "the relay does not answer".to_owned(), ..Self::hub_away(error) }
    }

    /// The signed identity is not valid.
    pub(crate) fn no_identity() -> Self {
        Self { detail: "the identity is not signed for this key, or has expired".to_owned(), ..Self::no_credentials() }
    }

    /// The credentials cannot be checked, because the issuer's address or the hub does not answer.
    pub(crate) fn no_keys() -> Self {
        Self {
            header: header("retry-after", "10"),
            ..Self::new(503, "KEYS_UNAVAILABLE", "the keys that check these credentials cannot be fetched")
        }
    }

    pub(crate) fn rate_limited(seconds: i64) -> Self {
        let header = self::header("retry-after", seconds.to_string());
        Self { header, ..Self::new(429, "RATE_LIMITED", format!("too many requests in a minute; the next one is answered in {seconds} s")) }
    }

    pub(crate) fn not_found() -> Self {
        Self::new(404, "NOT_FOUND", "nothing is served at this path")
    }

    pub(crate) fn method(allowed: &str) -> Self {
        let header = self::header("allow", allowed);
        Self { header, ..Self::new(405, "METHOD_NOT_ALLOWED", format!("expected {allowed}")) }
    }

    pub(crate) fn not_acceptable(offered: &str) -> Self {
        Self::new(406, "NOT_ACCEPTABLE", format!("available: {offered}"))
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        Self::new(413, "TOO_LARGE", format!("expected a body of at most {limit} bytes"))
    }

    pub(crate) fn not_json() -> Self {
        Self::new(415, "UNSUPPORTED_MEDIA_TYPE", "expected the content type application/json")
    }

    /// The body is compressed.
    pub(crate) fn encoded() -> Self {
        Self::new(415, "UNSUPPORTED_MEDIA_TYPE", "expected a body without content encoding, found gzip")
    }

    pub(crate) fn document(error: &DocumentError) -> Self {
        Self::document_refused(&error.pointer, &error.message)
    }

    /// The whole document is refused, for an error at this place.
    pub(crate) fn document_refused(pointer: &str, message: &str) -> Self {
        let detail = format!("{}: {}", if pointer.is_empty() { "the document" } else { pointer }, without_value(message));
        Self { pointer: Some(pointer.into()), ..Self::new(422, "DOCUMENT_REFUSED", detail) }
    }

    /// The document is not at the version that `If-Match` names.
    pub(crate) fn version_mismatch(newest: Version) -> Self {
        let refused = |detail: String| Self::new(412, "VERSION_MISMATCH", detail);
        if newest.number == 0 {
            return refused("there is no document yet".to_owned());
        }
        let tag = Etag::version(newest);
        let header = self::header("etag", tag.as_str());
        Self {
            header,
            ..refused(format!("somebody changed something meanwhile: look again, and send its version as If-Match: {}", tag.as_str()))
        }
    }

    /// The request's `If-Match` names no version.
    pub(crate) fn no_version_tag() -> Self {
        Self::malformed(format!("expected If-Match to be {}, in quotes, or *", version::EXPECTED))
    }

    /// The request replaces a document without `If-Match`.
    pub(crate) fn no_precondition(newest: Version) -> Self {
        let tag = Etag::version(newest);
        let detail = format!("to replace the document, send its version as If-Match: {}", tag.as_str());
        Self { header: header("etag", tag.as_str()), ..Self::new(428, "PRECONDITION_REQUIRED", detail) }
    }

    /// A definition is not the one that `If-Match` names; `None` if there is none.
    pub(crate) fn definition_mismatch(tag: Option<&str>) -> Self {
        let detail = tag.map_or_else(
            || "there is no such definition".to_owned(),
            |tag| format!("somebody changed it meanwhile: look again, and send If-Match: {tag}"),
        );
        Self { header: tag.and_then(|tag| header("etag", tag)), ..Self::new(412, "VERSION_MISMATCH", detail) }
    }

    /// The request replaces or removes a definition without `If-Match`.
    pub(crate) fn no_definition_tag(tag: &str) -> Self {
        let detail = format!("to change the definition, send its tag as If-Match: {tag}");
        Self { header: header("etag", tag), ..Self::new(428, "PRECONDITION_REQUIRED", detail) }
    }

    /// A command that `control` refuses; an empty pointer is left out.
    pub(crate) fn refused(status: u16, code: &'static str, detail: impl Into<String>, pointer: String) -> Self {
        Self { pointer: (!pointer.is_empty()).then(|| pointer.into()), ..Self::new(status, code, detail) }
    }

    /// Another request was sent with this idempotency key.
    pub(crate) fn used_key() -> Self {
        Self::new(422, "IDEMPOTENCY_KEY_REUSED", "another request was sent with this idempotency key")
    }

    /// The customer or organization is outside the caller's organization. The caller does not learn whether it exists.
    pub(crate) fn no_owner() -> Self {
        Self::new(404, "NOT_FOUND", "there is no such customer or organization")
    }

    /// The request names a customer and an organization that the customer does not belong to.
    pub(crate) fn other_organization() -> Self {
        Self::new(400, "INVALID_CONTEXT", "the customer does not belong to this organization")
    }

    /// The deployment has no environment with this name.
    pub(crate) fn no_environment(name: &str) -> Self {
        Self::new(404, "ENVIRONMENT_NOT_FOUND", format!("no environment has the name {name:?}; GET /api/admin/environments lists them"))
    }

    /// No flag has this key or alias.
    pub(crate) fn no_flag(name: &str) -> Self {
        Self::new(404, "FLAG_NOT_FOUND", format!("no flag has the key or alias {name:?}"))
    }

    /// This refusal, with the moment from which the request can succeed.
    pub(crate) fn until(self, moment: Millis, now: Millis) -> Self {
        let seconds = (moment.0 - now.0).max(0) / 1_000 + 1;
        Self { until: Some(moment), header: header("retry-after", seconds.to_string()), ..self }
    }

    /// The store has no such version, or had none yet at the given moment.
    pub(crate) fn no_version() -> Self {
        Self::new(404, "VERSION_NOT_FOUND", "no document was served at this version or moment")
    }

    /// A restore without `?replace=` would overwrite a hub that was written to.
    pub(crate) fn not_empty() -> Self {
        Self::new(409, "NOT_EMPTY", "the hub was written to: to replace it, send the hash of its newest record as ?replace=")
    }

    /// The hash in a restore's `?replace=` is not that of the newest record.
    pub(crate) fn other_head(head: &str) -> Self {
        Self::new(409, "HEAD_MISMATCH", format!("the hash of the newest record is {head}"))
    }

    /// The store cannot take any more.
    pub(crate) fn full(detail: &str) -> Self {
        Self::new(507, "FULL", detail)
    }

    /// The store is at another version than the one that the command was decided on, so nothing was written.
    pub(crate) fn conflict() -> Self {
        Self::no_ruleset("CONFLICT", "another writer changed the hub meanwhile, and nothing was done: send the request again")
    }

    /// Returns true for the refusal of [`Self::conflict`].
    pub(crate) fn is_conflict(&self) -> bool {
        self.code == "CONFLICT"
    }

    /// The database that has the journal cannot be reached.
    pub(crate) fn store_away(why: &str) -> Self {
        let detail = "the database does not answer; whether a change was made is not known: repeat it with the same Idempotency-Key";
        let cause = Some(Rc::new(worker::Error::RustError(format!("Postgres: {why}"))));
        Self { header: header("retry-after", "2"), cause, ..Self::new(503, "STORE_UNAVAILABLE", detail) }
    }

    /// The store is put back, or will be, and its epoch was not renewed. `undo` is the bookmark that undoes it, as JSON.
    pub(crate) fn no_renewal(undo: &str) -> Self {
        let detail =
            "the hub does not answer since it was told to put the store back: renew its epoch by POST /api/admin/epoch once it does";
        Self::no_ruleset("EPOCH_NOT_RENEWED", detail).with_members(format!(r#""undo":{undo}"#))
    }

    /// There is no ruleset to answer from, and why.
    pub(crate) fn no_ruleset(code: &'static str, detail: impl Into<String>) -> Self {
        Self { header: header("retry-after", "1"), ..Self::new(503, code, detail) }
    }

    /// A later release wrote the store in a form that this release may not read or write; `verb` is the one refused.
    pub(crate) fn later_store(verb: &str) -> Self {
        let header = self::header("retry-after", "60");
        let detail = format!("a later release wrote this store, and this one may not {verb} it: deploy that release again");
        Self { header, ..Self::new(503, "LATER_STORE", detail) }
    }

    /// The hub did not answer. A change may have been made all the same.
    pub(crate) fn hub_away(cause: worker::Error) -> Self {
        let header = self::header("retry-after", "1");
        let detail = "the hub did not answer; whether a change was made is not known: repeat it with the same Idempotency-Key";
        Self { header, cause: Some(Rc::new(cause)), ..Self::new(503, HUB_UNAVAILABLE, detail) }
    }

    /// A setting of the deployment cannot be read.
    pub(crate) fn invalid_setting(InvalidSetting { name, expected, found }: InvalidSetting) -> Self {
        let header = self::header("retry-after", "60");
        let found = found.map(|kind| format!("found {kind}, expected text in quotes: "));
        let why = found.as_deref().unwrap_or("expected ");
        Self { header, ..Self::new(503, "SETTING_INVALID", format!("the setting {name} cannot be read: {why}{expected}")) }
    }

    /// All flags are switched off, and this route cannot answer without a ruleset.
    pub(crate) fn switched_off() -> Self {
        let header = self::header("retry-after", "60");
        Self { header, ..Self::new(503, "DISABLED", "feature flags are switched off: FEATURE_FLAGS_ENABLED is false") }
    }

    /// This refusal, with a pointer to this place.
    pub(crate) fn at(self, pointer: String) -> Self {
        Self { pointer: Some(pointer.into()), ..self }
    }

    /// This refusal with more members in its body: JSON without the braces around them.
    pub(crate) fn with_members(self, members: String) -> Self {
        Self { members: Some(members.into()), ..self }
    }

    /// The refusal as `application/problem+json`.
    pub(crate) fn answer(&self) -> Answer {
        let body = Body {
            code: self.code,
            detail: &self.detail,
            pointer: self.pointer.as_deref(),
            status: self.status,
            title: title(self.status),
            until: self.until.map(Millis::to_rfc3339),
            kind: "about:blank",
        };
        // Texts and a number always serialize.
        let mut text = serde_json::to_string(&body).unwrap_or_default();
        if let Some(members) = &self.members {
            text.pop();
            text.extend([",", members, "}"]);
        }
        self.answer_as("application/problem+json", text)
    }

    /// This refusal with another body, such as OFREP's.
    pub(crate) fn answer_as(&self, content_type: &'static str, body: String) -> Answer {
        let mut answer = Answer { cause: self.cause.clone(), ..Answer::new(content_type, body).with_status(self.status) };
        if let Some((name, value)) = self.header.as_deref() {
            answer = answer.with_own(name, value.clone());
        }
        answer
    }

    pub(crate) fn into_response(self) -> worker::Result<Response> {
        if let Some(cause) = &self.cause {
            console_error!("{cause}");
        }
        serve::respond(self.answer())
    }

    /// The text for the log: the cause if there is one, else the detail.
    pub(crate) fn why(&self) -> String {
        self.cause.as_ref().map_or_else(|| self.detail.clone(), ToString::to_string)
    }

    fn new(status: u16, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into(), pointer: None, until: None, header: None, cause: None, members: None }
    }
}

/// serde's message about a wrong value, without the value: it may be a secret, and refusals may be logged.
fn without_value(refusal: &str) -> String {
    // serde puts the expectation last.
    refusal.rsplit_once(", expected ").map_or_else(|| refusal.to_owned(), |(_, expected)| format!("expected {expected}"))
}

/// A failure of the runtime. The text may hold anything, so it goes to the log and not to the caller.
impl From<worker::Error> for Problem {
    fn from(error: worker::Error) -> Self {
        Self { cause: Some(Rc::new(error)), ..Self::new(500, "GENERAL", "the request could not be answered") }
    }
}

#[derive(Serialize)]
struct Body<'a> {
    code: &'a str,
    detail: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pointer: Option<&'a str>,
    status: u16,
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    #[serde(rename = "type")]
    kind: &'a str,
}

const fn title(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        409 => "Conflict",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        415 => "Unsupported Media Type",
        422 => "Unprocessable Content",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        503 => "Service Unavailable",
        507 => "Insufficient Storage",
        _ => "Internal Server Error",
    }
}
/// The header of a refusal.
#[expect(clippy::unnecessary_wraps, reason = "it is the field's value")]
fn header(name: &'static str, value: impl Into<String>) -> Option<Box<(&'static str, String)>> {
    Some(Box::new((name, value.into())))
}
