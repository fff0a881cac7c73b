//! Hashes rows as they lie in the store: those that each version wrote, in one pass over all of them, and those that serve.
use std::collections::VecDeque;

use control::change::{Hash, RowsHasher};
use worker::Result;

use crate::store::{Read, audit::Part};

/// The hash of all rows that served at a version.
pub(super) fn hash_of_all(store: &impl Read, version: u32) -> Result<Hash> {
    let mut parts = Parts::of(store, Some(version));
    let mut hasher = RowsHasher::of_all(version);
    while let Some(row) = parts.take_row()? {
        hasher = add(hasher, &row);
    }
    Ok(hasher.finish())
}

fn add(hasher: RowsHasher, row: &Part) -> RowsHasher {
    hasher.row(&row.kind, &row.name, row.page, row.text.as_deref())
}

/// A walk over all rows that were ever written, in the order of versions.
pub(super) struct WrittenRows<'s, S> {
    parts: Parts<'s, S>,
    /// The version that was hashed last.
    hashed: Option<(u32, Hash)>,
    /// True if rows of a version that was not asked for were passed since the last question.
    has_passed: bool,
}

impl<'s, S: Read> WrittenRows<'s, S> {
    pub(super) fn of(store: &'s S) -> Self {
        Self { parts: Parts::of(store, None), hashed: None, has_passed: false }
    }

    /// The hash of the rows that a version wrote; `None` where it wrote none. Versions are asked for in ascending order; one may be
    /// asked for again.
    pub(super) fn hash(&mut self, version: u32) -> Result<Option<Hash>> {
        if let Some((_, hash)) = self.hashed.filter(|(hashed, _)| *hashed == version) {
            return Ok(Some(hash));
        }
        while self.parts.next()?.is_some_and(|part| part.version < version) {
            self.parts.take();
            self.has_passed = true;
        }
        let Some(made) = self.parts.next()?.filter(|part| part.version == version).and_then(|part| part.made) else { return Ok(None) };
        let mut hasher = RowsHasher::new(made);
        while self.parts.next()?.is_some_and(|part| part.version == version) {
            if let Some(row) = self.parts.take_row()? {
                hasher = add(hasher, &row);
            }
        }
        let hash = hasher.finish();
        self.hashed = Some((version, hash));
        Ok(Some(hash))
    }

    /// Returns true if rows of a version that was not asked for were passed since this was called last.
    pub(super) fn has_passed(&mut self) -> bool {
        core::mem::take(&mut self.has_passed)
    }
}

/// Parts that are read piece by piece.
struct Parts<'s, S> {
    store: &'s S,
    /// The version at which the rows serve; `None` for all that were ever written.
    serving_at: Option<u32>,
    /// Parts that were read and not yet taken.
    read: VecDeque<Part>,
    /// The part behind which the next ones are read.
    behind: Option<Part>,
}

impl<'s, S: Read> Parts<'s, S> {
    fn of(store: &'s S, serving_at: Option<u32>) -> Self {
        Self { store, serving_at, read: VecDeque::new(), behind: None }
    }

    /// The next part, not taken.
    fn next(&mut self) -> Result<Option<&Part>> {
        if self.read.is_empty() {
            let behind = self.behind.as_ref();
            self.read.extend(match self.serving_at {
                Some(version) => self.store.serving_parts(version, behind)?,
                None => self.store.parts(behind)?,
            });
        }
        Ok(self.read.front())
    }

    fn take(&mut self) -> Option<Part> {
        let part = self.read.pop_front()?;
        if self.read.is_empty() {
            let Part { version, made, number, page, .. } = part;
            let (kind, name) = (part.kind.clone(), part.name.clone());
            self.behind = Some(Part { version, made, kind, name, number, page, text: None });
        }
        Some(part)
    }

    /// Takes the next row, its parts put together.
    fn take_row(&mut self) -> Result<Option<Part>> {
        if self.next()?.is_none() {
            return Ok(None);
        }
        let Some(mut row) = self.take() else { return Ok(None) };
        while self.next()?.is_some_and(|part| part.version == row.version && part.kind == row.kind && part.name == row.name) {
            if let (Some(text), Some(more)) = (&mut row.text, self.take().and_then(|part| part.text)) {
                text.push_str(&more);
            }
        }
        Ok(Some(row))
    }
}
