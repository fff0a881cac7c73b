//! Entity tags: what an answer is recognised by when somebody asks for it again (RFC 9110, 8.8.3).
use sha2::{Digest, Sha256};
use worker::Request;

use crate::problem::Problem;

/// The tag of an answer, with its quotes.
pub(crate) struct Etag(String);

impl Etag {
    /// For answers whose bytes are equal where their tags are.
    pub(crate) fn strong(answer: &[u8]) -> Self {
        // Half of the hash is plenty to tell two answers to one client apart.
        let half = Sha256::digest(answer).iter().take(16).fold(0, |sum, byte| sum << 8 | u128::from(*byte));
        Self(format!("\"{half:032x}\""))
    }

    /// For answers that say the same though their bytes differ; `said` is what they say.
    pub(crate) fn weak(said: &[u8]) -> Self {
        let Self(strong) = Self::strong(said);
        Self(format!("W/{strong}"))
    }

    /// For what has a version of its own.
    pub(crate) fn version(version: u32) -> Self {
        Self(format!("\"{version}\""))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the asker holds this answer: `If-None-Match` names it. Tags are compared weakly, as that header wants it.
    pub(crate) fn is_held(&self, request: &Request) -> Result<bool, Problem> {
        let held = request.headers().get("if-none-match")?;
        Ok(held.is_some_and(|held| self.is_among(&held)))
    }

    fn is_among(&self, tags: &str) -> bool {
        tags.split(',').map(str::trim).any(|tag| tag == "*" || opaque(tag) == opaque(&self.0))
    }
}

fn opaque(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_half_a_sha_256() {
        // FIPS 180-2, the message "abc".
        assert_eq!(Etag::strong(b"abc").as_str(), "\"ba7816bf8f01cfea414140de5dae2223\"");
    }

    #[test]
    fn tags_are_compared_weakly() {
        for tag in [Etag::strong(b"a"), Etag::weak(b"a")] {
            for held in [
                "*",
                "\"ca978112ca1bbdcafac231b39a23dc4d\"",
                "W/\"ca978112ca1bbdcafac231b39a23dc4d\"",
                "\"x\" , \"ca978112ca1bbdcafac231b39a23dc4d\"",
            ] {
                assert!(tag.is_among(held), "{held}");
            }
            for other in ["", "\"\"", "ca978112ca1bbdcafac231b39a23dc4d", "\"x\",\"y\""] {
                assert!(!tag.is_among(other), "{other}");
            }
        }
    }
}
