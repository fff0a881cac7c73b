//! `transactionSync` of a durable object's storage, which the `worker` crate does not wrap.
//!
//! Outside of it an SQL error that is handled leaves the statements before it committed.
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use worker::{Error, Result, Storage};

#[wasm_bindgen]
extern "C" {
    type SyncStorage;

    #[wasm_bindgen(method, catch, js_name = transactionSync)]
    fn transaction_sync(this: &SyncStorage, body: &mut dyn FnMut() -> Result<(), JsValue>) -> Result<JsValue, JsValue>;
}

/// Runs `body` in one transaction: an error undoes all of it.
pub(super) fn run<T>(storage: &Storage, mut body: impl FnMut() -> Result<T>) -> Result<T> {
    let mut outcome = Err(Error::RustError("the transaction did not run".to_owned()));
    let storage: &SyncStorage = storage.as_raw().unchecked_ref();
    let committed = storage.transaction_sync(&mut || {
        outcome = body();
        // Throwing is how JavaScript is told to undo it.
        outcome.as_ref().map(|_| ()).map_err(|error| JsValue::from_str(&error.to_string()))
    });
    match (committed, outcome) {
        (Ok(_), outcome) | (Err(_), outcome @ Err(_)) => outcome,
        (Err(thrown), Ok(_)) => Err(thrown.into()),
    }
}
