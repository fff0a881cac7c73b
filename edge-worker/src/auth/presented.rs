//! The credentials that a caller presents.
use control::{KeyKind, change::Hash};
use worker::{Env, Request};

use crate::{problem::Problem, settings};

/// A key or a token, as it came. Neither printed nor compared in a time that tells how much of it is right.
pub(super) struct Presented(String);

impl Presented {
    pub(super) fn bearer(request: &Request) -> Result<Self, Problem> {
        Self::find_bearer(request)?.ok_or_else(Problem::no_credentials)
    }

    /// OFREP clients may use a header of their own.
    pub(super) fn key(request: &Request) -> Result<Self, Problem> {
        let key = match Self::find_bearer(request)? {
            Some(bearer) => Some(bearer),
            None => request.headers().get("x-api-key")?.map(Self),
        };
        key.ok_or_else(Problem::no_credentials)
    }

    /// A binding that is absent or empty opens nothing.
    pub(super) fn is(&self, env: &Env, binding: &str) -> bool {
        let Some(expected) = settings::text(env, binding) else { return false };
        let (presented, expected) = (self.0.as_bytes(), expected.as_bytes());
        let differing = presented.iter().zip(expected).fold(0, |differing, (a, b)| differing | (a ^ b));
        presented.len() == expected.len() && differing == 0
    }

    /// The kind and the hash of the stored key that this text may be; `None` for text that the edge never made.
    pub(super) fn stored(&self) -> Option<(KeyKind, Hash)> {
        Some((KeyKind::of_secret(&self.0)?, Hash::of(self.0.as_bytes())))
    }

    pub(super) fn text(&self) -> &str {
        &self.0
    }

    fn find_bearer(request: &Request) -> Result<Option<Self>, Problem> {
        let header = request.headers().get("authorization")?;
        Ok(header.and_then(|header| {
            let (scheme, token) = header.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| Self(token.trim().to_owned()))
        }))
    }
}
