//! The sources of a treatment's errors: does one address block bring too many of them?
use alloc::vec::Vec;

use super::unit_caps::Block;

/// The blocks that one generation counts. By the bound of Misra and Gries a count falls short by at most 1/33 of all errors and is never
/// too high, so a block with more than 1/5 + 1/33 of them is always found, and one with at most 1/5 never is.
pub(super) const MAX_BLOCKS: usize = 32;
/// The most blocks that one observation may name; errors of further ones count to no block.
pub const MAX_OBSERVED_BLOCKS: usize = 256;
/// One of how many errors is the most that one source may bring.
const PART: u64 = 5;
/// The most errors that are counted: 2^40.
pub(super) const MAX_ERRORS: u64 = 1 << 40;

/// The errors of a treatment from one address block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockErrors {
    /// The block.
    pub block: Block,
    /// The number of its errors since the last observation.
    pub errors: u64,
}

/// The errors of one generation, by block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Generation {
    /// All errors of the treatment, counted for the guard or not.
    pub(super) errors: u64,
    /// The errors of units that the cap of their block refused.
    pub(super) over_cap: u64,
    /// The blocks with the most errors, and at least how many.
    pub(super) blocks: Vec<BlockErrors>,
}

impl Generation {
    fn add(&mut self, counted: u64, over_cap: u64, blocks: &[BlockErrors]) {
        let more = counted.saturating_add(over_cap);
        if more > MAX_ERRORS - self.errors {
            return;
        }
        self.errors += more;
        self.over_cap += over_cap;
        let mut open = more;
        for from in blocks.iter().take(MAX_OBSERVED_BLOCKS) {
            let errors = from.errors.min(open);
            open -= errors;
            self.count(BlockErrors { errors, ..*from });
        }
    }

    /// Counts errors of a block; if all places are taken, each block and the new one lose as many as the least has.
    fn count(&mut self, mut new: BlockErrors) {
        if let Some(known) = self.blocks.iter_mut().find(|known| known.block == new.block) {
            known.errors += new.errors;
            return;
        }
        if self.blocks.len() >= MAX_BLOCKS {
            let lost = self.blocks.iter().map(|known| known.errors).fold(new.errors, u64::min);
            self.blocks.iter_mut().for_each(|known| known.errors -= lost);
            self.blocks.retain(|known| known.errors > 0);
            new.errors -= lost;
        }
        if new.errors > 0 {
            self.blocks.push(new);
        }
    }

    fn of(&self, block: Block) -> u64 {
        self.blocks.iter().find(|known| known.block == block).map_or(0, |known| known.errors)
    }
}

/// The errors of the present window and of the one before, each a generation. Older errors are forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sources {
    /// The number of the present window since 1970.
    pub(super) number: i64,
    pub(super) now: Generation,
    pub(super) before: Generation,
}

impl Sources {
    /// Takes in the treatment's errors of an observation in a window: the counted ones, those over the cap, and both by block.
    pub(super) fn add(&mut self, number: i64, counted: u64, over_cap: u64, blocks: &[BlockErrors]) {
        if number > self.number {
            let last = core::mem::take(&mut self.now);
            self.before = if number - 1 == self.number { last } else { Generation::default() };
            self.number = number;
        }
        self.now.add(counted, over_cap, blocks);
    }

    /// All errors of both generations.
    fn errors(&self) -> u64 {
        self.now.errors + self.before.errors
    }

    /// The errors of units over the cap of their block, in per-mille of all errors.
    pub(super) fn over_cap_permille(&self) -> u32 {
        permille(self.now.over_cap + self.before.over_cap, self.errors())
    }

    /// The block with the most errors, and how many they are; `None` if no error came with an address.
    fn top(&self) -> Option<BlockErrors> {
        let both = |known: &BlockErrors| BlockErrors { errors: self.now.of(known.block) + self.before.of(known.block), ..*known };
        self.now.blocks.iter().chain(&self.before.blocks).map(both).max_by_key(|known| (known.errors, known.block))
    }

    /// The block with the most errors, and its per-mille of all errors.
    pub(super) fn top_permille(&self) -> Option<(Block, u32)> {
        self.top().map(|top| (top.block, permille(top.errors, self.errors())))
    }

