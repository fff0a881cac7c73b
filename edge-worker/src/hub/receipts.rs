//! The secret of the environment's receipts. It is drawn when it is first needed, and each store has its own: no backup holds it.
use sdk_core::hex;

use crate::{
    problem::Problem,
    store::{Access, Store},
};

/// The key, as 64 hexadecimal digits; `None` in a store that this release may not write and that has none.
pub(super) fn key(store: &impl Store) -> Result<Option<String>, Problem> {
    let known = store.receipt_key()?;
    if known.is_some() || store.access()? != Access::Write {
        return Ok(known);
    }
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| worker::Error::RustError(error.to_string()))?;
    let key = hex::encode(&bytes);
    store.keep_receipt_key(&key)?;
    Ok(Some(key))
}
