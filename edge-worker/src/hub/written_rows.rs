//! Hashes rows as they lie in the store: those that each version wrote, in one pass over all of them, and those that serve. Reads no more
//! at a time than its caller allows, and goes on from there when it is called again.
use std::{collections::VecDeque, mem, task::Poll};

use control::change::{Hash, RowsHasher};
use worker::Result;

use crate::store::{Read, audit::Part};

/// The rows and the bytes that may still be read in a slice of a long operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget {
    pub(super) rows: u32,
    bytes: usize,
}

impl Budget {
    /// The budget of one slice: about 5 ms.
    pub(super) const SLICE: Self = Self { rows: 500, bytes: 256 * 1024 };
    const NO_LIMIT: Self = Self { rows: u32::MAX, bytes: usize::MAX };

    pub(super) fn is_spent(self) -> bool {
        self.rows == 0 || self.bytes == 0
    }

    /// Spends a number of rows, with as many bytes of text in all.
    pub(super) fn spend(&mut self, rows: u32, bytes: usize) {
        self.rows = self.rows.saturating_sub(rows);
        self.bytes = self.bytes.saturating_sub(bytes);
    }
}

/// The hash of the rows that a version wrote, made at once; `None` where it wrote none.
pub(super) fn hash_of(store: &impl Read, version: u32) -> Result<Option<Hash>> {
    let mut rows = WrittenRows::behind(Some((version.saturating_sub(1), Hash::NONE)));
    loop {
        let mut budget = Budget::NO_LIMIT;
        if let Poll::Ready(hash) = rows.hash(store, version, &mut budget)? {
            return Ok(hash);
        }
    }
}

/// The hash of all rows that served at a version, made at once.
pub(super) fn hash_of_all(store: &impl Read, version: u32) -> Result<Hash> {
    let mut rows = ServingRows::at(version);
    loop {
        let mut budget = Budget::NO_LIMIT;
        if let Poll::Ready(hash) = rows.hash(store, &mut budget)? {
            return Ok(hash);
        }
    }
}

/// A walk over all rows that served at a version.
pub(super) struct ServingRows {
    version: u32,
    parts: Parts,
    rows: HashedRows,
}

impl ServingRows {
    pub(super) fn at(version: u32) -> Self {
        Self { version, parts: Parts::new(Some(version), None), rows: HashedRows::of(RowsHasher::of_all(version)) }
    }

    /// The hash of all rows; pending if the budget is spent before the last.
    pub(super) fn hash(&mut self, store: &impl Read, budget: &mut Budget) -> Result<Poll<Hash>> {
        while !budget.is_spent() {
            if self.parts.next(store)?.is_none() {
                let next = HashedRows::of(RowsHasher::of_all(self.version));
                return Ok(Poll::Ready(mem::replace(&mut self.rows, next).finish()));
            }
            if let Some(part) = self.parts.take(budget).filter(|part| part.text.is_some()) {
                self.rows.take(part);
            }
        }
        Ok(Poll::Pending)
    }
}

/// A walk over all rows that were ever written, in the order of versions.
pub(super) struct WrittenRows {
    parts: Parts,
    /// The version that is being hashed.
    open: Option<(u32, HashedRows)>,
    /// The version that was hashed last.
    hashed: Option<(u32, Hash)>,
    /// True if rows of a version that was not asked for were passed since the last question.
    has_passed: bool,
}

impl WrittenRows {
    /// A walk over the rows behind a version whose hash is known; over all if there is none.
    pub(super) fn behind(hashed: Option<(u32, Hash)>) -> Self {
        // No part of the version stands behind this one.
        let last =
            |(version, _)| Part { version, made: None, kind: char::MAX.into(), name: String::new(), number: 0, page: None, text: None };
        Self { parts: Parts::new(None, hashed.map(last)), open: None, hashed, has_passed: false }
    }

    /// The version that was hashed last, with its hash.
    pub(super) fn hashed(&self) -> Option<(u32, Hash)> {
        self.hashed
    }

