//! Symbols: the scalars that lists hold, numbered, so that a value is hashed once and then compared as a number.
//!
//! A ruleset keeps each scalar and compares it exactly. A program keeps 64-bit fingerprints under a key of its own, so that a
//! list of ids can be asked without being read.
use super::image::{Head, Image};
use crate::context::value;

/// The way in which tables recognise a scalar as one of their symbols.
pub(crate) trait Symbols {
    /// Words of one symbol beside the bytes.
    const WIDTH: u32;
    /// True if a flag of these tables may ask for overrides; a program has them settled.
    const HAVE_OVERRIDES: bool;
    /// True if a symbol can be compared with a scalar without hashing it.
    const READABLE: bool;

    /// The number of an encoded scalar, if any list holds it.
    fn find(image: &Image, encoded: &[u8]) -> Option<u32>;

    /// Returns true if symbol `number` is this encoded scalar; `false` if symbols are not readable.
    fn is(_image: &Image, _number: u32, _encoded: &[u8]) -> bool {
        false
    }
}

/// Symbols of a ruleset: the scalars themselves, one after the other; a symbol's number is where its scalar stands in the bytes.
pub(crate) struct Exact;

impl Symbols for Exact {
    const WIDTH: u32 = 0;
    const HAVE_OVERRIDES: bool = true;
    const READABLE: bool = true;

    fn find(image: &Image, encoded: &[u8]) -> Option<u32> {
        let near = image.symbols_near(image.symbol_key().hash(encoded));
        let mut rest = image.value(near.start).get(..near.len())?;
        while !rest.is_empty() {
            if starts_with(rest, encoded) {
                return near.end.checked_sub(u32::try_from(rest.len()).ok()?);
            }
            (_, rest) = value::split(rest)?;
        }
        None
    }

    fn is(image: &Image, number: u32, encoded: &[u8]) -> bool {
        starts_with(image.value(number), encoded)
    }
}

/// Returns true if the first scalar is this one: an encoded scalar says where it ends, so a common start is equality. Ids differ most at
/// their end, so that is looked at first.
fn starts_with(scalars: &[u8], encoded: &[u8]) -> bool {
    scalars.get(encoded.len().wrapping_sub(1)) == encoded.last() && scalars.starts_with(encoded)
}

/// Symbols of a program: their hashes alone.
pub(crate) struct Fingerprints;

impl Symbols for Fingerprints {
    const WIDTH: u32 = 2;
    const HAVE_OVERRIDES: bool = false;
    const READABLE: bool = false;

    fn find(image: &Image, encoded: &[u8]) -> Option<u32> {
        let hash = image.symbol_key().hash(encoded);
        let near = image.symbols_near(hash);
        // The directory of forged tables may name more symbols than there are.
        (near.start..near.end.min(image.head(Head::Symbols))).find(|number| image.fingerprint(*number) == hash)
    }
}
