//! The comparison of both arms: is the feature the cause, or is everything failing?
//!
//! Only outcomes with an error are looked at. If errors are as frequent in both arms, an error is the treatment's with the probability of
//! the treatment's share of outcomes. Eight higher ratios are tried against that by the increments of the sequential test,
//! with the shares r·t / (r·t + c) in place of error rates.

use super::{logarithm::floor_ln, sequential::ALTERNATIVES, sums::Arms};

/// The ratios of the error rates of treatment and control that are tried, in quarters: 1.25 to 20.
const RATIOS: [u64; ALTERNATIVES] = [5, 6, 8, 12, 20, 32, 48, 80];

/// Returns true if errors are so much more frequent in the treatment that the evidence for it reaches a limit in Q32.
///
/// The treatment's share is the one that was counted, not the rollout's percentage, so an audience by lists needs no other rule. Without
/// outcomes in both arms the answer is false.
pub(super) fn treatment_is_worse(arms: Arms, limit: i64) -> bool {
    let Arms { treatment, control } = arms;
    let (share, rest) = (treatment.outcomes(), control.outcomes());
    if share == 0 || rest == 0 {
        return false;
    }
    RATIOS.into_iter().any(|ratio| {
        let (even, raised) = (4 * share + 4 * rest, ratio * share + 4 * rest);
        let of_treatment = i128::from(floor_ln(ratio * even, 4 * raised)) * i128::from(treatment.errors());
        let of_control = i128::from(floor_ln(even, raised)) * i128::from(control.errors());
        of_treatment + of_control >= i128::from(limit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::{Sums, sequential::STAGE_LIMIT};

    #[track_caller]
    fn check(treatment: (u64, u64), control: (u64, u64), expected: bool) {
        let [treatment, control] = [treatment, control].map(|(outcomes, errors)| Sums::new(outcomes, errors));
        assert_eq!(treatment_is_worse(Arms { treatment, control }, STAGE_LIMIT), expected, "{treatment:?} beside {control:?}");
    }

    /// The least number of the treatment's errors that fires, computed with Python's `decimal` from the shares and ln(3,200).
    #[test]
    fn the_boundary_is_that_of_another_implementation() {
        for (share, rest, control_errors, least) in BOUNDARY {
            check((share, least), (rest, control_errors), true);
            check((share, least - 1), (rest, control_errors), false);
        }
    }

    /// Outcomes of the treatment and of the control, errors of the control, and the least errors of the treatment.
    const BOUNDARY: [(u64, u64, u64, u64); 6] = [
        (100, 900, 1, 5),
        (100, 900, 72, 24),
        (1_000, 99_000, 4_950, 82),
        (5_000, 5_000, 50, 99),
        (5_000, 5_000, 400, 524),
        (9_000, 1_000, 80, 1_115),
    ];

    #[test]
    fn equal_rates_never_fire_at_any_share() {
        for share in [1, 100, 10_000, 500_000, 990_000] {
            for percent in [1, 5, 8, 30, 100] {
                check((share, share * percent / 100), (1_000_000 - share, (1_000_000 - share) * percent / 100), false);
            }
        }
    }

    #[test]
    fn no_control_is_no_comparison() {
        check((1_000, 1_000), (0, 0), false);
        check((0, 0), (1_000, 10), false);
    }

    #[test]
    fn the_largest_counts_are_compared() {
        check((1 << 40, 1 << 40), (1 << 40, 0), true);
        check((1 << 40, 0), (1 << 40, 1 << 40), false);
    }
}
