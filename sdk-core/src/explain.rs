//! Explanations: the same evaluation with somebody watching.

use crate::details::Decision;

/// Watches an evaluation. Every method does nothing unless overridden; watching changes no answer.
///
/// Places (`at`) are where a step or a condition stands in the tables.
pub(crate) trait Visit {
    /// A step was taken; what it answered, if it did.
    fn step(&mut self, _at: u32, _answer: Option<Decision>) {}

    /// A prerequisite was looked at: the number of its variant plus one, 0 where it has none.
    fn prerequisite(&mut self, _at: u32, _variant_plus_one: u32) {}

    /// A unit was drawn.
    fn bucket(&mut self, _at: u32, _bucket: u32) {}

    /// A condition is about to be asked.
    fn enter(&mut self, _at: u32) {}

    /// A test looked at its attribute's value (encoded), or found none.
    fn attribute(&mut self, _at: u32, _value: Option<&[u8]>) {}

    /// A condition was answered.
    fn leave(&mut self, _at: u32, _held: bool) {}
}

impl Visit for () {}