    /// The hash of the rows that a version wrote, `None` where it wrote none; pending if the budget is spent before the last of them.
    /// Versions are asked for in ascending order; one may be asked for again.
    pub(super) fn hash(&mut self, store: &impl Read, version: u32, budget: &mut Budget) -> Result<Poll<Option<Hash>>> {
        if let Some((_, hash)) = self.hashed.filter(|(hashed, _)| *hashed == version) {
            return Ok(Poll::Ready(Some(hash)));
        }
        while self.open.is_none() {
            let Some(part) = self.parts.next(store)?.filter(|part| part.version <= version) else { return Ok(Poll::Ready(None)) };
            if budget.is_spent() {
                return Ok(Poll::Pending);
            }
            if part.version == version {
                let Some(made) = part.made else { return Ok(Poll::Ready(None)) };
                self.open = Some((version, HashedRows::of(RowsHasher::new(made))));
            } else {
                self.parts.take(budget);
                self.has_passed = true;
            }
        }
        while self.parts.next(store)?.is_some_and(|part| part.version == version) {
            if budget.is_spent() {
                return Ok(Poll::Pending);
            }
            if let (Some((_, rows)), Some(part)) = (&mut self.open, self.parts.take(budget)) {
                rows.take(part);
            }
        }
        let hash = self.open.take().map(|(_, rows)| rows.finish());
        self.hashed = hash.map(|hash| (version, hash));
        Ok(Poll::Ready(hash))
    }

    /// Returns true if rows of a version that was not asked for were passed since this was called last.
    pub(super) fn has_passed(&mut self) -> bool {
        mem::take(&mut self.has_passed)
    }
}

/// A hash of rows that come part by part.
struct HashedRows {
    hasher: RowsHasher,
    /// The row whose parts are being put together.
    row: Option<Part>,
}

impl HashedRows {
    const fn of(hasher: RowsHasher) -> Self {
        Self { hasher, row: None }
    }

    fn take(&mut self, part: Part) {
        match &mut self.row {
            Some(row) if row.version == part.version && row.kind == part.kind && row.name == part.name => {
                if let (Some(text), Some(more)) = (&mut row.text, part.text) {
                    text.push_str(&more);
                }
            }
            _ => {
                if let Some(row) = self.row.replace(part) {
                    self.add(&row);
                }
            }
        }
    }

    fn finish(mut self) -> Hash {
        if let Some(row) = self.row.take() {
            self.add(&row);
        }
        self.hasher.finish()
    }

    fn add(&mut self, row: &Part) {
        self.hasher = self.hasher.clone().row(&row.kind, &row.name, row.page, row.text.as_deref());
    }
}

/// Parts that are read piece by piece.
struct Parts {
    /// The version at which the rows serve; `None` for all that were ever written.
    serving_at: Option<u32>,
    /// Parts that were read and not yet taken.
    read: VecDeque<Part>,
    /// The part behind which the next ones are read.
    behind: Option<Part>,
}

impl Parts {
    const fn new(serving_at: Option<u32>, behind: Option<Part>) -> Self {
        Self { serving_at, read: VecDeque::new(), behind }
    }

    /// The next part, not taken.
    fn next(&mut self, store: &impl Read) -> Result<Option<&Part>> {
        if self.read.is_empty() {
            let behind = self.behind.as_ref();
            self.read.extend(match self.serving_at {
                Some(version) => store.serving_parts(version, behind)?,
                None => store.parts(behind)?,
            });
        }
        Ok(self.read.front())
    }

    /// Takes the next part, and spends what it costs.
    fn take(&mut self, budget: &mut Budget) -> Option<Part> {
        let part = self.read.pop_front()?;
        budget.spend(1, part.text.as_deref().map_or(0, str::len));
        if self.read.is_empty() {
            let Part { version, made, number, page, .. } = part;
            let (kind, name) = (part.kind.clone(), part.name.clone());
            self.behind = Some(Part { version, made, kind, name, number, page, text: None });
        }
        Some(part)
    }
}
