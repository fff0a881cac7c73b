//! Percentages: shares of all units, counted in whole buckets.
use alloc::string::String;

use crate::{bucket::BUCKETS, json::canonical::write_number};

/// A share of all units, counted in buckets: `0..=BUCKETS`, a thousandth of a percent each.
///
/// ```
/// use sdk_core::Percentage;
///
/// let percentage = Percentage::of(12.5).unwrap_or_default();
/// assert_eq!((percentage.threshold(), percentage.to_text().as_str()), (12_500, "12.5"));
/// assert_eq!(Percentage::of(0.0001), None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percentage(u32);

impl Percentage {
    /// All units.
    pub const FULL: Self = Self(BUCKETS);

    /// The share of this many buckets; a count above [`BUCKETS`](crate::BUCKETS) is taken as all of them.
    pub const fn buckets(buckets: u32) -> Self {
        Self(if buckets > BUCKETS { BUCKETS } else { buckets })
    }

    /// The share of a number of percent; `None` unless it is 0 to 100 with at most three decimals.
    pub fn of(percent: f64) -> Option<Self> {
        if !(0.0..=100.0).contains(&percent) {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 … 100000 after the check above; adding a half rounds"
        )]
        let rounded = (percent * 1000.0 + 0.5) as u32;
        // A quotient of two exact whole numbers is rounded to the nearest double, and so is a literal with three decimals.
        (rounded <= BUCKETS && (f64::from(rounded) / 1000.0).to_bits() == (percent + 0.0).to_bits()).then_some(Self(rounded))
    }

    /// The share in percent, 0 to 100.
    pub fn percent(self) -> f64 {
        f64::from(self.0) / 1000.0
    }

    /// The share in percent, spelled as a JSON number.
    pub fn to_text(self) -> String {
        let mut text = String::new();
        write_number(&mut text, self.percent());
        text
    }

    /// The share in buckets, `0..=BUCKETS`: a unit is in if its bucket is below this number.
    pub fn threshold(self) -> u32 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_has_three_decimals() {
        assert_eq!(Percentage::of(12.345), Some(Percentage(12_345)));
        assert_eq!(Percentage::of(-0.0), Some(Percentage(0)));
        assert_eq!(Percentage::of(100.0), Some(Percentage(BUCKETS)));
        for not in [12.3456, -1.0, 100.001, f64::NAN] {
            assert_eq!(Percentage::of(not), None);
        }
    }
}
