//! Symbols: the scalars that lists hold, numbered, so that a value is hashed once and then compared as a number.
//!
//! A ruleset keeps each scalar and compares it exactly. A program keeps 64-bit fingerprints under a key of its own, so that a
//! list of ids can be asked without being read.
use super::image::Image;

/// How the symbols of some tables are recognised.
pub(crate) trait Symbols {
    /// Words of one symbol.
    const WIDTH: u32;
    /// Whether a flag of these tables may ask for overrides; a program has them settled.
    const HAVE_OVERRIDES: bool;

    /// Whether symbol `index` is the encoded scalar that has this hash.
    fn is(image: &Image, index: u32, encoded: &[u8], hash: u64) -> bool;

    /// The number of an encoded scalar, if any list holds it.
    fn find(image: &Image, encoded: &[u8]) -> Option<u32> {
        let hash = image.symbol_key().hash(encoded);
        image.symbols_near(hash).find(|index| Self::is(image, *index, encoded, hash))
    }
}

/// Symbols of a ruleset: the place of the scalar in the bytes.
pub(crate) struct Exact;

impl Symbols for Exact {
    const WIDTH: u32 = 1;
    const HAVE_OVERRIDES: bool = true;

    fn is(image: &Image, index: u32, encoded: &[u8], _hash: u64) -> bool {
        // An encoded scalar says where it ends, so a common start is equality.
        image.value(image.word(image.symbol(index, Self::WIDTH))).starts_with(encoded)
    }
}

/// Symbols of a program: the hash alone.
pub(crate) struct Fingerprints;

impl Symbols for Fingerprints {
    const WIDTH: u32 = 2;
    const HAVE_OVERRIDES: bool = false;

    fn is(image: &Image, index: u32, _encoded: &[u8], hash: u64) -> bool {
        image.wide(image.symbol(index, Self::WIDTH)) == hash
    }
}
