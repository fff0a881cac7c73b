//! Comparisons of numbers, times and versions.
use core::cmp::Ordering;

/// How an attribute has to stand to its operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(crate) enum Comparison {
    Less = 1,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,
    /// Of versions: compatible with the operand.
    Caret,
    /// Of versions: the operand's major and minor number, and not before it.
    Tilde,
}

impl Comparison {
    /// The comparison with this number; a number that is none is the last.
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

    /// Whether an attribute that stands so to its operand is let through. A range of versions begins with its base.
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
