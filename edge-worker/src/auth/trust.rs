//! The token issuers that a deployment trusts, by the keys in its settings. Each isolate imports the keys once.
//!
//! `JWT_SECRET` verifies HS256, and so does `JWT_SECRET_PREVIOUS` while secrets are rotated. `JWKS` (a key set, as text) and `JWKS_URL`
//! (its address) verify RS256, ES256 and EdDSA. Without these settings no token is valid. Every token must match `JWT_ISSUER` and
//! `JWT_AUDIENCE` if they are set, as they must be beside public keys: their issuer signs tokens for others, too.
use std::{cell::RefCell, rc::Rc};

use worker::{Env, console_error};

use super::{
    algorithm::Algorithm,
    claims::{Claims, Expected},
    grants::Rules,
    jwk,
    key_url::KeyUrl,
    subtle::Key,
    token::Token,
};
use crate::{clock, host::Host, problem::Problem, settings::Settings};

struct Trust {
    /// The secret, and the one before it while secrets are rotated.
    secrets: Vec<Key>,
    keys: Vec<Key>,
    url: Option<KeyUrl>,
    expected: Expected,
    rules: Rules,
}

thread_local! {
    static TRUST: RefCell<Option<Rc<Trust>>> = const { RefCell::new(None) };
}

/// The claims of a token; `None` unless a trusted issuer signed it for this deployment and it is valid now.
pub(super) async fn verified(text: &str, host: &Host) -> Result<Option<Claims>, Problem> {
    let Ok(token) = Token::parse(text) else { return Ok(None) };
    let trust = Trust::of(&host.settings).await;
    let Ok(claims) = Claims::of(&token.claims, &trust.rules) else { return Ok(None) };
    // Claims are checked before the signature, so that an expired token does not make the worker fetch keys.
    if !claims.hold(clock::now(), &trust.expected) {
        return Ok(None);
    }
    for key in trust.keys(&token, host).await? {
        if key.signed(&token).await {
            return Ok(Some(claims));
        }
    }
    Ok(None)
}

impl Trust {
    async fn of(settings: &Settings) -> Rc<Self> {
        if let Some(trust) = TRUST.with_borrow(Clone::clone) {
            return trust;
        }
        let trust = Rc::new(Self::read(settings).await);
        TRUST.set(Some(Rc::clone(&trust)));
        trust
    }

    async fn read(settings: &Settings) -> Self {
        let mut secrets = Vec::new();
        for secret in settings.jwt_secret.iter().chain(&settings.jwt_secret_previous) {
            secrets.extend(Key::of_secret(secret).await);
        }
        let mut keys = Vec::new();
        if let Some(text) = &settings.jwks {
            for jwk in jwk::set(text).unwrap_or_default() {
                keys.extend(Key::of(jwk).await);
            }
            if keys.is_empty() {
                // The runtime refuses a point that does not lie on its curve; reading the setting does not check that.
                console_error!("the runtime accepts none of the keys in JWKS");
            }
        }
        let expected = Expected { issuer: settings.jwt_issuer.clone(), audience: settings.jwt_audience.clone() };
        Self { secrets, keys, url: KeyUrl::of(settings), expected, rules: Rules::of(settings) }
    }

    /// The keys of which one verifies a token: the secrets for HS256, and a public key for every other algorithm.
    async fn keys(&self, token: &Token<'_>, env: &Env) -> Result<Vec<Key>, Problem> {
        if token.algorithm == Algorithm::HmacSha256 {
            return Ok(self.secrets.clone());
        }
        if let Some(key) = choose(&self.keys, token) {
            return Ok(vec![key.clone()]);
        }
        let Some(url) = &self.url else { return Ok(Vec::new()) };
        let keys = url.keys(token.key_id.as_deref(), env).await?;
        Ok(choose(&keys, token).cloned().into_iter().collect())
    }
}

/// The key with the token's algorithm and the key id that it names; if it names none, the only key with that algorithm.
fn choose<'k>(keys: &'k [Key], token: &Token<'_>) -> Option<&'k Key> {
    let fits = |key: &&Key| key.algorithm == token.algorithm && (token.key_id.is_none() || key.id == token.key_id);
    let mut fitting = keys.iter().filter(fits);
    fitting.next().filter(|_| fitting.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::json::Object;

    #[track_caller]
    fn check(algorithm: Algorithm, key_id: Option<&str>, expected: Option<usize>) {
        let keys = [(Algorithm::RsaSha256, "a"), (Algorithm::Ed25519, "a"), (Algorithm::RsaSha256, "b")]
            .map(|(algorithm, id)| Key::unheld(algorithm, id));
        let claims = Object::read(b"{}").unwrap();
        let token = Token { algorithm, key_id: key_id.map(str::to_owned), claims, signature: Vec::new(), signed: "" };
        let place = choose(&keys, &token).and_then(|chosen| keys.iter().position(|key| std::ptr::eq(key, chosen)));
        assert_eq!(place, expected, "{algorithm:?} {key_id:?}");
    }

    #[test]
    fn a_key_verifies_tokens_of_its_own_algorithm_alone() {
        check(Algorithm::RsaSha256, Some("a"), Some(0));
        check(Algorithm::Ed25519, Some("a"), Some(1));
        check(Algorithm::Ed25519, Some("b"), None);
        check(Algorithm::EcdsaP256, Some("a"), None);
        check(Algorithm::HmacSha256, Some("a"), None);
    }

    #[test]
    fn without_a_key_id_the_only_key_of_the_algorithm_is_chosen() {
        check(Algorithm::Ed25519, None, Some(1));
        check(Algorithm::RsaSha256, None, None);
        check(Algorithm::EcdsaP256, None, None);
    }
}