    /// Returns true if more than a fifth of the errors come from one block, or from units over the cap of theirs.
    pub(super) fn are_few(&self) -> bool {
        let most = self.top().map_or(0, |top| top.errors).max(self.now.over_cap + self.before.over_cap);
        most * PART > self.errors()
    }
}

/// The per-mille of a part, rounded down; 0 of nothing.
fn permille(part: u64, whole: u64) -> u32 {
    if whole == 0 {
        return 0;
    }
    u32::try_from(u128::from(part) * 1_000 / u128::from(whole)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;
    use core::net::Ipv4Addr;

    use super::*;

    fn block(number: u32) -> Block {
        Block::of(Ipv4Addr::from_bits(number << 8).into())
    }

    fn from(number: u32, errors: u64) -> BlockErrors {
        BlockErrors { block: block(number), errors }
    }

    fn sources(counted: u64, over_cap: u64, blocks: &[BlockErrors]) -> Sources {
        let mut made = Sources::default();
        made.add(1, counted, over_cap, blocks);
        made
    }

    #[test]
    fn more_than_a_fifth_from_one_block_are_few_sources_and_exactly_a_fifth_are_not() {
        assert!(!sources(100, 0, &[from(1, 20), from(2, 19)]).are_few());
        let few = sources(100, 0, &[from(1, 19), from(2, 21)]);
        assert!(few.are_few());
        assert_eq!(few.top_permille(), Some((block(2), 210)));
        assert!(!sources(100, 0, &[]).are_few() && !Sources::default().are_few());
    }

    #[test]
    fn errors_over_the_caps_are_few_sources_however_many_blocks_they_come_from() {
        assert!(!sources(80, 20, &[]).are_few());
        let few = sources(79, 21, &[]);
        assert!(few.are_few());
        assert_eq!(few.over_cap_permille(), 210);
    }

    #[test]
    fn a_window_and_the_one_before_count() {
        let mut made = sources(100, 0, &[from(1, 50)]);
        made.add(2, 150, 0, &[from(1, 1)]);
        assert_eq!(made.top_permille(), Some((block(1), 204)));
        made.add(1, 10, 0, &[]);
        assert_eq!((made.number, made.top_permille()), (2, Some((block(1), 196))));
        made.add(3, 0, 0, &[]);
        assert_eq!(made.top_permille(), Some((block(1), 6)));
        made.add(5, 0, 0, &[]);
        assert_eq!(made.top_permille(), None);
    }

    #[test]
    fn many_blocks_hide_no_large_one_and_make_none_of_a_small_one() {
        for percent in [5, 15, 20, 21, 24, 40] {
            let (mut made, mut exact, mut seed) = (Sources::default(), BTreeMap::<Block, u64>::new(), 11_u64);
            for _ in 0..20_000 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let number = if (seed >> 33) % 100 < percent { 0 } else { u32::try_from(seed >> 40).unwrap() };
                made.add(1, 1, 0, &[from(number, 1)]);
                *exact.entry(block(number)).or_default() += 1;
            }
            assert!(made.now.blocks.len() <= MAX_BLOCKS);
            for known in &made.now.blocks {
                assert!(known.errors <= exact[&known.block] && known.errors + 20_000 / 33 >= exact[&known.block]);
            }
            let top = exact[&block(0)];
            assert!(made.are_few() || top <= 20_000 / 5 + 20_000 / 33, "{percent} %: {top}");
            assert!(!made.are_few() || top > 20_000 / 5, "{percent} %: {top}");
        }
    }

    #[test]
    fn blocks_have_no_more_errors_than_there_are() {
        let made = sources(3, 2, &[from(1, u64::MAX), from(2, 7)]);
        assert_eq!(made.now.blocks, [from(1, 5)]);
        let mut full = sources(MAX_ERRORS, u64::MAX, &[]);
        assert_eq!(full, Sources { number: 1, ..Sources::default() });
        full.add(1, MAX_ERRORS, 0, &[from(1, MAX_ERRORS)]);
        full.add(1, 1, 0, &[from(1, 1)]);
        assert_eq!((full.now.errors, full.are_few()), (MAX_ERRORS, true));
    }
}
