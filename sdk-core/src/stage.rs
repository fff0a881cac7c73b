//! The stage of a rollout in a document's words: its status, its tier, and the guard that judges its errors.
//!
//! The compiler checks documents against these names and bounds, and the control plane writes them; they stand here alone.
use core::ops::RangeInclusive;

use crate::percentage::Percentage;

/// The largest whole number that a document may carry, 2^53: up to it a double holds every whole number exactly.
pub const MAX_WHOLE: i64 = 1 << 53;

/// The milliseconds that a guard may look back.
pub const TIME_WINDOW_MS: RangeInclusive<i64> = 1..=MAX_WHOLE;
/// The number of outcomes that a guard may wait for before it judges.
pub const MIN_SAMPLES: RangeInclusive<i64> = 0..=MAX_WHOLE;

/// Converts a number that is whole and within ±[`MAX_WHOLE`]; `None` for any other.
///
/// ```
/// use sdk_core::stage::whole;
///
/// assert_eq!((whole(3.0), whole(3.5), whole(1e300)), (Some(3), None, None));
/// ```
pub fn whole(number: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "a number out of range becomes the nearest end, which is no longer equal")]
    let whole = number as i64;
    #[expect(clippy::cast_precision_loss, clippy::float_cmp, reason = "whole numbers up to 2^53 are exact")]
    let is_same = whole as f64 == number;
    (is_same && whole.unsigned_abs() <= MAX_WHOLE.unsigned_abs()).then_some(whole)
}

/// A tier of a rollout that goes to more and more units, step by step. Source: the implementation report, "5-tier rollout system".
///
/// ```
/// use sdk_core::stage::Tier;
///
/// let tier = Tier::Internal;
/// assert_eq!((tier.number(), tier.as_str(), tier.percentage().percent()), (1, "tier_1_internal", 1.0));
/// assert_eq!((tier.next(), Tier::Full.next()), (Some(Tier::EarlyAdopters), None));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Tier 0: the rollout gives the flag to nobody.
    Disabled,
    /// Tier 1: the units of the allow list, or 1 % of units if the list is empty.
    Internal,
    /// Tier 2: 10 % of units, and the allow list.
    EarlyAdopters,
    /// Tier 3: 50 % of units, and the allow list.
    General,
    /// Tier 4: every unit.
    Full,
}

impl Tier {
    /// Every tier, from 0 to 4.
    pub const ALL: [Self; 5] = [Self::Disabled, Self::Internal, Self::EarlyAdopters, Self::General, Self::Full];

    /// The number of the tier, 0 to 4, as documents write it.
    pub const fn number(self) -> u8 {
        match self {
            Self::Disabled => 0,
            Self::Internal => 1,
            Self::EarlyAdopters => 2,
            Self::General => 3,
            Self::Full => 4,
        }
    }

    /// The tier with this number; `None` unless it is 0, 1, 2, 3 or 4.
    pub fn from_number(number: f64) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| f64::from(tier.number()).to_bits() == number.to_bits())
    }

    /// The name of the tier, as the database and the admin API write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "tier_0_disabled",
            Self::Internal => "tier_1_internal",
            Self::EarlyAdopters => "tier_2_early_adopters",
            Self::General => "tier_3_general",
            Self::Full => "tier_4_full",
        }
    }

    /// The share of units that the tier is for, unless an operator sets another percentage.
    pub const fn percentage(self) -> Percentage {
        match self {
            Self::Disabled => Percentage::buckets(0),
            Self::Internal => Percentage::buckets(1_000),
            Self::EarlyAdopters => Percentage::buckets(10_000),
            Self::General => Percentage::buckets(50_000),
            Self::Full => Percentage::FULL,
        }
    }

    /// The tier that follows; `None` for the last.
    pub fn next(self) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| *tier > self)
    }
}

