//! The moments at which a comparison of `now` may change its answer.
use crate::matching::comparison::Comparison;

/// The milliseconds from which on, in either direction, doubles do not tell moments apart; no such moment is listed.
const LIMIT: f64 = 9_007_199_254_740_992.0;

/// The first milliseconds at which a comparison of `now` with a number answers otherwise than just before.
pub(super) fn of(comparison: Comparison, operand: f64) -> impl Iterator<Item = i64> {
    let within = operand.abs() < LIMIT;
    #[expect(clippy::cast_possible_truncation, reason = "within the limit")]
    let toward_zero = if within { operand as i64 } else { 0 };
    #[expect(clippy::cast_precision_loss, reason = "within the limit")]
    let back = toward_zero as f64;
    let floor = if back > operand { toward_zero - 1 } else { toward_zero };
    let is_whole = back.to_bits() == (operand + 0.0).to_bits();
    let ceiling = if is_whole { floor } else { floor + 1 };
    let moments = match comparison {
        Comparison::Less | Comparison::GreaterOrEqual => [Some(ceiling), None],
        Comparison::LessOrEqual | Comparison::Greater => [Some(floor + 1), None],
        Comparison::Equal if is_whole => [Some(floor), Some(floor + 1)],
        // No whole millisecond equals a fraction, and `now` is no version.
        Comparison::Equal | Comparison::Caret | Comparison::Tilde => [None, None],
    };
    moments.into_iter().flatten().filter(move |_| within)
}

#[cfg(test)]
mod tests {
    use super::of;
    use crate::matching::comparison::Comparison;
    use alloc::vec::Vec;

    #[test]
    fn answers_change_at_these_moments_and_at_no_other() {
        let comparisons = [Comparison::Less, Comparison::LessOrEqual, Comparison::Equal, Comparison::GreaterOrEqual, Comparison::Greater];
        for operand in [-2.5, -2.0, -0.5, 0.0, 0.5, 1.0, 1.5, 3.0] {
            for comparison in comparisons {
                let holds = |now: i32| f64::from(now).partial_cmp(&operand).is_some_and(|order| comparison.admits(order));
                let expected: Vec<i64> = (-6..6).filter(|now| holds(*now) != holds(now - 1)).map(i64::from).collect();
                assert_eq!(of(comparison, operand).collect::<Vec<_>>(), expected, "{comparison:?} {operand}");
            }
        }
    }

    #[test]
    fn moments_that_numbers_cannot_tell_apart_are_not_listed() {
        for operand in [9_007_199_254_740_992.0, -9_007_199_254_740_992.0, f64::MAX, f64::MIN] {
            assert_eq!(of(Comparison::Less, operand).count(), 0);
        }
        assert_eq!(of(Comparison::Equal, 9_007_199_254_740_991.0).count(), 2);
    }
}
