//! The token issuers that a deployment trusts, by the keys in its settings. Each isolate imports the keys once.
//!
//! `JWT_SECRET` verifies HS256. `JWKS` (a key set, as text) and `JWKS_URL` (its address) verify RS256, ES256 and EdDSA. Without these
//! settings no token is valid. Every token must match `JWT_ISSUER` and `JWT_AUDIENCE` if they are set.
use std::{cell::RefCell, rc::Rc};

use worker::console_error;

use super::{
    algorithm::Algorithm,
    claims::{Claims, Expected},
    jwk, key_url,
    subtle::Key,
    token::Token,
};
use crate::{clock, problem::Problem, settings::Settings};

struct Trust {
    secret: Option<Key>,
    keys: Vec<Key>,
    url: Option<String>,
    expected: Expected,
}

thread_local! {
    static TRUST: RefCell<Option<Rc<Trust>>> = const { RefCell::new(None) };
}

/// The claims of a token; `None` unless a trusted issuer signed it for this deployment and it is valid now.
pub(super) async fn verified(text: &str, settings: &Settings) -> Result<Option<Claims>, Problem> {
    let Ok(token) = Token::parse(text) else { return Ok(None) };
    let Ok(claims) = Claims::of(&token.claims) else { return Ok(None) };
    let trust = Trust::of(settings).await;
    // Claims are checked before the signature, so that an expired token does not make the worker fetch keys.
    if !claims.hold(clock::now(), &trust.expected) {
        return Ok(None);
    }
    let Some(key) = trust.key(&token).await? else { return Ok(None) };
    Ok(key.signed(&token).await.then_some(claims))
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
        let secret = match &settings.jwt_secret {
            Some(secret) => Key::of_secret(secret).await,
            None => None,
        };
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
        Self { secret, keys, url: settings.jwks_url.clone(), expected }
    }

    /// The key that verifies a token: the secret for HS256, and a public key for every other algorithm.
    async fn key(&self, token: &Token<'_>) -> Result<Option<Key>, Problem> {
        if token.algorithm == Algorithm::HmacSha256 {
            return Ok(self.secret.clone());
        }
        if let Some(key) = choose(&self.keys, token) {
            return Ok(Some(key.clone()));
        }
        let Some(url) = &self.url else { return Ok(None) };
        let keys = key_url::keys(url, token.key_id.as_deref()).await?;
        Ok(choose(&keys, token).cloned())
    }
}

/// The key with the token's algorithm and the key id that it names; if it names none, the only key with that algorithm.
fn choose<'k>(keys: &'k [Key], token: &Token<'_>) -> Option<&'k Key> {
    let fits = |key: &&Key| key.algorithm == token.algorithm && (token.key_id.is_none() || key.id == token.key_id);
    let mut fitting = keys.iter().filter(fits);
    fitting.next().filter(|_| fitting.next().is_none())
}
