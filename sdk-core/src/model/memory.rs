//! Memory that is taken once and used again.
use alloc::boxed::Box;

/// Bytes that grow and never shrink. If no memory is left they keep their length, so the caller gets fewer than it asked for.
#[derive(Clone, Default)]
pub(crate) struct Memory(Option<Box<[u8]>>);

impl Memory {
    pub(crate) const fn new() -> Self {
        Self(None)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        self.0.as_deref_mut().unwrap_or_default()
    }

    /// Grows to at least this many bytes, and at least to twice its length; the old bytes stay, and the new ones are 0.
    #[cfg_attr(target_arch = "wasm32", inline(never))] // for its size
    pub(crate) fn fit(&mut self, length: usize) -> &mut [u8] {
        if self.bytes().len() < length
            && let Ok(mut larger) = bytemuck::allocation::try_zeroed_slice_box(length.max(self.bytes().len().saturating_mul(2)))
        {
            for (new, old) in larger.iter_mut().zip(self.bytes()) {
                *new = *old;
            }
            self.0 = Some(larger);
        }
        self.bytes_mut()
    }

    /// Grows to this many bytes and no more; the old bytes stay, and the new ones are 0.
    pub(crate) fn extend(&mut self, length: usize) {
        let mut larger = alloc::vec::Vec::with_capacity(length);
        larger.extend_from_slice(self.bytes());
        larger.resize(length, 0);
        *self = larger.into();
    }

    /// The word with this number; a word past the end reads as 0.
    #[cfg_attr(target_arch = "wasm32", inline(never))] // for its size
    pub(crate) fn word(&self, index: usize) -> u32 {
        self.bytes().as_chunks().0.get(index).map_or(0, |word| u32::from_le_bytes(*word))
    }

    #[cfg_attr(target_arch = "wasm32", inline(never))] // for its size
    pub(crate) fn set(&mut self, index: usize, word: u32) {
        if let Some(place) = self.bytes_mut().as_chunks_mut().0.get_mut(index) {
            *place = word.to_le_bytes();
        }
    }
}

impl From<alloc::vec::Vec<u8>> for Memory {
    fn from(bytes: alloc::vec::Vec<u8>) -> Self {
        Self(Some(bytes.into_boxed_slice()))
    }
}
