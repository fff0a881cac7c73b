//! The signature algorithms that the edge verifies (RFC 7518, section 3; RFC 8037; RFC 9864).
use super::json::InvalidToken;

/// The signature algorithm of a key. The edge never verifies a token with a key of another algorithm than the token names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Algorithm {
    HmacSha256,
    RsaSha256,
    EcdsaP256,
    Ed25519,
}

impl Algorithm {
    /// The algorithm that tokens and keys call by this name.
    pub(super) fn named(name: &str) -> Result<Self, InvalidToken> {
        Ok(match name {
            "HS256" => Self::HmacSha256,
            "RS256" => Self::RsaSha256,
            "ES256" => Self::EcdsaP256,
            // The older name covers several curves; RFC 9864 names the curve.
            "EdDSA" | "Ed25519" => Self::Ed25519,
            _ => return Err(InvalidToken),
        })
    }

    /// WebCrypto's parameters for importing a key and for verifying, as JSON. Each of the two calls reads the members that it needs.
    pub(super) const fn parameters(self) -> &'static str {
        match self {
            Self::HmacSha256 => r#"{"name":"HMAC","hash":"SHA-256"}"#,
            Self::RsaSha256 => r#"{"name":"RSASSA-PKCS1-v1_5","hash":"SHA-256"}"#,
            Self::EcdsaP256 => r#"{"name":"ECDSA","namedCurve":"P-256","hash":"SHA-256"}"#,
            Self::Ed25519 => r#"{"name":"Ed25519"}"#,
        }
    }
}
