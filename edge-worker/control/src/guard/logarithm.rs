//! Natural logarithms of quotients of integers, in Q32 fixed point, with a proven direction of rounding.
//!
//! The logarithm is computed in Q62. The quotient is halved until it is in (2/3, 4/3], which takes `k` halvings; then
//! ln(a/b) = k·ln 2 + 2·atanh z, with z = (a − b·2^k) / (a + b·2^k) and |z| ≤ 1/5. The series of atanh is cut after [`TERMS`] terms, which
//! leaves less than 2^-67. Each division and each shift drops less than one unit of 2^-62, and `ln 2` is written to within one, so that
//! all errors together stay below [`ERROR`] units: 2·(2·15) for the series and at most 63 for the halvings.

/// ln 2 in Q62, rounded down.
const LN_2: i128 = 3_196_577_161_300_663_914;
/// The number of terms of the series: (1/5)^31 / 31 < 2^-76, and what follows is smaller than that.
const TERMS: i128 = 15;
/// The bound of all rounding errors, in units of 2^-62.
const ERROR: i128 = 128;
/// The bits between Q62 and Q32.
const SHIFT: u32 = 30;

/// The logarithm of `a / b` in Q32, rounded down: at most one unit below the exact value's floor. Zero counts as 1.
pub(super) fn floor_ln(a: u64, b: u64) -> i64 {
    let (a, b) = (a.max(1), b.max(1));
    let exact = match a.cmp(&b) {
        core::cmp::Ordering::Equal => return 0,
        core::cmp::Ordering::Greater => of_quotient(a, b),
        core::cmp::Ordering::Less => -of_quotient(b, a),
    };
    #[expect(clippy::cast_possible_truncation, reason = "the logarithm of a quotient of 64-bit numbers is at most 45, or 38 bits in Q32")]
    let floored = ((exact - ERROR) >> SHIFT) as i64;
    floored
}

/// The logarithm of `a / b` in Q62, for `a` > `b` > 0, to within [`ERROR`] units.
fn of_quotient(a: u64, b: u64) -> i128 {
    let (a, mut b, mut halvings) = (i128::from(a), i128::from(b), 0);
    while 3 * a > 4 * b {
        b <<= 1;
        halvings += 1;
    }
    let z = ((a - b) << 62) / (a + b);
    let square = (z * z) >> 62;
    let (mut power, mut sum) = (z, 0);
    for term in 0..TERMS {
        sum += power / (2 * term + 1);
        power = (power * square) >> 62;
    }
    halvings * LN_2 + 2 * sum
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Computed with Python's `decimal` at 60 digits, rounded down.
    #[test]
    fn logarithms_are_those_of_another_implementation() {
        for (a, b, expected) in [
            (1, 1, 0),
            (2, 1, 2_977_044_471),
            (1, 2, -2_977_044_472),
            (5, 4, 958_394_255),
            (64, 4, 11_908_177_887),
            (3_750_000, 3_800_000, -56_887_816),
            (800_000, 3_800_000, -6_692_180_177),
            (1, 4_000_000, -65_291_254_968),
            (4_000_000, 3_999_999, 1_073),
            (3_999_999, 4_000_000, -1_074),
            (u64::MAX, 1, 190_530_846_196),
            (1, u64::MAX, -190_530_846_197),
        ] {
            assert_eq!(floor_ln(a, b), expected, "ln({a}/{b})");
        }
    }

    #[test]
    fn rounding_never_raises_a_sum_of_logarithms() {
        // ln(a/b) + ln(b/a) = 0, so the two floors add up to 0 or below, by two units at most.
        for a in 1..200 {
            for b in (1..4_000).step_by(37) {
                assert!((-2..=0).contains(&(floor_ln(a, b) + floor_ln(b, a))), "{a}/{b}");
            }
        }
    }

    #[test]
    fn zero_counts_as_one() {
        assert_eq!((floor_ln(0, 0), floor_ln(0, 2)), (0, floor_ln(1, 2)));
    }
}
