//! Counted outcomes, and the outcomes among them that had an error.

use serde::Serialize;

/// The most outcomes that one sum counts: 2^40. A sum that would exceed it stays as it is.
pub const MAX_OUTCOMES: u64 = 1 << 40;

/// The number of outcomes and of those with an error, which are never more.
///
/// ```
/// use control::guard::Sums;
///
/// assert_eq!(Sums::new(100, 7).successes(), 93);
/// assert_eq!(Sums::new(3, 9).errors(), 3);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sums {
    outcomes: u64,
    errors: u64,
}

impl Sums {
    /// Counts `outcomes`, at most [`MAX_OUTCOMES`], of which `errors` had an error; more errors than outcomes are taken as all of them.
    pub const fn new(outcomes: u64, errors: u64) -> Self {
        let outcomes = if outcomes > MAX_OUTCOMES { MAX_OUTCOMES } else { outcomes };
        Self { outcomes, errors: if errors > outcomes { outcomes } else { errors } }
    }

    /// The number of outcomes, `0..=MAX_OUTCOMES`.
    pub const fn outcomes(self) -> u64 {
        self.outcomes
    }

    /// The number of outcomes that had an error.
    pub const fn errors(self) -> u64 {
        self.errors
    }

    /// The number of outcomes that had none.
    pub const fn successes(self) -> u64 {
        self.outcomes - self.errors
    }

    /// Both sums together; `self` alone if they exceed [`MAX_OUTCOMES`].
    #[must_use]
    pub const fn and(self, more: Self) -> Self {
        let outcomes = self.outcomes + more.outcomes;
        if outcomes > MAX_OUTCOMES {
            return self;
        }
        Self { outcomes, errors: self.errors + more.errors }
    }
}

/// The outcomes of both arms of the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Arms {
    pub(super) treatment: Sums,
    pub(super) control: Sums,
}

impl Arms {
    pub(super) const fn and(self, more: Self) -> Self {
        Self { treatment: self.treatment.and(more.treatment), control: self.control.and(more.control) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_outcomes_and_a_full_sum_stays_as_it_is() {
        assert_eq!(Sums::new(2, u64::MAX), Sums { outcomes: 2, errors: 2 });
        let full = Sums::new(u64::MAX, 1);
        assert_eq!((full.outcomes(), full.successes()), (MAX_OUTCOMES, MAX_OUTCOMES - 1));
        assert_eq!(full.and(Sums::new(1, 1)), full);
        assert_eq!(Sums::new(5, 1).and(Sums::new(7, 2)), Sums::new(12, 3));
    }
}
