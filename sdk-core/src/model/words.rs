//! The words of the tables, read in place; every read is total: what is not there reads as 0.
use super::{details::Decision, image::Span};
use crate::bucket::Subkey;

/// Words in place, from the first of the code on.
#[derive(Clone, Copy)]
pub(crate) struct Words<'a>(pub(crate) &'a [[u8; 4]]);

/// So many words, or groups of words, from a place on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Run {
    pub(crate) at: u32,
    pub(crate) count: u32,
}

impl<'a> Words<'a> {
    #[cfg_attr(target_arch = "wasm32", inline(never))] // for its size: it is called from many places
    #[cfg_attr(not(target_arch = "wasm32"), inline)]
    pub(crate) fn word(self, at: u32) -> u32 {
        self.0.get(at as usize).map_or(0, |word| u32::from_le_bytes(*word))
    }

    /// Two words as one number.
    #[inline]
    pub(crate) fn wide(self, at: u32) -> u64 {
        u64::from(self.word(at)) | u64::from(self.word(at.wrapping_add(1))) << 32
    }

    #[inline]
    pub(crate) fn double(self, at: u32) -> f64 {
        f64::from_bits(self.wide(at))
    }

    #[inline]
    pub(crate) fn subkey(self, at: u32) -> Subkey {
        match self.0.get(at as usize..).and_then(<[[u8; 4]]>::first_chunk) {
            Some([a, b, c, d]) => Subkey([[*a, *b], [*c, *d]].map(|pair| u64::from_le_bytes(bytemuck::cast(pair)))),
            None => Subkey([0; 2]),
        }
    }

    #[inline]
    pub(crate) fn decision(self, at: u32) -> Decision {
        Decision::of(self.word(at))
    }

    #[inline]
    pub(crate) fn span(self, at: u32) -> Span {
        Span::of(self.word(at), self.word(at.wrapping_add(1)))
    }

    /// The words of a run; none where they do not all exist.
    pub(crate) fn run(self, run: Run) -> impl DoubleEndedIterator<Item = u32> + ExactSizeIterator + Clone + use<'a> {
        let words = self.0.get(run.at as usize..).and_then(|tail| tail.get(..run.count as usize)).unwrap_or_default();
        words.iter().map(|word| u32::from_le_bytes(*word))
    }

    /// The pairs of a run, each of two words; none where they do not all exist.
    pub(crate) fn pairs(self, run: Run) -> impl DoubleEndedIterator<Item = [u32; 2]> + ExactSizeIterator + Clone + use<'a> {
        let words = self.0.get(run.at as usize..).and_then(|tail| tail.get(..2 * run.count as usize)).unwrap_or_default();
        let pairs: &[[[u8; 4]; 2]] = words.as_chunks().0;
        pairs.iter().map(|pair| pair.map(u32::from_le_bytes))
    }
}
