//! Verification of signatures by the runtime's WebCrypto, which adds no code to the worker and compares in constant time.
use worker::js_sys::{Array, JSON, Object, Promise, Uint8Array, futures::JsFuture};

use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use super::{algorithm::Algorithm, jwk::Jwk, token::Token};

/// A key that the runtime holds, for one algorithm.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) id: Option<String>,
    pub(super) algorithm: Algorithm,
    held: JsValue,
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"], js_name = importKey)]
    fn import_key(format: &str, key: &Object, algorithm: &JsValue, extractable: bool, usages: &Array) -> Result<Promise, JsValue>;

    #[wasm_bindgen(catch, js_namespace = ["crypto", "subtle"])]
    fn verify(algorithm: &JsValue, key: &JsValue, signature: &Uint8Array, signed: &Uint8Array) -> Result<Promise, JsValue>;
}

impl Key {
    /// Imports a public key; `None` if the runtime refuses it, for example a point that is not on the curve.
    pub(super) async fn of(jwk: Jwk) -> Option<Self> {
        let key = JSON::parse(&jwk.public).ok()?;
        Self::import("jwk", &key.into(), jwk.algorithm, jwk.id).await
    }

    pub(super) async fn of_secret(secret: &str) -> Option<Self> {
        Self::import("raw", &Uint8Array::from(secret.as_bytes()).into(), Algorithm::HmacSha256, None).await
    }

    async fn import(format: &str, key: &Object, algorithm: Algorithm, id: Option<String>) -> Option<Self> {
        let parameters = JSON::parse(algorithm.parameters()).ok()?;
        let held = JsFuture::from(import_key(format, key, &parameters, false, &Array::of1(&"verify".into())).ok()?).await.ok()?;
        Some(Self { id, algorithm, held })
    }

    /// A key that the runtime does not hold, for tests of which key is chosen.
    #[cfg(test)]
    pub(super) fn unheld(algorithm: Algorithm, id: &str) -> Self {
        Self { id: Some(id.to_owned()), algorithm, held: JsValue::UNDEFINED }
    }

    /// Returns true if this key signed the token and the token names this key's algorithm.
    pub(super) async fn signed(&self, token: &Token<'_>) -> bool {
        let Ok(parameters) = JSON::parse(self.algorithm.parameters()) else { return false };
        let (signature, signed) = (Uint8Array::from(&token.signature[..]), Uint8Array::from(token.signed.as_bytes()));
        let Ok(verified) = verify(&parameters, &self.held, &signature, &signed) else { return false };
        token.algorithm == self.algorithm && JsFuture::from(verified).await.is_ok_and(|verified| verified.is_truthy())
    }
}
