//! Percentages: shares of all units, in whole buckets.
use alloc::string::String;

use crate::{bucket::BUCKETS, json::canonical::write_number};

/// A share of all units in buckets, `0..=BUCKETS`: thousandths of a percent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percentage(u32);

impl Percentage {
    /// All units.
    pub const FULL: Self = Self(BUCKETS);

    /// From buckets; more than all are all.
    pub const fn buckets(buckets: u32) -> Self {
        Self(if buckets > BUCKETS { BUCKETS } else { buckets })
    }

    /// Reads 0 to 100 with at most three decimals.
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
        // A quotient of whole numbers is the double nearest to it, and so is the percentage if it has three decimals.
        (rounded <= BUCKETS && (f64::from(rounded) / 1000.0).to_bits() == (percent + 0.0).to_bits()).then_some(Self(rounded))
    }

    /// As people write it.
    pub fn percent(self) -> f64 {
        f64::from(self.0) / 1000.0
    }

    /// The same, spelled as JSON does.
    pub fn to_text(self) -> String {
        let mut text = String::new();
        write_number(&mut text, self.percent());
        text
    }

    /// Units in buckets below this are in.
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
