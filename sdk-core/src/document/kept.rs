//! Parts that a compiler keeps from one document to the next, each by a digest of the text that it was compiled from.
use alloc::{borrow::Cow, vec::Vec};

use hashbrown::HashTable;

use super::state::{ENABLED, ROLLOUT};
use crate::{
    bucket::Subkey,
    json::{Place, cursor::members},
};

/// A digest of text: two hashes under keys of their own.
pub(crate) type Digest = [u64; 2];

const KEYS: [Subkey; 2] = [Subkey([0x5d8f_2c0b_91e4_7a36, 0x13c7_e8a9_40b2_6f5d]), Subkey([0xa2e6_94d1_3f78_c05b, 0x7b19_0d4c_e653_82fa])];

/// Compiled parts by the digest of their text.
pub(crate) struct Kept<T>(HashTable<(Digest, T)>);

impl<T> Kept<T> {
    pub(crate) const fn new() -> Self {
        Self(HashTable::new())
    }

    /// Takes out what has this digest.
    pub(crate) fn take(&mut self, digest: Digest) -> Option<T> {
        let found = self.0.find_entry(digest[0], |(known, _)| *known == digest).ok()?;
        Some(found.remove().0.1)
    }

    /// Keeps something that is not there.
    pub(crate) fn put(&mut self, digest: Digest, compiled: T) {
        self.0.insert_unique(digest[0], (digest, compiled), |(known, _)| known[0]);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

/// Text that is digested piece by piece.
#[derive(Default)]
pub(crate) struct Pieces(Vec<u8>);

impl Pieces {
    /// Starts again, with the name of what is digested.
    pub(crate) fn of(&mut self, name: &str) -> &mut Self {
        self.0.clear();
        self.push(name)
    }

    /// Appends a piece; its length says where it ends.
    pub(crate) fn push(&mut self, piece: &str) -> &mut Self {
        self.0.extend_from_slice(&piece.len().to_le_bytes());
        self.0.extend_from_slice(piece.as_bytes());
        self
    }

    pub(crate) fn digest(&self) -> Digest {
        KEYS.map(|key| key.hash(&self.0))
    }
}

/// The members of a flag that are its state, unread.
pub(crate) type StateMembers<'t> = Vec<(Cow<'t, str>, &'t str)>;

/// The digest of what a flag says but for its state, and the members that are its state.
pub(crate) fn digest_flag<'t>(pieces: &mut Pieces, key: &str, raw: &'t str, place: Place<'_>) -> (Digest, StateMembers<'t>) {
    pieces.of(key);
    let mut state = StateMembers::new();
    if !raw.starts_with('{') {
        pieces.push(raw);
    }
    for member in members(raw, place) {
        match member.name {
            // A second member of the name is an error of the definition.
            Ok(name) if matches!(&*name, ENABLED | ROLLOUT) && state.iter().all(|(known, _)| *known != name) => {
                state.push((name, member.raw));
            }
            Ok(name) => {
                pieces.push(&name).push(member.raw);
            }
            // Such a flag cannot be read, and is never kept.
            Err(_) => {
                pieces.push(raw);
            }
        }
    }
    (pieces.digest(), state)
}
