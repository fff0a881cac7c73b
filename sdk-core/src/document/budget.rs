//! The amounts that all flags and segments of a document may take together.
use core::fmt;

use super::limits::{MAX_NETWORKS, MAX_PATTERNS_BYTES, MAX_PATTERNS_WORK, MAX_VALUES_BYTES};

/// The amounts that are left for the flags and segments of a document.
///
/// The patterns of every flag and segment count, because their work is done before an error is found; the contents only of those that are
/// sound.
#[derive(Clone, Copy)]
pub(crate) struct Budget {
    /// Steps of work of patterns.
    pub(super) work: usize,
    /// Bytes of patterns' tables.
    pub(super) tables: usize,
    pub(super) contents: Contents,
}

/// The contents of a definition that a document has bounds for, beside its patterns.
#[derive(Clone, Copy)]
pub(crate) struct Contents {
    /// Bytes of canonical JSON of values.
    values: usize,
    networks: usize,
}

/// The share of a budget that one flag or segment takes.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    work: usize,
    tables: usize,
    contents: Contents,
}

impl Default for Budget {
    fn default() -> Self {
        Self { work: MAX_PATTERNS_WORK, tables: MAX_PATTERNS_BYTES, contents: Contents::MOST }
    }
}

impl Contents {
    pub(crate) const NONE: Self = Self { values: 0, networks: 0 };
    const MOST: Self = Self { values: MAX_VALUES_BYTES, networks: MAX_NETWORKS };

    /// The bytes that the next value may take in a document without other definitions.
    pub(super) const fn room_for_value(&self) -> usize {
        MAX_VALUES_BYTES.saturating_sub(self.values)
    }

    /// Counts a value; returns false if it is more than a document may have.
    pub(super) const fn add_value(&mut self, bytes: usize) -> bool {
        self.values = self.values.saturating_add(bytes);
        self.values <= MAX_VALUES_BYTES
    }

    /// Counts networks; returns false if they are more than a document may have.
    pub(super) const fn add_networks(&mut self, count: usize) -> bool {
        self.networks = self.networks.saturating_add(count);
        self.networks <= MAX_NETWORKS
    }
}

impl Budget {
    /// The cost of a part with these contents, whose patterns were taken off the budget since it was `before`.
    pub(crate) const fn taken_since(&self, before: Self, contents: Contents) -> Cost {
        Cost { work: before.work - self.work, tables: before.tables - self.tables, contents }
    }

    /// Takes the cost of a part that is compiled already. An error, which takes nothing, if less is left.
    pub(crate) fn charge(&mut self, cost: Cost) -> Result<(), Exhausted> {
        let before = *self;
        self.charge_patterns(cost).and_then(|()| self.charge_contents(cost)).inspect_err(|_| *self = before)
    }

    /// Takes the patterns of a part that is compiled already. An error, which takes nothing, if less is left.
    pub(crate) fn charge_patterns(&mut self, cost: Cost) -> Result<(), Exhausted> {
        let left = self.work.checked_sub(cost.work).zip(self.tables.checked_sub(cost.tables));
        (self.work, self.tables) = left.ok_or(Exhausted::Patterns)?;
        Ok(())
    }

    /// Takes the contents of a sound part. An error, which takes nothing, if less is left.
    pub(crate) fn charge_contents(&mut self, cost: Cost) -> Result<(), Exhausted> {
        let Contents { values, networks } = cost.contents;
        let values = self.contents.values.checked_sub(values).ok_or(Exhausted::Values)?;
        let networks = self.contents.networks.checked_sub(networks).ok_or(Exhausted::Networks)?;
        self.contents = Contents { values, networks };
        Ok(())
    }
}

impl Cost {
    pub(crate) const NONE: Self = Self { work: 0, tables: 0, contents: Contents::NONE };
}

/// The refusal of a document of which one amount is used up.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Exhausted {
    Patterns,
    Values,
    Networks,
}

impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Patterns => write!(
                f,
                "all patterns of a document take at most {MAX_PATTERNS_WORK} steps of work and {MAX_PATTERNS_BYTES} bytes as tables"
            ),
            Self::Values => {
                write!(f, "all values of type object of a document take at most {MAX_VALUES_BYTES} bytes of canonical JSON")
            }
            Self::Networks => write!(f, "all lists of networks of a document have at most {MAX_NETWORKS} entries together"),
        }
    }
}
