//! Lists of scalars in the form of the tables, one behind the other in one buffer.
use alloc::vec::Vec;

use crate::context::value;

/// Encoded scalars.
#[derive(Default)]
pub(crate) struct Scalars(Vec<u8>);

impl Scalars {
    /// An empty list with room for this many entries of eight bytes each.
    pub(crate) fn with_capacity(entries: usize) -> Self {
        Self(Vec::with_capacity(entries * 8))
    }

    /// Appends a string under the tag [`value::STRING`] or [`value::FOLDED`].
    pub(crate) fn push_text(&mut self, tag: u8, text: &[u8]) {
        value::push_text(&mut self.0, tag, text);
    }

    pub(crate) fn push_number(&mut self, number: f64) {
        value::push_number(&mut self.0, number);
    }

    pub(crate) fn push_boolean(&mut self, boolean: bool) {
        self.0.push(if boolean { value::TRUE } else { value::FALSE });
    }

    /// Appends a scalar that is encoded already.
    pub(crate) fn push(&mut self, encoded: &[u8]) {
        self.0.extend_from_slice(encoded);
    }

    /// Frees the unused memory of the buffer.
    pub(crate) fn trimmed(mut self) -> Self {
        self.0.shrink_to_fit();
        self
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The number of scalars.
    pub(crate) fn count(&self) -> usize {
        self.iter().count()
    }

    /// The number of bytes that all scalars take.
    pub(crate) fn bytes(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn iter(&self) -> Iter<'_> {
        Iter(&self.0)
    }
}

/// Encoded scalars, one at a time.
#[derive(Clone)]
pub(crate) struct Iter<'s>(&'s [u8]);

impl<'s> Iterator for Iter<'s> {
    type Item = &'s [u8];

    fn next(&mut self) -> Option<&'s [u8]> {
        let (scalar, rest) = value::split(self.0)?;
        self.0 = rest;
        Some(scalar)
    }
}
