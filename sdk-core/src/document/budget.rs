//! The amounts that all flags and segments of a document may take together.
use core::fmt;

use super::limits::{MAX_PATTERNS_BYTES, MAX_PATTERNS_WORK, MAX_VALUES_BYTES};

/// The amounts that are left for the flags and segments of a document.
#[derive(Clone, Copy)]
pub(crate) struct Budget {
    /// Steps of work of patterns.
    pub(super) work: usize,
    /// Bytes of patterns' tables.
    pub(super) tables: usize,
    /// Bytes of canonical JSON of values.
    pub(super) values: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { work: MAX_PATTERNS_WORK, tables: MAX_PATTERNS_BYTES, values: MAX_VALUES_BYTES }
    }
}

/// The share of a budget that one flag or segment takes.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cost {
    work: usize,
    tables: usize,
    values: usize,
}

impl Budget {
    /// The cost since the budget was `before`.
    pub(crate) fn taken_since(&self, before: Self) -> Cost {
        Cost { work: before.work - self.work, tables: before.tables - self.tables, values: before.values - self.values }
    }

    /// Takes the cost of a part that is compiled already. An error, which takes nothing, if less is left.
    pub(crate) fn charge(&mut self, cost: Cost) -> Result<(), Exhausted> {
        let patterns = self.work.checked_sub(cost.work).zip(self.tables.checked_sub(cost.tables));
        let (work, tables) = patterns.ok_or(Exhausted::Patterns)?;
        *self = Self { work, tables, values: self.values.checked_sub(cost.values).ok_or(Exhausted::Values)? };
        Ok(())
    }
}

/// The refusal of a document of which one amount is used up.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Exhausted {
    Patterns,
    Values,
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
        }
    }
}
