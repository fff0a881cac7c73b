//! The words of the tables, read in place. Every read is total: a word outside the tables reads as 0.
use super::{
    code::{self, Operation},
    details::Decision,
};

/// Words in place, from the first of the code on.
#[derive(Clone, Copy)]
pub(crate) struct Words<'a>(pub(crate) &'a [[u8; 4]]);

/// An operation and its first words; no operation has more of them before its list.
#[derive(Clone, Copy)]
pub(crate) struct Front<'a> {
    pub(super) at: u32,
    words: &'a [[u8; 4]; FRONT],
}

const FRONT: usize = 8;

/// The number of words that are read at once, a guard and the front of the operation behind it. The records of flags, the directory and the
/// length of the texts stand behind the code, so that this many words can be read from the last operation on too.
pub(super) const GUARDED: usize = FRONT + 1;

/// A number of words, or of groups of words, from a place on.
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

    /// The operation at a place.
    #[inline]
    pub(crate) fn front(self, at: u32) -> Front<'a> {
        let [words @ .., _] = self.guarded_front(at);
        Front { at, words }
    }

    /// The place of the condition under which the step at a place is taken, 0 if it is always taken, and the step.
    #[inline]
    pub(crate) fn guarded(self, at: u32) -> (u32, Front<'a>) {
        let guarded @ [guard, words @ ..] = self.guarded_front(at);
        let [unguarded @ .., _] = guarded;
        let word = u32::from_le_bytes(*guard);
        if Operation::If.is_of(word) {
            (code::condition(word), Front { at: at.wrapping_add(1), words })
        } else {
            (0, Front { at, words: unguarded })
        }
    }

    #[inline]
    fn guarded_front(self, at: u32) -> &'a [[u8; 4]; GUARDED] {
        self.0.get(at as usize..).and_then(<[_]>::first_chunk).unwrap_or(&[[0; 4]; GUARDED])
    }

    #[inline]
    pub(crate) fn decision(self, at: u32) -> Decision {
        Decision::of(self.word(at))
    }

    /// The words of a run; none where they do not all exist.
    pub(crate) fn run(self, run: Run) -> impl DoubleEndedIterator<Item = u32> + ExactSizeIterator + Clone + use<'a> {
        self.slice(run.at, run.count).iter().map(|word| u32::from_le_bytes(*word))
    }

    /// The pairs of a run, each of two words; none where they do not all exist.
    pub(crate) fn pairs(self, run: Run) -> impl DoubleEndedIterator<Item = [u32; 2]> + ExactSizeIterator + Clone + use<'a> {
        let pairs: &[[[u8; 4]; 2]] = self.slice(run.at, 2 * run.count).as_chunks().0;
        pairs.iter().map(|pair| pair.map(u32::from_le_bytes))
    }

    /// So many words from a place on; none where they do not all exist.
    #[inline]
    pub(crate) fn slice(self, at: u32, count: u32) -> &'a [[u8; 4]] {
        self.0.get(at as usize..).and_then(|tail| tail.get(..count as usize)).unwrap_or_default()
    }
}

impl Front<'_> {
    #[expect(clippy::inline_always, reason = "of words that are handed on through memory all are copied, and few are needed")]
    #[inline(always)]
    pub(super) fn words(self) -> [u32; FRONT] {
        self.words.map(u32::from_le_bytes)
    }
}

/// Two words as one number.
#[inline]
pub(super) fn wide(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}
