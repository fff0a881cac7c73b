//! The words that steps and conditions are made of. Only `model` knows their layout; all other modules read [`super::step::Step`] and
//! [`super::condition::Condition`], and write through [`super::build::Builder`].
//!
//! The first word of each holds the operation in its low byte, flags in the next, and a count in the upper half. Places point into
//! the same words; 0 is no place. A condition stands before whatever refers to it.
//!
//! **Steps** of a flag follow one another; the first that answers wins, and the last is always [`Operation::Const`]. A step behind
//! [`Operation::If`] is only taken where the condition holds:
//!
//! | step | words after the first |
//! | --- | --- |
//! | `If` | (none) its upper three bytes are the condition's place |
//! | `Const` | decision; where its count is 1, compared bucket + 1 |
//! | `Prerequisite` | flag, decision if unmet, `n` numbers of the variants that meet it |
//! | `Overrides` | (none) the place of the customer's and the organization's override |
//! | `List` | attribute, decision, `n` symbols: the unit is on the list |
//! | `Draw` | attribute, parameters of the hash (4 words), `n` pairs of upper bound and decision; a bucket past the last goes on |
//!
//! **Conditions**:
//!
//! | condition | words after the first |
//! | --- | --- |
//! | `All` `Any` | `n` conditions |
//! | `Not` | condition |
//! | `Segment` | number of the segment, condition |
//! | `Percentage` | attribute, parameters of the hash (4 words), first bucket, first bucket past the end |
//! | `Exists` | attribute |
//! | `Among` `Members` | attribute, `n` symbols |
//! | `Contains` | attribute, operand, one symbol: the operand as a member of a list |
//! | `StartsWith` `EndsWith` `Semver` | attribute, operand |
//! | `Number` | attribute, double (2 words) |
//! | `Time` | attribute, double (2 words), operand as written |
//! | `Matches` | attribute, table, pattern as written |
//! | `Cidr` | attribute, operand as written, `m`, `n` pairs of IPv4 ends, `m` pairs of IPv6 ends (4 words each) |
//!
//! An operand, a table or a text as written is a place and a length in the bytes; programs leave the latter out (0, 0).
//!
//! The parameters of `sip-1` are its subkey. Other hashes may lay a prefix (place and length), a seed and a modulus there: a new one
//! takes a number in the flags, and no other format.

macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident = $number:literal),+ $(,)?) => {
        /// The operation of a step or a condition.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub(super) enum Operation {
            $($(#[$doc])* $name = $number),+
        }

        impl Operation {
            /// Every operation.
            #[cfg(test)]
            pub(super) const ALL: &[Self] = &[$(Self::$name),+];

            /// Returns true if this is the operation in the low byte of a word.
            #[inline]
            pub(super) const fn is_of(self, word: u32) -> bool {
                word & 0xFF == self as u32
            }

            /// The operation in the low byte of a word.
            #[inline]
            pub(super) const fn of(word: u32) -> Option<Self> {
                match word & 0xFF {
                    $($number => Some(Self::$name),)+
                    _ => None,
                }
            }
        }
    };
}

operations! {
    If = 1,
    Prerequisite = 2,
    Overrides = 3,
    List = 4,
    Const = 5,
    Draw = 6,
    All = 16,
    Any = 17,
    Not = 18,
    Segment = 19,
    Percentage = 20,
    Exists = 21,
    Among = 22,
    Members = 23,
    Contains = 24,
    StartsWith = 25,
    EndsWith = 26,
    Number = 27,
    Time = 28,
    Semver = 29,
    Matches = 30,
    Cidr = 31,
}

/// Flag of `Among`, `Members` and the text tests: strings compare in lower case.
pub(super) const IGNORE_CASE: u32 = 1 << 8;
/// Flag of `Among`: none may be equal, and some entry must be of the attribute's kind.
pub(super) const NONE_OF: u32 = 1 << 9;
/// Flags of `Among`: the list has strings, numbers, booleans.
pub(super) const HAS_STRINGS: u32 = 1 << 10;
pub(super) const HAS_NUMBERS: u32 = 1 << 11;
pub(super) const HAS_BOOLEANS: u32 = 1 << 12;
/// Flag of `Among`: written as `eq` or `neq`, for explanations.
pub(super) const SINGLE: u32 = 1 << 13;
/// Flag of `Among` and `Number`: text that is a decimal number counts as that number.
pub(super) const AS_NUMBER: u32 = 1 << 14;
/// Flag of `Members`: every entry has to be a member.
pub(super) const EVERY: u32 = 1 << 9;
/// Flag of `Semver`: versions are read loosely.
pub(super) const LOOSE: u32 = 1 << 14;
/// Flag of `List`: a unit on it is in, not out; for explanations.
pub(super) const ALLOW: u32 = 1 << 8;
/// Flag of `Draw`: a missing unit makes the step not apply, instead of an error.
pub(super) const CONTINUE: u32 = 1 << 15;
/// The bit at which the flags of `Draw` and `Percentage` hold the number of the hash, four bits wide.
pub(super) const HASH_SHIFT: u32 = 8;
/// The bit at which the flags of `Number`, `Time` and `Semver` hold the comparison, three bits wide.
pub(super) const COMPARISON_SHIFT: u32 = 8;

/// The place of the condition that an `If` names. A document of 8 MB compiles to far fewer than 2^24 words.
pub(super) const fn condition(word: u32) -> u32 {
    word >> 8
}

/// An `If` of this condition.
pub(super) const fn guard(condition: u32) -> u32 {
    Operation::If as u32 | condition << 8
}

/// The count of a word, at most 65,535.
pub(super) const fn count(word: u32) -> u32 {
    word >> 16
}

/// A word with a count. Lists hold 50,000 entries at most, so it fits.
#[expect(clippy::cast_possible_truncation, reason = "lists are limited to 50,000 entries")]
pub(super) const fn with_count(operation: Operation, flags: u32, count: usize) -> u32 {
    operation as u32 | flags | (count as u32) << 16
}

#[cfg(test)]
mod tests {
    use super::Operation;

    #[test]
    fn every_operation_has_a_row_in_the_tables_of_words() {
        let cells = include_str!("code.rs").lines().filter_map(|line| line.strip_prefix("//! | `")?.split(" | ").next());
        let listed: alloc::vec::Vec<&str> = cells.flat_map(|cell| cell.split([' ', '`'])).filter(|name| !name.is_empty()).collect();
        for operation in Operation::ALL {
            assert!(listed.contains(&alloc::format!("{operation:?}").as_str()), "{operation:?}");
        }
        assert_eq!(listed.len(), Operation::ALL.len(), "{listed:?}");
    }
}
