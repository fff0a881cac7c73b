//! Writes the steps of one flag anew into finished tables; the steps of all other flags stay where they are.
use alloc::vec::Vec;

use super::{
    image::{CODE, FLAG_WORDS, Head, Image},
    symbol::{Exact, Symbols as _},
    words::GUARDED,
    write::StepTables,
};

/// The bytes behind the tables for steps that are written anew. A flag's steps take about a hundred: so the tables are copied once for
/// several hundred changes.
const ROOM: usize = 64 << 10;

/// The steps of one flag, over the attributes and the symbols of finished tables.
pub(crate) struct NewSteps<'i> {
    image: &'i Image,
    code: Vec<u32>,
    /// True if the tables lack an attribute or a symbol that a step needs.
    is_lost: bool,
}

impl<'i> NewSteps<'i> {
    pub(crate) fn over(image: &'i Image) -> Self {
        Self { image, code: Vec::new(), is_lost: false }
    }

    /// The words of the steps; `None` if the tables lack an attribute or a symbol that a step needs.
    pub(crate) fn finish(self) -> Option<Vec<u32>> {
        (!self.is_lost).then_some(self.code)
    }

    /// A number that the tables have, or 0 after noting that they lack it.
    fn found(&mut self, number: Option<u32>) -> u32 {
        self.is_lost |= number.is_none();
        number.unwrap_or_default()
    }
}

impl StepTables for NewSteps<'_> {
    fn here(&self) -> u32 {
        u32::try_from(self.code.len()).unwrap_or(u32::MAX)
    }

    fn push(&mut self, words: &[u32]) {
        self.code.extend_from_slice(words);
    }

    fn set(&mut self, at: u32, word: u32) {
        if let Some(place) = self.code.get_mut(at as usize) {
            *place = word;
        }
    }

    fn attribute(&mut self, name: &str) -> u32 {
        let image = self.image;
        let is_named = |number: &u32| image.text(image.attribute(*number).name) == name.as_bytes();
        self.found((0..image.head(Head::Attributes)).find(is_named))
    }

    fn push_symbols<'a>(&mut self, encoded: impl Iterator<Item = &'a [u8]>) -> usize {
        let mut symbols: Vec<u32> = encoded.map(|scalar| self.found(Exact::find(self.image, scalar))).collect();
        symbols.sort_unstable();
        symbols.dedup();
        self.code.extend_from_slice(&symbols);
        symbols.len()
    }
}

/// The place behind a ruleset's tables for steps that are written anew.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Room {
    /// The place of the next steps; `None` before the first ones, for which the tables grow.
    next: Option<usize>,
}

impl Room {
    /// Returns true if `words` words of steps have room behind the tables.
    pub(crate) fn takes(self, image: &Image, words: usize) -> bool {
        // A step is read with as many words behind it as the longest has.
        self.next.is_none_or(|next| next + 4 * (words + GUARDED) <= image.memory.bytes().len())
    }

    /// Gives a flag these steps in place of those that it has; returns false, and changes nothing, if they have no room.
    pub(crate) fn write(&mut self, image: &mut Image, flag: u32, steps: &[u32]) -> bool {
        if flag >= image.flags() || !self.takes(image, steps.len()) {
            return false;
        }
        let start = self.next.unwrap_or_else(|| {
            let end = image.memory.bytes().len().next_multiple_of(4);
            image.memory.extend(end + ROOM.max(4 * (steps.len() + GUARDED)));
            end
        });
        for (index, word) in (start / 4..).zip(steps) {
            image.memory.set(index, *word);
        }
        let record = CODE / 4 + image.flag_at(flag) as usize;
        let place = u32::try_from((start - CODE) / 4).unwrap_or_default();
        image.memory.set(record + FLAG_WORDS as usize - 1, place);
        self.next = Some(start + 4 * steps.len());
        true
    }
}
