//! The sequential test: evidence that the error rate of a stage is above the limit, valid however often it is asked for.
//!
//! Against the limit p0, eight error rates q = m·p0 are tried. An outcome with an error adds ln(q/p0) to the evidence for q, one without
//! adds ln((1 − q)/(1 − p0)). While the true rate is at or below p0, the exponential of each evidence is a supermartingale that starts at 1,
//! so by Ville's inequality the largest of the eight ever reaches ln(8/α) with a probability of at most α. Errors need not be independent,
//! only their rate given the past be at most p0.

use sdk_core::stage::{Method, Rate};

use super::{logarithm::floor_ln, sums::Sums};
use crate::lifecycle::Guard;

/// The number of error rates that are tried.
pub(super) const ALTERNATIVES: usize = 8;
/// The error rates that are tried, as multiples of the limit, in quarters: 1.25 to 16.
const MULTIPLES: [u32; ALTERNATIVES] = [5, 6, 8, 12, 20, 32, 48, 64];
/// ln(8 / 0.0025) in Q32, rounded up: a stage within its limit is rolled back with a probability of at most 0.25 %.
pub(super) const STAGE_LIMIT: i64 = 34_664_277_701;
/// ln(8 · 10^6) in Q32, rounded up: the limit of the test for late regressions, one false alarm in about 10^6 outcomes.
pub(super) const LATE_LIMIT: i64 = 68_268_299_440;
/// The whole of a rate, in quarters of millionths.
const WHOLE: u32 = 4_000_000;

/// The increments of evidence against one limit, in Q32 and rounded down.
///
/// A limit of 0 is exceeded by the first error. Against a limit of 80 % or more no alternative is left, and the evidence stays 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sequential {
    tried: usize,
    error: [i64; ALTERNATIVES],
    success: [i64; ALTERNATIVES],
}

impl Sequential {
    /// The increments against a limit.
    pub fn new(limit: Rate) -> Self {
        let mut made = Self { tried: 0, error: [0; ALTERNATIVES], success: [0; ALTERNATIVES] };
        let limit = limit.in_millionths();
        if limit == 0 {
            made.tried = 1;
            made.error = [LATE_LIMIT; ALTERNATIVES];
            return made;
        }
        for (at, multiple) in MULTIPLES.into_iter().enumerate() {
            let without_error = WHOLE.saturating_sub(multiple * limit);
            if without_error == 0 {
                break;
            }
            made.error[at] = floor_ln(multiple.into(), 4);
            made.success[at] = floor_ln(without_error.into(), (WHOLE - 4 * limit).into());
            made.tried = at + 1;
        }
        made
    }

    /// The increments of each alternative: of an error, and of an outcome without one.
    pub fn increments(&self) -> impl Iterator<Item = (i64, i64)> {
        self.error.into_iter().zip(self.success).take(self.tried)
    }

    /// The evidence that the rate is above the limit, in Q32: the largest of all alternatives, 0 if none is positive.
    pub fn evidence(&self, sums: Sums) -> i128 {
        self.increments().map(|increments| added(increments, sums)).fold(0, i128::max)
    }

    /// Returns true if the counts of a stage roll it back.
    pub fn fires(&self, sums: Sums) -> bool {
        self.evidence(sums) >= i128::from(STAGE_LIMIT)
    }
}

/// The evidence that outcomes add, in Q32. It fits: 2^40 outcomes of at most 2^36 each, and of any 64-bit count.
pub(super) fn added((error, success): (i64, i64), sums: Sums) -> i128 {
    i128::from(error) * i128::from(sums.errors()) + i128::from(success) * i128::from(sums.successes())
}

/// The fewest errors among `outcomes` at which the guard would roll a stage back, for a screen: "rolls back at 47 of 500".
///
/// `None` if no number of errors would: below the guard's least number of outcomes, or at limits that cannot be exceeded. The other
/// conditions of a rollback are left out, such as the rate of the last hour.
pub fn next_firing(guard: &Guard, outcomes: u64) -> Option<u64> {
    let outcomes = Sums::new(outcomes, 0).outcomes();
    if outcomes < guard.min_samples.max(1) {
        return None;
    }
    match guard.method {
        Method::Threshold => least(outcomes, |errors| guard.error_rate.compare(errors, outcomes).is_gt()),
        Method::Sequential => {
            let rule = Sequential::new(guard.error_rate);
            least(outcomes, |errors| rule.fires(Sums::new(outcomes, errors)))
        }
    }
}

