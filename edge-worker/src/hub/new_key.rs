//! Draws new keys: their ids, and their random secrets, which only the answer to the command that creates a key holds.
use control::{EnvironmentName, KeyKind, NewKey, NewKeySecret, RANDOM, change::Hash};

use super::record::uuid;
use crate::problem::Problem;

/// A new key, with its secrets.
pub(super) struct Secrets {
    pub(super) id: String,
    pub(super) key: String,
    pub(super) identity: String,
}

impl Secrets {
    /// Draws a key of an environment. One that no key can name has keys without a name.
    pub(super) fn of(kind: KeyKind, environment: Option<&EnvironmentName>) -> Result<Self, Problem> {
        let identity = Hash(random()?).to_hex();
        Ok(Self { id: uuid()?, key: kind.secret(environment, random::<RANDOM>()?), identity: format!("tf_identity_{identity}") })
    }

    /// The part that the hub keeps.
    pub(super) fn new_key(&self) -> NewKey {
        NewKey { id: self.id.clone(), secret: NewKeySecret::of(&self.key, &self.identity) }
    }
}

pub(super) fn random<const BYTES: usize>() -> Result<[u8; BYTES], Problem> {
    let mut bytes = [0; BYTES];
    getrandom::fill(&mut bytes).map_err(|error| worker::Error::RustError(error.to_string()))?;
    Ok(bytes)
}
