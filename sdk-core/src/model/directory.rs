//! The directory of symbols: an entry for each value of the top bits of a hash.
use alloc::{vec, vec::Vec};

/// A hash and its number, in their order: the halves of the hash, then the number. Without gaps, as a document may have a million of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Numbered([u32; 3]);

impl Numbered {
    #[expect(clippy::cast_possible_truncation, reason = "split into its halves")]
    fn of((hash, number): (u64, u32)) -> Self {
        Self([(hash >> 32) as u32, hash as u32, number])
    }

    pub(super) fn hash(self) -> u64 {
        let Self([high, low, _]) = self;
        u64::from(high) << 32 | u64::from(low)
    }

    pub(super) const fn number(self) -> u32 {
        self.0[2]
    }
}

/// Hashes with their numbers, ascending. Each is put into its entry of the directory first, and only those of one entry are sorted.
pub(super) fn by_hash(hashes: Vec<u64>, directory_bits: u32) -> Vec<Numbered> {
    // For each entry: the place of its next hash, and in the end the place where the entry ends.
    let mut ends = vec![0_usize; (1 << directory_bits) + 1];
    for hash in &hashes {
        if let Some(count) = ends.get_mut(entry_of(*hash, directory_bits) + 1) {
            *count += 1;
        }
    }
    let mut sum = 0;
    for end in &mut ends {
        sum += *end;
        *end = sum;
    }
    let mut order = vec![Numbered::default(); hashes.len()];
    for (number, hash) in (0..).zip(hashes) {
        if let Some(next) = ends.get_mut(entry_of(hash, directory_bits)) {
            if let Some(place) = order.get_mut(*next) {
                *place = Numbered::of((hash, number));
            }
            *next += 1;
        }
    }
    let mut start = 0;
    for end in ends {
        if let Some(entry) = order.get_mut(start..end) {
            entry.sort_unstable();
        }
        start = end;
    }
    order
}

/// The entry of the directory for a hash: its top bits.
#[expect(clippy::cast_possible_truncation, reason = "a directory has far fewer than 2^32 entries")]
pub(super) fn entry_of(hash: u64, directory_bits: u32) -> usize {
    hash.checked_shr(64 - directory_bits).unwrap_or(0) as usize
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::by_hash;
    use crate::matching::seeded::Seeded;

    #[test]
    fn hashes_stand_as_sorting_puts_them() {
        let mut random = Seeded(23);
        for bits in 0..12 {
            for crowd in [1, 1 << 20, usize::MAX] {
                // A small crowd puts all hashes into one entry, some of them twice.
                let hashes: Vec<u64> = (0..random.below(3_000)).map(|_| u64::try_from(random.below(crowd)).unwrap()).collect();
                let mut sorted: Vec<(u64, u32)> = hashes.iter().copied().zip(0..).collect();
                sorted.sort_unstable();
                let found: Vec<_> = by_hash(hashes, bits).into_iter().map(|each| (each.hash(), each.number())).collect();
                assert_eq!(found, sorted);
            }
        }
    }
}
