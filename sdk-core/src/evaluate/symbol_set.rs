//! Sets of symbols: the members of a context's list, as far as lists of the tables hold them.
use super::scratch::Scratch;

/// A set of symbols in the arena of a [`Scratch`]: words, each 0 or a symbol plus one, found by probing.
#[derive(Clone, Copy)]
pub(super) struct SymbolSet {
    /// Its offset in the arena, in bytes.
    pub(super) place: u32,
    /// How many words it has: a power of two, or none where there was no memory.
    pub(super) size: u32,
}

impl Scratch {
    /// An empty set that will have at most so many symbols.
    pub(super) fn new_symbol_set(&mut self, count: u32) -> SymbolSet {
        // At most half full, so that probing soon ends.
        let size = count.saturating_mul(2).saturating_add(1).next_power_of_two();
        match self.take(4 * size as usize).and_then(|place| u32::try_from(place).ok()) {
            Some(place) => {
                self.taken_mut(place as usize).fill(0);
                SymbolSet { place, size }
            }
            None => SymbolSet { place: 0, size: 0 },
        }
    }

    pub(super) fn add_symbol(&mut self, set: SymbolSet, symbol: u32) {
        if let Some(place) = self.probe(set, symbol) {
            let words: &mut [[u8; 4]] = self.taken_mut(set.place as usize).as_chunks_mut().0;
            if let Some(word) = words.get_mut(place) {
                *word = symbol.wrapping_add(1).to_le_bytes();
            }
        }
    }

    pub(super) fn has_symbol(&self, set: SymbolSet, symbol: u32) -> bool {
        let words: &[[u8; 4]] = self.taken(set.place as usize).as_chunks().0;
        self.probe(set, symbol).and_then(|place| words.get(place)).is_some_and(|word| *word != [0; 4])
    }

    /// The place of a symbol in a set, or the free place for it.
    fn probe(&self, set: SymbolSet, symbol: u32) -> Option<usize> {
        let words: &[[u8; 4]] = self.taken(set.place as usize).as_chunks().0;
        let words = words.get(..set.size as usize)?;
        let mask = words.len().checked_sub(1)?;
        // Symbols of a ruleset are places of scalars, some bytes apart: spread them.
        let mut place = (symbol.wrapping_mul(0x9E37_79B9) >> 7) as usize & mask;
        loop {
            match words.get(place).map(|word| u32::from_le_bytes(*word)) {
                Some(found) if found != 0 && found != symbol.wrapping_add(1) => place = (place + 1) & mask,
                _ => return Some(place),
            }
        }
    }
}
