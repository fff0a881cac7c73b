//! The stored keys, as an isolate knows them: by the hashes of their texts, for it never sees a text before it is presented.
use std::{collections::BTreeMap, rc::Rc};

use control::{Key, KeyKind, change::Hash};
use sdk_core::Millis;

/// The keys of one version.
#[derive(Default)]
pub(crate) struct Keys(BTreeMap<[u8; 32], Rc<Key>>);

impl Keys {
    /// Reads keys from their rows. A row that is no key opens nothing.
    pub(crate) fn read(rows: &[String]) -> Self {
        let mut keys = BTreeMap::new();
        keys.extend(rows.iter().filter_map(|row| Key::from_row(row)).map(|key| (key.hash.0, Rc::new(key))));
        Self(keys)
    }

    #[cfg(test)]
    pub(crate) fn of(keys: impl IntoIterator<Item = Key>) -> Self {
        Self(keys.into_iter().map(|key| (key.hash.0, Rc::new(key))).collect())
    }

    /// The key whose text has this hash. How long the search takes tells something of the hash at most, of which no text follows.
    pub(crate) fn get(&self, hash: Hash) -> Option<Rc<Key>> {
        self.0.get(&hash.0).cloned()
    }

    /// Whether pages of this origin may use any client key.
    pub(crate) fn allow(&self, origin: &str, now: Millis) -> bool {
        self.0.values().any(|key| key.terms.kind == KeyKind::Client && key.holds(now) && key.allows(origin))
    }
}
