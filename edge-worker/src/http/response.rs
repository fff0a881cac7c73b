//! A response as plain data, and the headers that every response has.
use std::{borrow::Cow, rc::Rc};

use serde::Serialize;

use super::{asked::Asked, parts::Header, routes::Audience};
use crate::{cors, etag::Etag, ruleset_cache::Serving};

pub(crate) const JSON: &str = "application/json";

/// `Vary` of answers to pages: the headers with credentials, and the origin. A cache tells answers apart by the first one anyway, by the
/// others only if `Vary` names them.
const PAGES_VARY: &str = "authorization, twinflag-identity, x-api-key, origin";

/// A header's name and value.
pub(crate) type Line = (&'static str, Cow<'static, str>);

/// A response as plain data. [`standard_headers`] adds the headers that every response to its audience has.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// True if the body is UTF-8 for certain, as all JSON is.
    pub(crate) is_text: bool,
    /// Headers that many answers share, such as the version.
    pub(crate) shared: Vec<Line>,
    /// Headers of this answer alone, such as its entity tag.
    pub(crate) own: Vec<Line>,
    /// The audience of its route.
    pub(crate) audience: Audience,
    /// The milliseconds for which the answer stays the same if there is no news ([`crate::repeats`]), whatever the request; 0 for an
    /// answer that depends on more.
    pub(crate) repeats_ms: u32,
    /// The cause of a refusal, for the log alone.
    pub(crate) cause: Option<Rc<worker::Error>>,
}

impl Answer {
    /// 200, with a body of this type.
    pub(crate) fn new(content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        let (is_text, shared) = (content_type.ends_with("json"), vec![("content-type", content_type.into())]);
        Self { status: 200, body: body.into(), is_text, shared, own: Vec::new(), audience: Audience::Programs, repeats_ms: 0, cause: None }
    }

    pub(crate) fn json(body: impl Into<Vec<u8>>) -> Self {
        Self::new(JSON, body)
    }

    /// 200, with a value as JSON.
    pub(crate) fn of(value: &impl Serialize) -> Self {
        // Values of ours have neither maps nor numbers that JSON lacks.
        Self::json(serde_json::to_string(value).unwrap_or_default())
    }

    /// A response without a body.
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, is_text: false, shared: Vec::new(), ..Self::new(JSON, Vec::new()) }
    }

    /// 200 with an entity tag; or 304, if `If-None-Match` says that the client holds this answer.
    pub(crate) fn tagged(asked: &Asked<'_>, etag: Etag, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        let is_held = etag.is_held_by(asked.parts.header(Header::IfNoneMatch));
        let answer = if is_held { Self::empty(304) } else { Self::new(content_type, body) };
        answer.with_own("etag", etag.into_text())
    }

    pub(crate) fn with_status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    pub(crate) fn with_own(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.own.push((name, value.into()));
        self
    }

    pub(crate) fn with_shared(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.shared.push((name, value.into()));
        self
    }

    /// Adds the version that was answered from, and `twinflag-stale` if the hub could not be asked for a newer one.
    pub(crate) fn versioned(self, serving: &Serving) -> Self {
        let answer = self.with_shared("twinflag-version", serving.version.to_text());
        if serving.stale { answer.with_shared("twinflag-stale", "true") } else { answer }
    }
}

/// The headers that every answer has: caching, `nosniff`, `no-referrer`, `Vary` for pages, and CORS.
pub(crate) fn standard_headers(asked: &Asked<'_>, audience: Audience, status: u16) -> Vec<Line> {
    let mut lines: Vec<Line> = vec![
        ("x-content-type-options", "nosniff".into()),
        ("referrer-policy", "no-referrer".into()),
        ("cache-control", kept_by(audience, status).into()),
    ];
    if audience == Audience::Pages {
        // Also if no origin is allowed: a cache must not give one page's answer to another page.
        lines.push(("vary", if asked.parts.method == "OPTIONS" { "origin" } else { PAGES_VARY }.into()));
    }
    lines.extend(cors::lines(asked, audience));
    lines
}

const fn kept_by(audience: Audience, status: u16) -> &'static str {
    match audience {
        Audience::Pages if status < 400 => "private, no-cache",
        Audience::Visitors if status < 400 => "no-cache",
        Audience::Pages | Audience::Programs | Audience::Monitors | Audience::Operators | Audience::Visitors => "no-store",
    }
}
