//! The credentials that a caller presents.
use control::{EnvironmentName, KeyKind, change::Hash};

use crate::{
    http::parts::{Header, Parts},
    problem::Problem,
};

/// A key or a token as the caller sent it. It has no `Debug`, and comparing it takes the same time however many of its bytes are right.
pub(super) struct Credential(String);

/// The beginning of a break-glass token.
const BREAK_GLASS: &str = "tf_break_glass_";
/// The fewest bytes behind it.
const SHORTEST: usize = 32;

/// A text in the form of a stored key.
pub(super) struct Stored {
    pub(super) kind: KeyKind,
    /// The environment that the text names.
    pub(super) environment: Option<EnvironmentName>,
    pub(super) hash: Hash,
}

impl Credential {
    pub(super) fn bearer(parts: &Parts<'_>) -> Result<Self, Problem> {
        Self::find_bearer(parts).ok_or_else(Problem::no_credentials)
    }

    /// The key or the token in `Authorization`, else the key in `X-API-Key`, which OFREP clients may send.
    pub(super) fn key(parts: &Parts<'_>) -> Result<Self, Problem> {
        let own = || parts.header(Header::ApiKey).map(|key| Self(key.to_owned()));
        Self::find_bearer(parts).or_else(own).ok_or_else(Problem::no_credentials)
    }

    /// Returns true if this is the deployment's own key; false if the deployment has none.
    pub(super) fn is(&self, own: Option<&str>) -> bool {
        let Some(expected) = own else { return false };
        let (presented, expected) = (self.0.as_bytes(), expected.as_bytes());
        let differing = presented.iter().zip(expected).fold(0, |differing, (a, b)| differing | (a ^ b));
        presented.len() == expected.len() && differing == 0
    }

    /// The stored key that this text may be; `None` if the edge makes no such texts.
    pub(super) fn stored(&self) -> Option<Stored> {
        let (kind, environment) = KeyKind::of_secret(&self.0)?;
        Some(Stored { kind, environment, hash: Hash::of(self.0.as_bytes()) })
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }

    /// The bearer's token, if it has the form of a break-glass token.
    pub(super) fn break_glass(parts: &Parts<'_>) -> Option<Self> {
        Self::find_bearer(parts).filter(|Self(text)| text.starts_with(BREAK_GLASS))
    }

    /// Returns true if the text has at least [`SHORTEST`] bytes behind its prefix, and this SHA-256 hash in hexadecimal digits.
    pub(super) fn has_hash(&self, hash: &str) -> bool {
        self.0.len() >= BREAK_GLASS.len() + SHORTEST && Hash::of(self.0.as_bytes()).to_hex() == hash
    }

    /// The API token that a bearer's token may be.
    pub(super) fn api(parts: &Parts<'_>) -> Option<Stored> {
        Self::find_bearer(parts)?.stored().filter(|stored| stored.kind == KeyKind::Api)
    }

    fn find_bearer(parts: &Parts<'_>) -> Option<Self> {
        let (scheme, token) = parts.header(Header::Authorization)?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| Self(token.trim().to_owned()))
    }
}
