//! The words of the tables, as whoever walks them reads them.
use super::{code, details::Decision};
use crate::bucket::Subkey;

/// Words in place, from the first of the code on. Every read is total: what is not there reads as 0.
#[derive(Clone, Copy)]
pub(crate) struct Words<'a>(pub(crate) &'a [[u8; 4]]);

impl Words<'_> {
    pub(crate) fn word(self, at: u32) -> u32 {
        self.0.get(at as usize).map_or(0, |word| u32::from_le_bytes(*word))
    }

    /// Two words as one number.
    pub(crate) fn wide(self, at: u32) -> u64 {
        u64::from(self.word(at)) | u64::from(self.word(at.wrapping_add(1))) << 32
    }

    pub(crate) fn double(self, at: u32) -> f64 {
        f64::from_bits(self.wide(at))
    }

    pub(crate) fn subkey(self, at: u32) -> Subkey {
        Subkey([self.wide(at), self.wide(at.wrapping_add(2))])
    }

    /// What a step answers whose decision stands at `at`.
    pub(crate) fn decision(self, at: u32) -> Decision {
        Decision { word: self.word(at), bucket_plus_one: 0 }
    }

    /// The answer of the [`code::CONST`] at `at`.
    pub(crate) fn constant(self, at: u32) -> Decision {
        let drawn = code::count(self.word(at)) != 0;
        let bucket_plus_one = if drawn { self.word(at.wrapping_add(2)) } else { 0 };
        Decision { word: self.word(at.wrapping_add(1)), bucket_plus_one }
    }

    /// How many words the step at `at` takes; none where there is no step.
    pub(crate) fn step_size(self, at: u32) -> u32 {
        let word = self.word(at);
        match code::operation(word) {
            code::IF | code::OVERRIDES => 1,
            code::NEEDS => 2,
            code::CONST => 2 + code::count(word),
            code::PREREQUISITE => self.word(at.wrapping_add(3)).saturating_add(4),
            code::LIST => 3 + code::count(word),
            code::DRAW => 6 + 2 * code::count(word),
            _ => 0,
        }
    }
}
