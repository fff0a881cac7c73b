//! Lists of encoded scalars in one piece of memory.
use alloc::vec::Vec;

/// Encoded scalars, one after the other.
#[derive(Default)]
pub(crate) struct Scalars {
    bytes: Vec<u8>,
    /// Where each one ends.
    ends: Vec<u32>,
}

impl Scalars {
    pub(crate) fn with_capacity(count: usize) -> Self {
        Self { bytes: Vec::with_capacity(12 * count), ends: Vec::with_capacity(count) }
    }

    /// Adds the scalar that `write` appends. A document of 8 MB holds far less than 4 GB of them.
    #[expect(clippy::cast_possible_truncation, reason = "documents are limited to 8 MB")]
    pub(crate) fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.ends.push(self.bytes.len() as u32);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> + Clone {
        let starts = core::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| self.bytes.get(start as usize..*end as usize).unwrap_or_default())
    }
}
