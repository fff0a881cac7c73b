//! The test for late regressions: a CUSUM of the increments of the sequential test.
//!
//! After many good outcomes the evidence of a stage is far below zero, and a regression would have to make up for all of them. The CUSUM
//! never goes below zero. Sums arrive without the order of their outcomes, so a sum counts as one increment, and is judged at its end. By
//! induction the value is never above the one that the outcomes would give one by one, in whatever order they came, until those fire:
//! `max(0, w + x)` is monotone in `w`, and taking the maximum after each outcome only adds. So a sum fires only if its outcomes would have
//! fired, then or before. Successes first, the order that suits single outcomes of a second, would not do: it forgets the successes of a
//! whole minute, and six errors among a thousand outcomes would fire.

use super::{
    sequential::{ALTERNATIVES, LATE_LIMIT, Sequential, added},
    sums::Arms,
};

/// The CUSUM of each alternative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Late(pub(super) [Run; ALTERNATIVES]);

/// A run of evidence: what has come together since the CUSUM was 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Run {
    /// The CUSUM in Q32: `0..=LATE_LIMIT`, at which it stays while it would exceed it.
    pub(super) evidence: i64,
    /// The outcomes of both arms since the CUSUM was 0.
    pub(super) arms: Arms,
}

impl Late {
    /// Takes outcomes in.
    pub(super) fn add(&mut self, rule: &Sequential, arms: Arms) {
        for (run, increments) in self.0.iter_mut().zip(rule.increments()) {
            let next = (i128::from(run.evidence) + added(increments, arms.treatment)).clamp(0, i128::from(LATE_LIMIT));
            run.evidence = i64::try_from(next).unwrap_or(LATE_LIMIT);
            run.arms = if run.evidence == 0 { Arms::default() } else { run.arms.and(arms) };
        }
    }

    /// The run with the most evidence; of equal ones that of the highest error rate, which is the shortest.
    fn strongest(&self) -> Run {
        self.0.into_iter().max_by_key(|run| run.evidence).unwrap_or_default()
    }

    /// The run whose evidence has reached the limit; `None` if there is none.
    pub(super) fn fired(&self) -> Option<Run> {
        let run = self.strongest();
        (run.evidence >= LATE_LIMIT).then_some(run)
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use sdk_core::stage::Rate;

    use super::*;
    use crate::guard::Sums;

    fn of_treatment(outcomes: u64, errors: u64) -> Arms {
        Arms { treatment: Sums::new(outcomes, errors), ..Arms::default() }
    }

    fn rule() -> Sequential {
        Sequential::new(Rate::millionths(50_000))
    }

    #[test]
    fn good_outcomes_leave_no_credit() {
        let (rule, mut late) = (rule(), Late::default());
        late.add(&rule, of_treatment(1_000_000, 10_000));
        assert_eq!(late, Late::default());
        // The successes of a sum count, whatever the order.
        late.add(&rule, of_treatment(1_000, 6));
        assert_eq!(late, Late::default());
        // ln(8·10^6) / ln 16 = 5.73…: six errors in a row.
        for error in 1..=6 {
            late.add(&rule, of_treatment(1, 1));
            assert_eq!(late.fired().is_some(), error == 6, "{error} errors");
        }
    }

    #[test]
    fn a_value_stays_at_its_limit() {
        let (rule, mut late) = (rule(), Late::default());
        late.add(&rule, of_treatment(1 << 40, 1 << 40));
        assert!(late.0.into_iter().all(|run| run.evidence == LATE_LIMIT));
        late.add(&rule, of_treatment(1 << 40, 0));
        assert_eq!(late, Late::default());
    }

    /// A linear congruential generator: the multiplier and the increment are Knuth's MMIX.
    fn random(seed: &mut u64) -> u64 {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *seed >> 33
    }

    #[test]
    fn a_sum_fires_only_if_its_outcomes_would_in_any_order() {
        let (rule, mut seed, mut fired) = (rule(), 7, [0, 0]);
        for _ in 0..2_000 {
            let (mut by_slot, mut one_by_one, mut has_fired) = (Late::default(), Late::default(), false);
            let percent = [3, 8, 20, 60][usize::try_from(random(&mut seed) % 4).unwrap()];
            for _ in 0..20 {
                let length = random(&mut seed) % 40;
                let outcomes: Vec<bool> = (0..length).map(|_| random(&mut seed) % 100 < percent).collect();
                for is_error in &outcomes {
                    one_by_one.add(&rule, of_treatment(1, u64::from(*is_error)));
                    has_fired |= one_by_one.fired().is_some();
                }
                let errors = outcomes.iter().filter(|is_error| **is_error).count();
                by_slot.add(&rule, of_treatment(length, u64::try_from(errors).unwrap()));
                assert!(has_fired || by_slot.0.iter().zip(one_by_one.0).all(|(slot, outcome)| slot.evidence <= outcome.evidence));
                assert!(has_fired || by_slot.fired().is_none());
            }
            fired[0] += i32::from(by_slot.fired().is_some());
            fired[1] += i32::from(has_fired);
        }
        // Both kinds of run occur, so that the comparison is of something.
        assert!(fired[0] > 100 && fired[1] < 1_900, "{fired:?}");
    }

    #[test]
    fn sums_of_one_kind_are_the_outcomes_one_by_one() {
        for (outcomes, errors) in [(30, 0), (4, 4)] {
            let third = Late([Run { evidence: LATE_LIMIT / 3, arms: of_treatment(9, 3) }; ALTERNATIVES]);
            let (rule, mut by_slot, mut one_by_one) = (rule(), third, third);
            by_slot.add(&rule, of_treatment(outcomes, errors));
            for _ in 0..outcomes {
                one_by_one.add(&rule, of_treatment(1, errors / outcomes));
            }
            assert_eq!(by_slot, one_by_one);
        }
    }

    #[test]
    fn a_run_has_the_outcomes_of_both_arms_since_the_cusum_was_zero() {
        let (rule, mut late) = (rule(), Late::default());
        let arms = |outcomes, errors, control, control_errors| Arms {
            treatment: Sums::new(outcomes, errors),
            control: Sums::new(control, control_errors),
        };
        for step in [arms(100, 1, 100, 50), arms(0, 0, 7, 7), arms(2, 2, 5, 1), arms(0, 0, 3, 0), arms(4, 4, 6, 2)] {
            late.add(&rule, step);
        }
        assert_eq!(late.fired().map(|run| run.arms), Some(arms(6, 6, 14, 3)));
        late.add(&rule, arms(1_000, 0, 1, 1));
        assert_eq!(late, Late::default());
    }
}
