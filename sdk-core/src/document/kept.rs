//! Parts that a compiler keeps from one document to the next, each with digests of the text that it was compiled from.
use alloc::{borrow::Cow, boxed::Box, vec::Vec};

use hashbrown::HashTable;

use super::state::{ENABLED, ROLLOUT, State};
use crate::{
    bucket::Subkey,
    json::{Place, cursor::members},
};

/// A digest of text: two hashes under keys of their own.
pub(crate) type Digest = [u64; 2];

const KEYS: [Subkey; 2] = [Subkey([0x5d8f_2c0b_91e4_7a36, 0x13c7_e8a9_40b2_6f5d]), Subkey([0xa2e6_94d1_3f78_c05b, 0x7b19_0d4c_e653_82fa])];

/// A compiled flag or segment, and the text that it was compiled from.
pub(crate) struct Entry<T> {
    /// The hash of its name.
    name: u64,
    /// The digest and the length of its whole text, by which it is recognised. `None` if the entry must not be recognised: its text does
    /// not say where it ends, its state has errors to report, or the text under its name is another one.
    whole: Option<(Digest, usize)>,
    /// The digest of its text without the state.
    pub(crate) definition: Digest,
    pub(crate) compiled: T,
    /// The state of a flag; `None` for a segment, and for a state with errors.
    pub(crate) state: Option<State>,
    /// True if the entry was kept before this document and did not change.
    pub(crate) is_kept: bool,
}

impl<T> Entry<T> {
    /// The entry of a compiled part. Without a name it can be linked, but not found again.
    pub(crate) fn new(name: Option<&str>, definition: Digest, compiled: T) -> Self {
        Self { name: name.map_or(0, hash), whole: None, definition, compiled, state: None, is_kept: false }
    }

    /// Lets the entry be recognised by its text, if that is an object: its closing brace says where the text ends.
    pub(crate) fn recognise_by(&mut self, pieces: &mut Pieces, name: &str, raw: &str) {
        self.whole = raw.starts_with('{').then(|| (pieces.of(name).push(raw).digest(), raw.len()));
    }
}

/// The hash of a name.
fn hash(name: &str) -> u64 {
    KEYS[0].hash(name.as_bytes())
}

/// Compiled parts by name.
pub(crate) struct Kept<T>(HashTable<Box<Entry<T>>>);

impl<T> Kept<T> {
    pub(crate) const fn new() -> Self {
        Self(HashTable::new())
    }

    /// The length of the value that is kept under this name, if `text` begins with it; otherwise `None`, and the entry is not recognised
    /// again. So the reader steps over a digested text or digests it only once, however often a name stands in a document.
    pub(crate) fn recognise(&mut self, pieces: &mut Pieces, name: &str, text: &str) -> Option<usize> {
        let hash = hash(name);
        let entry = self.0.find_mut(hash, |entry| entry.name == hash)?;
        let (digest, length) = entry.whole.take()?;
        let raw = text.get(..length)?;
        entry.whole = (pieces.of(name).push(raw).digest() == digest).then_some((digest, length));
        entry.whole.map(|_| length)
    }

    /// The part that is kept under this name.
    pub(crate) fn find(&self, name: &str) -> Option<&Entry<T>> {
        let hash = hash(name);
        self.0.find(hash, |entry| entry.name == hash).map(|entry| &**entry)
    }

    /// Takes out the part with this name.
    pub(crate) fn take(&mut self, name: &str) -> Option<Box<Entry<T>>> {
        let hash = hash(name);
        Some(self.0.find_entry(hash, |entry| entry.name == hash).ok()?.remove().0)
    }

    /// Keeps a part whose name is not kept yet.
    pub(crate) fn put(&mut self, mut entry: Box<Entry<T>>) {
        entry.is_kept = true;
        self.0.insert_unique(entry.name, entry, |entry| entry.name);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

/// Text that is digested piece by piece.
#[derive(Default)]
pub(crate) struct Pieces(Vec<u8>);

impl Pieces {
    /// Starts a new text with this name.
    pub(crate) fn of(&mut self, name: &str) -> &mut Self {
        self.0.clear();
        self.push(name)
    }

    /// Appends a piece behind its length, so that two pieces never read as one.
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

/// The digest of a flag's text without its state, and the members that are the state.
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
