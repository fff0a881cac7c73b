//! Filters of owners: which owners of a page certainly have no row, in about ten bits an owner.
use alloc::{format, string::String, vec, vec::Vec};

use sdk_core::Subkey;

use crate::rows::{RowKey, RowKind};

/// The bits that a filter has for each key.
const BITS: usize = 10;
/// The bits that each key sets. With ten bits a key, seven leave the fewest false answers: 1 in 120 (Bloom 1970).
const PLACES: u64 = 7;
/// The bits in a word.
const WORD: usize = 64;
/// The hexadecimal digits of a word.
const DIGITS: usize = WORD / 4;

/// A Bloom filter of the keys of rows about customers and organizations.
///
/// A key that went in is always found. One that did not is found by chance, about once in 120 times.
///
/// ```
/// use control::{OwnerFilter, rows::{RowKey, RowKind}};
///
/// let filter = OwnerFilter::of(&[RowKey::of(RowKind::Customer, "acme")]);
/// assert!(filter.may_hold(&RowKey::of(RowKind::Customer, "acme")));
/// assert!(!OwnerFilter::of(&[]).may_hold(&RowKey::of(RowKind::Customer, "acme")));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerFilter(Vec<u64>);

impl OwnerFilter {
    /// The filter of these keys.
    pub fn of(keys: &[RowKey]) -> Self {
        let mut words = vec![0_u64; (keys.len() * BITS).div_ceil(WORD)];
        for key in keys {
            for (word, bit) in places(key, words.len()) {
                if let Some(word) = words.get_mut(word) {
                    *word |= bit;
                }
            }
        }
        Self(words)
    }

    /// Returns false if the key certainly did not go in.
    pub fn may_hold(&self, key: &RowKey) -> bool {
        !self.0.is_empty() && places(key, self.0.len()).all(|(word, bit)| self.0.get(word).is_some_and(|word| word & bit != 0))
    }

    /// The bytes that it takes.
    pub fn bytes(&self) -> usize {
        self.0.len() * size_of::<u64>()
    }

    /// Its words in hexadecimal digits, 16 each.
    pub fn to_hex(&self) -> String {
        let mut hex = String::with_capacity(self.0.len() * DIGITS);
        for word in &self.0 {
            hex.push_str(&format!("{word:016x}"));
        }
        hex
    }

    /// Reads what [`Self::to_hex`] writes; `None` for anything else.
    pub fn from_hex(hex: &str) -> Option<Self> {
        let is_hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if !hex.len().is_multiple_of(DIGITS) || !hex.as_bytes().iter().all(is_hex) {
            return None;
        }
        let words = hex.as_bytes().chunks(DIGITS).map(|word| u64::from_str_radix(core::str::from_utf8(word).ok()?, 16).ok());
        words.collect::<Option<Vec<_>>>().map(Self)
    }
}

/// The words and bits of a key in a filter of so many words: a walk from one half of its hash in steps of the other (Kirsch and
/// Mitzenmacher 2006).
fn places(key: &RowKey, words: usize) -> impl Iterator<Item = (usize, u64)> {
    // Hubs and isolates of different releases must agree on these.
    const KEYS: Subkey = Subkey([0x7477_696E_666C_6167, 0x6F77_6E65_7266_696C]);
    let kind = match key.kind {
        RowKind::Customer => 1,
        RowKind::Organization => 2,
        RowKind::Membership => 3,
        // Only owners' rows lie on pages.
        _ => 0,
    };
    let hash = Subkey([KEYS.0[0] ^ kind, KEYS.0[1]]).hash(key.name.as_bytes());
    let (start, step, bits) = (hash & 0xffff_ffff, hash >> 32 | 1, (words * WORD) as u64);
    (0..PLACES).map(move |place| {
        let bit = usize::try_from((start + place * step) % bits.max(1)).unwrap_or_default();
        (bit / WORD, 1 << (bit % WORD))
    })
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use super::*;

    fn keys(kind: RowKind, from: usize, count: usize) -> Vec<RowKey> {
        (from..from + count).map(|number| RowKey::of(kind, &number.to_string())).collect()
    }

    #[test]
    fn every_key_that_went_in_is_found() {
        for count in [0, 1, 2, 63, 64, 65, 1_000, 20_000] {
            let all: Vec<RowKey> =
                [RowKind::Customer, RowKind::Organization, RowKind::Membership].into_iter().flat_map(|kind| keys(kind, 0, count)).collect();
            let filter = OwnerFilter::of(&all);
            assert!(all.iter().all(|key| filter.may_hold(key)), "{count}");
            assert_eq!(OwnerFilter::from_hex(&filter.to_hex()), Some(filter));
        }
    }

    #[test]
    fn few_others_are_found() {
        // With n keys in m bits and k places a key, a filter finds others with the chance (1 - e^(-kn/m))^k: 0.8 % for 10 bits and 7 places.
        let filter = OwnerFilter::of(&keys(RowKind::Customer, 0, 10_000));
        for others in [keys(RowKind::Customer, 10_000, 100_000), keys(RowKind::Membership, 0, 100_000)] {
            let found = others.iter().filter(|key| filter.may_hold(key)).count();
            assert!((600..1_050).contains(&found), "{found} of 100,000");
        }
        assert!(keys(RowKind::Customer, 0, 100).iter().all(|key| !OwnerFilter::of(&[]).may_hold(key)));
    }

    #[test]
    fn other_texts_are_no_filters() {
        for text in ["0", "000000000000000g", "000000000000000A", "00000000000000000", "+000000000000000", "\u{e9}00000000000000"] {
            assert_eq!(OwnerFilter::from_hex(text), None, "{text}");
        }
    }
}
