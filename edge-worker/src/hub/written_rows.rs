//! Hashes the rows that each version wrote, as they lie in the store, in one pass over all of them.
use std::collections::VecDeque;

use control::change::{Hash, RowsHasher};
use worker::Result;

use crate::store::{Read, audit::Part};

/// A walk over the parts of all rows, in the order of versions.
pub(super) struct WrittenRows<'s, S> {
    store: &'s S,
    /// Parts that were read and not yet hashed.
    read: VecDeque<Part>,
    /// The part behind which the next ones are read.
    behind: Option<Part>,
    /// The version that was hashed last.
    hashed: Option<(u32, Hash)>,
}

impl<'s, S: Read> WrittenRows<'s, S> {
    pub(super) fn of(store: &'s S) -> Self {
        Self { store, read: VecDeque::new(), behind: None, hashed: None }
    }

    /// The hash of the rows that a version wrote; `None` where it wrote none. Versions are asked for in ascending order; one may be
    /// asked for again.
    pub(super) fn hash(&mut self, version: u32) -> Result<Option<Hash>> {
        if let Some((_, hash)) = self.hashed.filter(|(hashed, _)| *hashed == version) {
            return Ok(Some(hash));
        }
        while self.next()?.is_some_and(|part| part.version < version) {
            self.take();
        }
        let Some(made) = self.next()?.filter(|part| part.version == version).and_then(|part| part.made) else { return Ok(None) };
        let mut hasher = RowsHasher::new(made);
        while self.next()?.is_some_and(|part| part.version == version) {
            if let Some(row) = self.take_row()? {
                hasher = hasher.row(&row.kind, &row.name, row.page, row.text.as_deref());
            }
        }
        let hash = hasher.finish();
        self.hashed = Some((version, hash));
        Ok(Some(hash))
    }

    /// The next part, not taken.
    fn next(&mut self) -> Result<Option<&Part>> {
        if self.read.is_empty() {
            self.read.extend(self.store.parts(self.behind.as_ref())?);
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
        let Some(mut row) = self.take() else { return Ok(None) };
        while self.next()?.is_some_and(|part| part.version == row.version && part.kind == row.kind && part.name == row.name) {
            if let (Some(text), Some(more)) = (&mut row.text, self.take().and_then(|part| part.text)) {
                text.push_str(&more);
            }
        }
        Ok(Some(row))
    }
}
