//! The operators of conditions, over bytes: no allocation but for folded text, no panic, no message.
//!
//! Everything here is total. Text is UTF-8 by contract, and operands were compiled when the document was; neither is relied on
//! for more than the right answer.

pub(crate) mod cidr;
pub(crate) mod comparison;
pub(crate) mod decimal;
pub(crate) mod fold;
mod fold_table;
pub(crate) mod millis;
pub(crate) mod pattern;
pub(crate) mod semver;
pub(crate) mod text;
pub(crate) mod time;

/// Random numbers for tests that are the same on every run: `SplitMix64`.
#[cfg(test)]
pub(crate) mod seeded {
    pub(crate) struct Seeded(pub(crate) u64);

    impl Seeded {
        pub(crate) fn next(&mut self) -> u64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^ (mixed >> 31)
        }

        /// A number below `end`, which is not 0.
        pub(crate) fn below(&mut self, end: usize) -> usize {
            usize::try_from(self.next() % end as u64).unwrap()
        }

        /// Returns true for one call in `n`, on average.
        pub(crate) fn one_in(&mut self, n: usize) -> bool {
            self.below(n) == 0
        }

        pub(crate) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
            from[self.below(from.len())]
        }

        /// Changes one byte, takes one away or puts one in, out of `alphabet`.
        pub(crate) fn mutate(&mut self, text: &mut alloc::vec::Vec<u8>, alphabet: &[u8]) {
            let byte = alphabet[self.below(alphabet.len())];
            let at = self.below(text.len() + 1);
            match self.below(3) {
                0 => text.insert(at, byte),
                1 if at < text.len() => text[at] = byte,
                _ if at < text.len() => drop(text.remove(at)),
                _ => text.push(byte),
            }
        }
    }
}