/// The status of a rollout.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status {
    /// The rollout is created and has not begun: nobody has the flag by it.
    #[default]
    Planned,
    /// The rollout runs.
    Active,
    /// The rollout runs, and cannot advance until an operator resumes it.
    Paused,
    /// The rollout is done, and goes on giving the flag by its percentage; only a rollout at 100 % can be completed by a command.
    Completed,
    /// The rollout is rolled back: the flag is off for everybody.
    RolledBack,
}

impl Status {
    /// Every status, in the order of a rollout's life.
    pub const ALL: [Self; 5] = [Self::Planned, Self::Active, Self::Paused, Self::Completed, Self::RolledBack];

    /// The name of the status, as documents write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Completed => "completed",
            Self::RolledBack => "rolled_back",
        }
    }

    /// The status with this name; `None` if there is none.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Returns true if the rollout gives the flag to units, unless its tier is 0.
    pub const fn is_running(self) -> bool {
        match self {
            Self::Active | Self::Paused | Self::Completed => true,
            Self::Planned | Self::RolledBack => false,
        }
    }
}

/// The method by which a guard judges errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// Too many errors are more than the rate, counted within the window.
    Threshold,
    /// Too many errors are found by a sequential test, which is valid however often it is asked.
    Sequential,
}

impl Method {
    /// Both methods.
    pub const ALL: [Self; 2] = [Self::Threshold, Self::Sequential];

    /// The name of the method, as documents write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Threshold => "threshold",
            Self::Sequential => "sequential",
        }
    }

    /// The method with this name; `None` if there is none.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == name)
    }
}

/// A share of outcomes or units, counted in millionths: `0..=1_000_000`.
///
/// ```
/// use sdk_core::stage::Rate;
///
/// let limit = Rate::millionths(50_000);
/// assert_eq!(limit.share(), 0.05);
/// assert!(limit.compare(5, 100).is_eq() && limit.compare(51, 1_000).is_gt());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(u32);

/// The whole, in millionths.
const WHOLE: u32 = 1_000_000;

impl Rate {
    /// The nearest rate to a share of 0 to 1; `None` for any other number.
    pub fn of(share: f64) -> Option<Self> {
        if !(0.0..=1.0).contains(&share) {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 … 1000000 after the check above")]
        let millionths = (share * f64::from(WHOLE) + 0.5) as u32;
        Some(Self(millionths))
    }

    /// The rate of this many millionths; a count above 1,000,000 is taken as the whole.
    pub const fn millionths(millionths: u32) -> Self {
        Self(if millionths > WHOLE { WHOLE } else { millionths })
    }

    /// The rate as a share, 0 to 1.
    pub fn share(self) -> f64 {
        f64::from(self.0) / f64::from(WHOLE)
    }

    /// The rate in millionths, `0..=1_000_000`.
    pub const fn in_millionths(self) -> u32 {
        self.0
    }

    /// Compares the quotient of `part` and `whole` with this rate, without rounding.
    pub fn compare(self, part: u64, whole: u64) -> core::cmp::Ordering {
        (u128::from(part) * u128::from(WHOLE)).cmp(&(u128::from(whole) * u128::from(self.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_has_no_fraction_and_is_at_most_two_to_the_53() {
        for (number, expected) in [(0.0, Some(0)), (-0.0, Some(0)), (-3.0, Some(-3)), (9_007_199_254_740_992.0, Some(1 << 53))] {
            assert_eq!(whole(number), expected);
        }
        for number in [0.5, 9_007_199_254_740_994.0, 1e300, f64::NAN, f64::INFINITY] {
            assert_eq!(whole(number), None, "{number}");
        }
    }

    #[test]
    fn every_name_and_number_reads_as_what_wrote_it() {
        assert!(Status::ALL.into_iter().all(|status| Status::from_name(status.as_str()) == Some(status)));
        assert!(Method::ALL.into_iter().all(|method| Method::from_name(method.as_str()) == Some(method)));
        assert!(Tier::ALL.into_iter().all(|tier| Tier::from_number(tier.number().into()) == Some(tier)));
        assert_eq!((Tier::from_number(4.5), Tier::from_number(5.0), Tier::from_number(-1.0)), (None, None, None));
    }
}
