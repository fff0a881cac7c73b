//! JSON Web Tokens in compact form (RFC 7515, RFC 7519; best practices: RFC 8725), before their signatures are verified.
use super::{
    algorithm::Algorithm,
    base64url,
    json::{InvalidToken, Object},
};

/// The longest token, in bytes; a longer one is refused unread.
const LONGEST: usize = 8_000;
/// The values of `typ` that the edge accepts, in lower case. Tokens of other types, such as log-out tokens, do not authenticate a caller.
const KINDS: [&str; 3] = ["jwt", "at+jwt", "application/at+jwt"];

/// Header members that make a token invalid: they bring or name a key, or (`crit`) require an extension. A token must not choose its key.
const REFUSED: [&str; 5] = ["jwk", "jku", "x5u", "x5c", "crit"];

/// A parsed token whose signature is not verified yet.
pub(super) struct Token<'t> {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<String>,
    pub(super) claims: Object,
    pub(super) signature: Vec<u8>,
    /// The text that the signature covers: header and claims, with the dot between them.
    pub(super) signed: &'t str,
}

impl<'t> Token<'t> {
    pub(super) fn parse(text: &'t str) -> Result<Self, InvalidToken> {
        if text.len() > LONGEST {
            return Err(InvalidToken);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(InvalidToken)?;
        // A further dot is no letter of base64url, so the decoder refuses it.
        let (header, claims) = signed.split_once('.').ok_or(InvalidToken)?;
        let (algorithm, key_id) = read(&Object::read(&base64url::decode(header)?)?)?;
        let claims = Object::read(&base64url::decode(claims)?)?;
        Ok(Self { algorithm, key_id, claims, signature: base64url::decode(signature)?, signed })
    }
}

fn read(header: &Object) -> Result<(Algorithm, Option<String>), InvalidToken> {
    let kind = header.text("typ")?.map(str::to_ascii_lowercase);
    if REFUSED.iter().any(|name| header.get(name).is_some()) || kind.is_some_and(|kind| !KINDS.contains(&kind.as_str())) {
        return Err(InvalidToken);
    }
    Ok((Algorithm::named(header.text("alg")?.ok_or(InvalidToken)?)?, header.text("kid")?.map(str::to_owned)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `{"sub":"s","exp":1900000000}`
    const CLAIMS: &str = "eyJzdWIiOiJzIiwiZXhwIjoxOTAwMDAwMDAwfQ";
    /// `{"alg":"HS256"}`
    const HEADER: &str = "eyJhbGciOiJIUzI1NiJ9";

    #[test]
    fn a_token_has_three_parts() {
        let text = format!("{HEADER}.{CLAIMS}.c2ln");
        let token = Token::parse(&text).unwrap();
        assert_eq!((token.algorithm, token.key_id, &token.signature[..]), (Algorithm::HmacSha256, None, &b"sig"[..]));
        assert_eq!(token.signed, format!("{HEADER}.{CLAIMS}"));
    }

    #[test]
    fn any_other_text_is_refused() {
        let whole = format!("{HEADER}.{CLAIMS}.c2ln");
        for text in [
            String::new(),
            "..".to_owned(),
            format!("{HEADER}.{CLAIMS}"),
            format!("{whole}.c2ln"),
            format!("{whole}."),
            format!(".{whole}"),
            format!("{whole}="),
            format!("{whole}\n"),
            format!("{HEADER}.{CLAIMS}.{}", "A".repeat(8_000)),
        ] {
            assert!(Token::parse(&text).is_err(), "{text}");
        }
    }

    #[track_caller]
    fn header(text: &str, taken: bool) {
        assert_eq!(Object::read(text.as_bytes()).and_then(|header| read(&header)).is_ok(), taken, "{text}");
    }

    #[test]
    fn a_token_that_names_its_own_key_or_another_algorithm_is_refused() {
        header(r#"{"alg":"ES256","kid":"k","typ":"JWT","x5t":"y"}"#, true);
        header(r#"{"alg":"Ed25519"}"#, true);
        for text in [
            "{}",
            r#"{"alg":"none"}"#,
            r#"{"alg":"hs256"}"#,
            r#"{"alg":"HS512"}"#,
            r#"{"alg":["RS256"]}"#,
            r#"{"alg":"RS256","kid":1}"#,
            r#"{"alg":"RS256","kid":null}"#,
            r#"{"alg":"RS256","crit":[]}"#,
            r#"{"alg":"RS256","crit":null}"#,
            r#"{"alg":"RS256","jku":"https://x.example"}"#,
            r#"{"alg":"RS256","x5u":""}"#,
            r#"{"alg":"RS256","x5c":[]}"#,
            r#"{"alg":"RS256","jwk":{}}"#,
            r#"{"alg":"RS256","typ":"logout+jwt"}"#,
            r#"{"alg":"RS256","typ":null}"#,
        ] {
            header(text, false);
        }
    }
}
