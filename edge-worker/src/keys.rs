//! The stored keys of an environment, as an isolate knows them: by the hashes of their texts, for it never sees a text before it is
//! presented. With those of the first environment it learns which other environments there are.
use std::{collections::BTreeMap, rc::Rc};

use control::{Key, KeyKind, change::Hash};
use sdk_core::Millis;

use crate::environment::Registry;

/// The hexadecimal digits of a mark: half of a hash.
const MARK: usize = 32;

/// The name of a key in a stream's token and among a relay's tags: the first half of its hash, of which no text follows.
pub(crate) fn mark(hash: Hash) -> String {
    hash.to_hex()[..MARK].to_owned()
}

/// The keys of one version.
#[derive(Default)]
pub(crate) struct Keys {
    by_hash: BTreeMap<[u8; 32], Rc<Key>>,
    /// The environments of the deployment; only the first environment's keys come with any.
    pub(crate) registry: Registry,
}

impl Keys {
    /// Reads keys from their rows. A row that is no key opens nothing.
    pub(crate) fn read(rows: &[String], registry: Registry) -> Self {
        let mut by_hash = BTreeMap::new();
        by_hash.extend(rows.iter().filter_map(|row| Key::from_row(row)).map(|key| (key.hash.0, Rc::new(key))));
        Self { by_hash, registry }
    }

    #[cfg(test)]
    pub(crate) fn of(keys: impl IntoIterator<Item = Key>, registry: Registry) -> Self {
        Self { by_hash: keys.into_iter().map(|key| (key.hash.0, Rc::new(key))).collect(), registry }
    }

    /// The key whose text has this hash. How long the search takes tells something of the hash at most, of which no text follows.
    pub(crate) fn get(&self, hash: Hash) -> Option<Rc<Key>> {
        self.by_hash.get(&hash.0).cloned()
    }

    /// The client key with a mark, as [`mark`] makes them.
    pub(crate) fn marked(&self, mark: &str) -> Option<Rc<Key>> {
        let first = Hash::from_hex(&format!("{mark}{:0<1$}", "", MARK))?;
        let (_, key) = self.by_hash.range(first.0..).next()?;
        (key.terms.kind == KeyKind::Client && self::mark(key.hash) == mark).then(|| Rc::clone(key))
    }

    /// Whether pages of this origin may use any client key.
    pub(crate) fn allow(&self, origin: &str, now: Millis) -> bool {
        self.by_hash.values().any(|key| key.terms.kind == KeyKind::Client && key.holds(now) && key.allows(origin))
    }
}