/// The least number up to `most` that fulfils a condition, which every larger one then fulfils, too.
fn least(most: u64, is_enough: impl Fn(u64) -> bool) -> Option<u64> {
    let (mut low, mut high) = (0, most);
    while low < high {
        let middle = low + (high - low) / 2;
        if is_enough(middle) { high = middle } else { low = middle + 1 }
    }
    is_enough(low).then_some(low)
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use crate::guard::MAX_OUTCOMES;

    const FIVE_PERCENT: Rate = Rate::millionths(50_000);
    const GUARD: Guard = Guard { method: Method::Sequential, error_rate: FIVE_PERCENT, time_window_ms: 3_600_000, min_samples: 0 };

    /// Computed with Python's `decimal` at 60 digits: logarithms floored, limits ceiled.
    #[test]
    fn the_constants_at_five_percent_are_those_of_another_implementation() {
        let (errors, successes): (Vec<i64>, Vec<i64>) = Sequential::new(FIVE_PERCENT).increments().unzip();
        assert_eq!(
            errors,
            [958_394_255, 1_741_459_378, 2_977_044_471, 4_718_503_850, 6_912_483_198, 8_931_133_415, 10_672_592_794, 11_908_177_887]
        );
        assert_eq!(
            successes,
            [-56_887_816, -114_539_250, -232_216_948, -477_710_466, -1_015_282_071, -1_973_676_327, -3_715_135_706, -6_692_180_177]
        );
        assert_eq!([STAGE_LIMIT, LATE_LIMIT], [-floor_ln(1, 3_200), -floor_ln(1, 8_000_000)]);
    }

    /// The table was simulated and published with the design of the rule, by an implementation in Python.
    #[test]
    fn the_boundary_is_the_published_one() {
        for (outcomes, errors) in [(5, 4), (10, 5), (20, 7), (50, 11), (100, 16), (500, 47), (1_000, 81), (5_000, 315)] {
            assert_eq!(next_firing(&GUARD, outcomes), Some(errors), "of {outcomes}");
        }
        assert_eq!([0, 1, 2].map(|outcomes| next_firing(&GUARD, outcomes)), [None; 3]);
    }

    #[test]
    fn a_screen_names_no_number_below_the_least_outcomes() {
        let guard = Guard { min_samples: 20, ..GUARD };
        assert_eq!([19, 20].map(|outcomes| next_firing(&guard, outcomes)), [None, Some(7)]);
        let literal = Guard { method: Method::Threshold, min_samples: 20, ..GUARD };
        // Exactly 5 % holds: 1 of 20, 5 of 100.
        assert_eq!([19, 20, 100, 101].map(|outcomes| next_firing(&literal, outcomes)), [None, Some(2), Some(6), Some(6)]);
        let never = Guard { method: Method::Threshold, error_rate: Rate::millionths(1_000_000), ..GUARD };
        assert_eq!(next_firing(&never, 1_000), None);
    }

    #[test]
    fn only_rates_below_one_are_tried() {
        for (limit, tried) in [(1, 8), (62_499, 8), (62_500, 7), (499_999, 3), (500_000, 2), (799_999, 1), (800_000, 0), (1_000_000, 0)] {
            assert_eq!(Sequential::new(Rate::millionths(limit)).increments().count(), tried, "{limit}");
        }
        assert!(!Sequential::new(Rate::millionths(800_000)).fires(Sums::new(MAX_OUTCOMES, MAX_OUTCOMES)));
    }

    #[test]
    fn one_error_exceeds_a_limit_of_zero() {
        let rule = Sequential::new(Rate::millionths(0));
        assert!(rule.fires(Sums::new(1_000_000, 1)) && !rule.fires(Sums::new(1_000_000, 0)));
    }

    #[test]
    fn no_outcomes_within_the_limit_fire_however_many() {
        for outcomes in (0..=40).map(|bits| 1_u64 << bits) {
            for limit in [1, 10_000, 50_000, 500_000] {
                let within = u64::try_from(u128::from(outcomes) * limit / 1_000_000).unwrap();
                let rule = Sequential::new(Rate::millionths(u32::try_from(limit).unwrap()));
                assert!(!rule.fires(Sums::new(outcomes, within)), "{within} of {outcomes} at {limit}");
            }
        }
        assert!(Sequential::new(FIVE_PERCENT).fires(Sums::new(MAX_OUTCOMES, MAX_OUTCOMES / 10)));
    }

    #[test]
    fn one_more_error_is_more_evidence_and_one_more_success_less() {
        let rule = Sequential::new(FIVE_PERCENT);
        for outcomes in 1..300 {
            for errors in 0..outcomes {
                let evidence = rule.evidence(Sums::new(outcomes, errors));
                assert!(rule.evidence(Sums::new(outcomes, errors + 1)) >= evidence);
                assert!(rule.evidence(Sums::new(outcomes + 1, errors)) <= evidence);
            }
        }
    }
}
