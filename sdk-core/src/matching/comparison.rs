//! Comparisons of numbers, times and versions.
use core::cmp::Ordering;

/// The relation that an attribute must have to its operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Comparison {
    Less = 1,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,
    /// The version is compatible with the operand.
    Caret,
    /// The version has the operand's major and minor number, and is not before it.
    Tilde,
}

impl Comparison {
    /// The comparison with this number; any other number gives [`Self::Tilde`].
    #[inline]
    pub(crate) const fn of(number: u32) -> Self {
        match number {
            1 => Self::Less,
            2 => Self::LessOrEqual,
            3 => Self::Equal,
            4 => Self::GreaterOrEqual,
            5 => Self::Greater,
            6 => Self::Caret,
            _ => Self::Tilde,
        }
    }

    /// Returns true if an attribute that compares so with its operand meets the comparison. Ranges of versions begin with their base.
    #[inline]
    pub(crate) const fn admits(self, order: Ordering) -> bool {
        match self {
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Equal => order.is_eq(),
            Self::GreaterOrEqual | Self::Caret | Self::Tilde => order.is_ge(),
            Self::Greater => order.is_gt(),
        }
    }
}
