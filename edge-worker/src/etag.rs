//! Entity tags, by which a repeated request recognises an answer (RFC 9110, 8.8.3).
use siphasher::sip128::SipHasher13;
use worker::Request;

use crate::{problem::Problem, version::Version};

/// The entity tag of an answer, as the header has it: with quotes, and with `W/` if it is weak.
#[derive(Clone)]
pub(crate) struct Etag(String);

impl Etag {
    /// A strong tag, made of the answer's bytes: answers with equal tags have equal bytes.
    pub(crate) fn strong(answer: &[u8]) -> Self {
        // 128 bits tell the answers to one client apart. A hash that also withstands forgers takes several times as long, and a client
        // that forges an answer deceives only itself.
        Self(format!("\"{:032x}\"", SipHasher13::new().hash(answer).as_u128()))
    }

    /// A weak tag, for answers whose bytes differ although they mean the same; `said` is the part that they have in common.
    pub(crate) fn weak(said: &[u8]) -> Self {
        let Self(strong) = Self::strong(said);
        Self(format!("W/{strong}"))
    }

    /// The tag of a resource that has a version.
    pub(crate) fn version(version: Version) -> Self {
        Self(format!("\"{version}\""))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn into_text(self) -> String {
        self.0
    }

    /// Whether the asker holds this answer: `If-None-Match` names it. Tags are compared weakly, as that header wants it.
    pub(crate) fn is_held(&self, request: &Request) -> Result<bool, Problem> {
        Ok(self.is_held_by(request.headers().get("if-none-match")?.as_deref()))
    }

    /// Returns true if this value of `If-None-Match` has this tag; false if there is no such header.
    pub(crate) fn is_held_by(&self, tags: Option<&str>) -> bool {
        tags.is_some_and(|tags| self.is_among(tags))
    }

    fn is_among(&self, tags: &str) -> bool {
        tags.trim() == "*" || tags.split(',').map(str::trim).any(|tag| opaque(tag) == opaque(&self.0))
    }
}

fn opaque(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_answers_have_different_tags() {
        let tags = [&b""[..], b"a", b"b", b"a\0", &[0; 8], &[0; 9]].map(|answer| Etag::strong(answer).0);
        for (place, tag) in tags.iter().enumerate() {
            assert_eq!(tag.len(), 34);
            assert!(!tags.iter().skip(place + 1).any(|other| other == tag));
        }
        assert_eq!(Etag::strong(b"a").as_str(), tags.get(1).map_or("", String::as_str));
    }

    #[test]
    fn tags_are_compared_weakly() {
        let Etag(own) = Etag::strong(b"a");
        for tag in [Etag::strong(b"a"), Etag::weak(b"a")] {
            for held in ["*", &own, &format!("W/{own}"), &format!("\"x\" , {own}")] {
                assert!(tag.is_among(held), "{held}");
            }
            for other in ["", "\"\"", own.trim_matches('"'), "\"x\",\"y\""] {
                assert!(!tag.is_among(other), "{other}");
            }
        }
    }
}
