//! The credentials that a caller presents.
use std::cell::RefCell;

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

thread_local! {
    static LAST_CLIENT_KEY: RefCell<Option<(String, Stored)>> = const { RefCell::new(None) };
}

/// A text in the form of a stored key.
#[derive(Clone)]
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
    ///
    /// The last text of a client key is remembered with its hash, which costs a tenth of an answer. Only a client key's: the time that a
    /// comparison takes tells something of the remembered text, and client keys alone are public.
    pub(super) fn stored(&self) -> Option<Stored> {
        if let Some(held) =
            LAST_CLIENT_KEY.with_borrow(|last| last.as_ref().filter(|(text, _)| *text == self.0).map(|(_, held)| held.clone()))
        {
            return Some(held);
        }
        let (kind, environment) = KeyKind::of_secret(&self.0)?;
        let stored = Stored { kind, environment, hash: Hash::of(self.0.as_bytes()) };
        if kind == KeyKind::Client {
            LAST_CLIENT_KEY.set(Some((self.0.clone(), stored.clone())));
        }
        Some(stored)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The hash of a text as a stored key, and then the text that is remembered.
    fn stored(text: &str) -> (Option<Hash>, Option<String>) {
        let hash = Credential(text.to_owned()).stored().map(|stored| stored.hash);
        (hash, LAST_CLIENT_KEY.with_borrow(|last| last.as_ref().map(|(text, _)| text.clone())))
    }

    #[test]
    fn each_key_has_its_own_hash_and_only_a_client_key_is_remembered() {
        let digits = |digit: &str| digit.repeat(40);
        let (first, second) = (format!("tf_client_{}", digits("1")), format!("tf_client_main_{}", digits("2")));
        for text in [&first, &first, &second, &first, &second] {
            assert_eq!(stored(text), (Some(Hash::of(text.as_bytes())), Some(text.clone())));
        }
        for kind in ["server", "api"] {
            let secret = format!("tf_{kind}_{}", digits("1"));
            assert_eq!(stored(&secret), (Some(Hash::of(secret.as_bytes())), Some(second.clone())));
        }
        assert_eq!(stored("tf_client_1"), (None, Some(second)));
    }
}
