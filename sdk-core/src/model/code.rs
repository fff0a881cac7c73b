//! The words that steps and conditions are made of.
//!
//! The first word of each holds the operation in its low byte, flags in the next, and a small count in the upper half. Offsets
//! point into the same words; 0 is no place. A condition stands before whatever refers to it.
//!
//! **Steps** of a flag follow one another; the first that answers wins, and the last is always [`CONST`]. A step behind [`IF`]
//! is only taken where the condition holds:
//!
//! | step | words after the first |
//! | --- | --- |
//! | [`IF`] | (none) its upper three bytes are the condition's place |
//! | [`CONST`] | decision; where its count is 1, compared bucket + 1 |
//! | [`NEEDS`] | lowest number of any flag this one depends on; first, where there are prerequisites |
//! | [`PREREQUISITE`] | flag, decision if unmet, count, numbers of the variants that meet it |
//! | [`OVERRIDES`] | (none) the place of the customer's and the organization's override |
//! | [`LIST`] | attribute, decision, `n` symbols: the unit is on the list |
//! | [`DRAW`] | attribute, subkey (4 words), `n` pairs of upper bound and decision; a bucket past the last bound goes on |
//!
//! **Conditions**:
//!
//! | condition | words after the first |
//! | --- | --- |
//! | [`ALL`] [`ANY`] | count, conditions |
//! | [`NOT`] | condition |
//! | [`SEGMENT`] | number of the segment, condition |
//! | [`EXISTS`] | attribute |
//! | [`IN`] | attribute, `n` symbols |
//! | [`CONTAINS`] [`STARTS_WITH`] [`ENDS_WITH`] | attribute, operand |
//! | [`NUMBER`] [`TIME`] | attribute, double (2 words); for times also the operand as written |
//! | [`SEMVER`] | attribute, operand |
//! | [`MATCHES`] | attribute, table, pattern as written |
//! | [`CIDR`] | attribute, operand as written, count and pairs of IPv4 ends, count and pairs of IPv6 ends (4 words each) |
//!
//! An operand, a table or a text as written is a place and a length in the bytes; programs leave the latter out (0, 0).

pub(crate) const IF: u32 = 1;
pub(crate) const NEEDS: u32 = 2;
pub(crate) const PREREQUISITE: u32 = 3;
pub(crate) const OVERRIDES: u32 = 4;
pub(crate) const LIST: u32 = 5;
pub(crate) const CONST: u32 = 6;
pub(crate) const DRAW: u32 = 7;

pub(crate) const ALL: u32 = 16;
pub(crate) const ANY: u32 = 17;
pub(crate) const NOT: u32 = 18;
pub(crate) const SEGMENT: u32 = 19;
pub(crate) const EXISTS: u32 = 20;
pub(crate) const IN: u32 = 21;
pub(crate) const CONTAINS: u32 = 22;
pub(crate) const STARTS_WITH: u32 = 23;
pub(crate) const ENDS_WITH: u32 = 24;
pub(crate) const NUMBER: u32 = 25;
pub(crate) const TIME: u32 = 26;
pub(crate) const SEMVER: u32 = 27;
pub(crate) const MATCHES: u32 = 28;
pub(crate) const CIDR: u32 = 29;

/// Flag of [`IN`] and the text operators: strings compare in lower case.
pub(crate) const IGNORE_CASE: u32 = 1 << 8;
/// Flag of [`IN`]: none may be equal, and some entry must be of the attribute's kind.
pub(crate) const NONE_OF: u32 = 1 << 9;
/// Flags of [`IN`]: the list has strings, numbers, booleans.
pub(crate) const HAS_STRINGS: u32 = 1 << 10;
pub(crate) const HAS_NUMBERS: u32 = 1 << 11;
pub(crate) const HAS_BOOLEANS: u32 = 1 << 12;
/// Flag of [`IN`]: written as `eq` or `neq`, for explanations.
pub(crate) const SINGLE: u32 = 1 << 13;
/// Flag of [`LIST`]: who is on it is in, not out; for explanations.
pub(crate) const ALLOW: u32 = 1 << 8;
/// Flag of [`DRAW`]: profile `murmurhash-js`; the subkey is not read.
pub(crate) const MURMURHASH_JS: u32 = 1 << 8;

/// Comparisons of [`NUMBER`], [`TIME`] and [`SEMVER`], in the flags byte.
pub(crate) const LESS: u32 = 1 << 8;
pub(crate) const LESS_OR_EQUAL: u32 = 2 << 8;
pub(crate) const EQUAL: u32 = 3 << 8;
pub(crate) const GREATER_OR_EQUAL: u32 = 4 << 8;
pub(crate) const GREATER: u32 = 5 << 8;
pub(crate) const CARET: u32 = 6 << 8;
pub(crate) const TILDE: u32 = 7 << 8;

pub(crate) const fn operation(word: u32) -> u32 {
    word & 0xFF
}

/// The comparison in the flags byte.
pub(crate) const fn comparison(word: u32) -> u32 {
    word & 0xFF00
}

/// The place of the condition that an [`IF`] names. What a document of 8 MB compiles to is far shorter than 2^24 words.
pub(crate) const fn condition(word: u32) -> u32 {
    word >> 8
}

/// An [`IF`] of this condition.
pub(crate) const fn guard(condition: u32) -> u32 {
    IF | condition << 8
}

/// The small count of a word, at most 65,535.
pub(crate) const fn count(word: u32) -> u32 {
    word >> 16
}

/// A word with a small count. Lists hold 10,000 entries at most, so it fits.
#[expect(clippy::cast_possible_truncation, reason = "lists are limited to 10,000 entries")]
pub(crate) const fn with_count(operation_and_flags: u32, count: usize) -> u32 {
    operation_and_flags | (count as u32) << 16
}
