//! JSON Web Keys (RFC 7517): the public keys with which the edge verifies tokens.
use std::ops::RangeInclusive;

use super::{
    algorithm::Algorithm,
    base64url,
    json::{InvalidToken, Json, Object},
};

/// The length of an RSA modulus in bytes (RFC 7518, section 3.3: at least 2,048 bits).
const MODULUS: RangeInclusive<usize> = 256..=1_024;
/// The length in bytes of a P-256 coordinate, and of an Ed25519 key.
const POINT: usize = 32;

/// A public key and the algorithm that it is for.
#[derive(Debug, PartialEq)]
pub(super) struct Jwk {
    pub(super) id: Option<String>,
    pub(super) algorithm: Algorithm,
    /// The public members of the key, as JSON.
    pub(super) public: String,
}

/// The usable keys of a JSON Web Key Set; an error if the text is no set. Other keys are left out (RFC 7517, section 5).
pub(super) fn set(text: &str) -> Result<Vec<Jwk>, InvalidToken> {
    let set = Object::read(text.as_bytes())?;
    let Some(Json::List(keys)) = set.get("keys") else { return Err(InvalidToken) };
    let mut jwks = Vec::new();
    for key in keys {
        if let Json::Object(key) = key {
            jwks.extend(read(key));
        }
    }
    Ok(jwks)
}

/// Reads one key; an error if its members contradict each other or are not for verifying signatures.
fn read(key: &Object) -> Result<Jwk, InvalidToken> {
    let member = |name: &str, bytes: RangeInclusive<usize>| {
        let text = key.text(name)?.ok_or(InvalidToken)?;
        if bytes.contains(&base64url::decode(text)?.len()) { Ok(text) } else { Err(InvalidToken) }
    };
    // Base64url needs no escaping in JSON.
    let (algorithm, public) = match (key.text("kty")?, key.text("crv")?) {
        (Some("RSA"), None) => {
            let (n, e) = (member("n", MODULUS)?, member("e", 1..=8)?);
            (Algorithm::RsaSha256, format!(r#"{{"kty":"RSA","n":"{n}","e":"{e}"}}"#))
        }
        (Some("EC"), Some("P-256")) => {
            let (x, y) = (member("x", POINT..=POINT)?, member("y", POINT..=POINT)?);
            (Algorithm::EcdsaP256, format!(r#"{{"kty":"EC","crv":"P-256","x":"{x}","y":"{y}"}}"#))
        }
        (Some("OKP"), Some("Ed25519")) => {
            let x = member("x", POINT..=POINT)?;
            (Algorithm::Ed25519, format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}"#))
        }
        _ => return Err(InvalidToken),
    };
    let verifies = match key.get("key_ops") {
        None => true,
        Some(Json::List(operations)) => operations.contains(&Json::Text("verify".to_owned())),
        Some(_) => false,
    };
    let is_named_so = key.text("alg")?.map(Algorithm::named).transpose()?.is_none_or(|named| named == algorithm);
    // A key whose private part was published proves no signer.
    let is_public = key.get("d").is_none() && key.get("k").is_none();
    if verifies && is_named_so && is_public && key.text("use")?.is_none_or(|usage| usage == "sig") {
        Ok(Jwk { id: key.text("kid")?.map(str::to_owned), algorithm, public })
    } else {
        Err(InvalidToken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

    #[track_caller]
    fn check(key: &str, expected: Option<Algorithm>) {
        let keys = set(&format!(r#"{{"keys":[{key}]}}"#)).unwrap();
        assert_eq!(keys.first().map(|key| key.algorithm), expected, "{key}");
    }

    #[test]
    fn the_algorithm_follows_from_type_and_curve() {
        let rsa = |letters| format!(r#"{{"kty":"RSA","n":"{}","e":"AQAB"}}"#, "A".repeat(letters));
        check(&rsa(342), Some(Algorithm::RsaSha256));
        // One byte short of 2,048 bits.
        check(&rsa(340), None);
        check(&format!(r#"{{"kty":"EC","crv":"P-256","x":"{X}","y":"{X}","alg":"ES256","use":"sig"}}"#), Some(Algorithm::EcdsaP256));
        check(&format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{X}","alg":"EdDSA","key_ops":["verify"]}}"#), Some(Algorithm::Ed25519));
    }

    #[test]
    fn a_key_that_contradicts_itself_is_left_out() {
        for more in [
            r#""alg":"ES256""#,
            r#""alg":"HS256""#,
            r#""alg":"PS256""#,
            r#""alg":null"#,
            r#""use":"enc""#,
            r#""use":null"#,
            r#""key_ops":["sign"]"#,
            r#""key_ops":"verify""#,
            r#""kid":1"#,
            r#""d":"AAAA""#,
            r#""k":"AAAA""#,
            r#""crv2":1,"alg":"Ed448""#,
        ] {
            check(&format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{X}",{more}}}"#), None);
        }
        check(&format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{X}="}}"#), None);
        check(&format!(r#"{{"kty":"OKP","crv":"X25519","x":"{X}"}}"#), None);
        check(&format!(r#"{{"kty":"EC","crv":"P-384","x":"{X}","y":"{X}"}}"#), None);
        check(&format!(r#"{{"kty":"oct","k":"{X}"}}"#), None);
    }

    #[test]
    fn a_text_that_is_no_set_is_an_error() {
        for text in ["", "{}", "[]", r#"{"keys":{}}"#, r#"{"keys":null}"#, "<html>"] {
            assert_eq!(set(text), Err(InvalidToken), "{text}");
        }
        assert_eq!(set(r#"{"keys":[1,null,{}]}"#), Ok(vec![]));
    }
}
