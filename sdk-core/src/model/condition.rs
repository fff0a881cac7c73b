//! Conditions of a flag's rules, decoded in place.
use super::{
    code::{self, Operation},
    image::Span,
    step,
    words::{self, Front, Run, Words},
};
use crate::{bucket::DrawHash, matching::comparison::Comparison};

/// One condition.
#[derive(Clone, Copy)]
pub(crate) enum Condition {
    /// Holds where all of these hold.
    All(Run),
    /// Holds where any of these holds.
    Any(Run),
    /// Holds where this one does not.
    Not(u32),
    /// Holds where the condition of the segment with this number holds.
    Segment { number: u32, condition: u32 },
    /// Holds where the unit's bucket is in a range.
    Percentage(Portion),
    /// Holds where an attribute passes a test.
    Test { attribute: u32, test: Test },
    /// No condition stands here; it does not hold.
    Nothing,
}

/// A range of buckets.
#[derive(Clone, Copy)]
pub(crate) struct Portion {
    /// The attribute that is the unit.
    pub(crate) attribute: u32,
    pub(crate) hash: DrawHash,
    /// The first bucket of the range, and the first one past it.
    pub(crate) from: u32,
    pub(crate) to: u32,
}

/// A test of an attribute that is present.
#[derive(Clone, Copy)]
pub(crate) enum Test {
    /// The attribute is present.
    Exists,
    /// A scalar that is, or is not, one of a list.
    Among(Among),
    /// A list that has an entry, or every entry, as a member.
    Members { symbols: Run, every: bool, ignore_case: bool },
    /// A string that has the operand in it, or a list that has it as a member.
    Contains { operand: Span, symbol: Run, ignore_case: bool },
    /// A string that begins with the operand.
    StartsWith { operand: Span, ignore_case: bool },
    /// A string that ends with the operand.
    EndsWith { operand: Span, ignore_case: bool },
    /// A number.
    Number { comparison: Comparison, operand: f64, as_number: bool },
    /// A time; the operand in milliseconds.
    Time { comparison: Comparison, operand: f64, written: Span },
    /// A version.
    Semver { comparison: Comparison, operand: Span, loose: bool },
    /// A string in which a pattern is found.
    Matches { table: Span, written: Span },
    /// An address in one of some networks: pairs of first and last address, one word each and four words each.
    Cidr { written: Span, narrow: Run, wide: Run },
}

/// A list that an attribute is compared with.
#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "options of a test, each of them free of the others")]
pub(crate) struct Among {
    /// The entries, ascending by number.
    pub(crate) symbols: Run,
    /// True if the test holds where no entry is equal.
    pub(crate) none_of: bool,
    /// The kinds of scalars among the entries.
    pub(crate) kinds: Kinds,
    pub(crate) ignore_case: bool,
    /// True if text that is a decimal number counts as that number.
    pub(crate) as_number: bool,
    /// True if the document compares with a single operand (`eq`, `neq`) and not with a list.
    pub(crate) single: bool,
}

/// Kinds of scalars.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Kinds(u32);

impl Kinds {
    pub(crate) const STRINGS: Self = Self(code::HAS_STRINGS);
    pub(crate) const NUMBERS: Self = Self(code::HAS_NUMBERS);
    pub(crate) const BOOLEANS: Self = Self(code::HAS_BOOLEANS);
    const ALL: u32 = code::HAS_STRINGS | code::HAS_NUMBERS | code::HAS_BOOLEANS;

    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn has(self, kind: Self) -> bool {
        self.0 & kind.0 != 0
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(super) fn flags(self) -> u32 {
        self.0
    }
}

impl Words<'_> {
    /// The condition at a place.
    #[inline]
    pub(crate) fn condition(self, at: u32) -> Condition {
        self.front(at).condition()
    }
}

impl Front<'_> {
    /// The operation as a condition.
    #[expect(clippy::inline_always, reason = "an enum answered through memory costs a quarter of a walk")]
    #[inline(always)]
    pub(crate) fn condition(self) -> Condition {
        let [word, first, parameters @ .., from, to] = self.words();
        let children = Run { at: self.at.wrapping_add(1), count: code::count(word) };
        match Operation::of(word) {
            Some(Operation::All) => Condition::All(children),
            Some(Operation::Any) => Condition::Any(children),
            Some(Operation::Not) => Condition::Not(first),
            Some(Operation::Segment) => Condition::Segment { number: first, condition: parameters[0] },
            Some(Operation::Percentage) => match step::hash(word, parameters) {
                Some(hash) => Condition::Percentage(Portion { attribute: first, hash, from, to }),
                None => Condition::Nothing,
            },
            Some(_) | None => match self.test() {
                Some(test) => Condition::Test { attribute: first, test },
                None => Condition::Nothing,
            },
        }
    }

    /// The operation as a test, without its attribute; `None` if it is another condition, or none.
    #[expect(clippy::inline_always, reason = "an enum answered through memory costs a quarter of a walk")]
    #[inline(always)]
    pub(crate) fn test(self) -> Option<Test> {
        let [word, _, a, b, c, d, ..] = self.words();
        let (operand, number, written) = (Span::of(a, b), f64::from_bits(words::wide(a, b)), Span::of(c, d));
        let behind = |size, count| Run { at: self.at.wrapping_add(size), count };
        let count = code::count(word);
        let ignore_case = word & code::IGNORE_CASE != 0;
        let as_number = word & code::AS_NUMBER != 0;
        let comparison = || Comparison::of(word >> code::COMPARISON_SHIFT & 7);
        Some(match Operation::of(word)? {
            Operation::Exists => Test::Exists,
            Operation::Among => Test::Among(Among {
                symbols: behind(2, count),
                none_of: word & code::NONE_OF != 0,
                kinds: Kinds(word & Kinds::ALL),
                ignore_case,
                as_number,
                single: word & code::SINGLE != 0,
            }),
            Operation::Members => Test::Members { symbols: behind(2, count), every: word & code::EVERY != 0, ignore_case },
            Operation::Contains => Test::Contains { operand, symbol: behind(4, 1), ignore_case },
            Operation::StartsWith => Test::StartsWith { operand, ignore_case },
            Operation::EndsWith => Test::EndsWith { operand, ignore_case },
            Operation::Number => Test::Number { comparison: comparison(), operand: number, as_number },
            Operation::Time => Test::Time { comparison: comparison(), operand: number, written },
            Operation::Semver => Test::Semver { comparison: comparison(), operand, loose: word & code::LOOSE != 0 },
            Operation::Matches => Test::Matches { table: operand, written },
            Operation::Cidr => {
                Test::Cidr { written: operand, narrow: behind(5, count), wide: behind(count.wrapping_mul(2).wrapping_add(5), c) }
            }
            Operation::If
            | Operation::Prerequisite
            | Operation::Overrides
            | Operation::List
            | Operation::Const
            | Operation::Draw
            | Operation::All
            | Operation::Any
            | Operation::Not
            | Operation::Segment
            | Operation::Percentage => return None,
        })
    }
}
