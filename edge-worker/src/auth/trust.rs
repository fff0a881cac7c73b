//! The token issuers that a deployment trusts: bindings, read once in an isolate.
//!
//! `JWT_SECRET` checks HS256. `JWKS` (keys, as text) and `JWKS_URL` (where they are) check RS256, ES256 and EdDSA. An
//! unset binding opens nothing; every token must match `JWT_ISSUER` and `JWT_AUDIENCE` if they are set.
use std::{cell::RefCell, rc::Rc};

use worker::{Env, console_error};

use super::{
    algorithm::Algorithm,
    claims::{Claims, Expected},
    jwk, key_url,
    subtle::Key,
    token::Token,
};
use crate::{clock, problem::Problem, settings};

/// In bytes: as long as what it makes (RFC 7518, section 3.2).
const SHORTEST_SECRET: usize = 32;

struct Trust {
    secret: Option<Key>,
    keys: Vec<Key>,
    url: Option<String>,
    expected: Expected,
}

thread_local! {
    static TRUST: RefCell<Option<Rc<Trust>>> = const { RefCell::new(None) };
}

/// The claims of a token that a trusted issuer signed for this deployment and that holds now.
pub(super) async fn verified(text: &str, env: &Env) -> Result<Option<Claims>, Problem> {
    let Ok(token) = Token::parse(text) else { return Ok(None) };
    let Ok(claims) = Claims::of(&token.claims) else { return Ok(None) };
    let trust = Trust::of(env).await;
    // Before anybody is asked for a key.
    if !claims.hold(clock::now(), &trust.expected) {
        return Ok(None);
    }
    let Some(key) = trust.key(&token).await? else { return Ok(None) };
    Ok(key.signed(&token).await.then_some(claims))
}

impl Trust {
    async fn of(env: &Env) -> Rc<Self> {
        if let Some(trust) = TRUST.with_borrow(Clone::clone) {
            return trust;
        }
        let trust = Rc::new(Self::read(env).await);
        TRUST.set(Some(Rc::clone(&trust)));
        trust
    }

    async fn read(env: &Env) -> Self {
        let secret = match settings::text(env, "JWT_SECRET") {
            Some(secret) if secret.len() < SHORTEST_SECRET => {
                console_error!("JWT_SECRET opens nothing: it has {} bytes, and {SHORTEST_SECRET} are the least", secret.len());
                None
            }
            Some(secret) => Key::of_secret(&secret).await,
            None => None,
        };
        let mut keys = Vec::new();
        if let Some(text) = settings::text(env, "JWKS") {
            for jwk in jwk::set(&text).unwrap_or_default() {
                keys.extend(Key::of(jwk).await);
            }
            if keys.is_empty() {
                console_error!("JWKS opens nothing: expected a JSON Web Key Set with a public key for RS256, ES256 or EdDSA");
            }
        }
        let expected = Expected { issuer: settings::text(env, "JWT_ISSUER"), audience: settings::text(env, "JWT_AUDIENCE") };
        Self { secret, keys, url: settings::text(env, "JWKS_URL"), expected }
    }

    /// The one key that may have signed a token. A secret and public keys never stand in for one another.
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

/// The key with the token's algorithm and the name it gives; where it gives none there must be no choice.
fn choose<'k>(keys: &'k [Key], token: &Token<'_>) -> Option<&'k Key> {
    let fits = |key: &&Key| key.algorithm == token.algorithm && (token.key_id.is_none() || key.id == token.key_id);
    let mut fitting = keys.iter().filter(fits);
    fitting.next().filter(|_| fitting.next().is_none())
}
