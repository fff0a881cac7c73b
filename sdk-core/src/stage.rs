//! The words that a document has for a rollout: its status, its tier, and how its errors are judged.
//!
//! Documents are checked against them, and the control plane writes them: each name and each bound stands here alone.
use core::ops::RangeInclusive;

use crate::percentage::Percentage;

/// The whole numbers that a document may carry: those that every double carries exactly.
const MAX_WHOLE: i64 = 1 << 53;

/// How far back a guard looks, in milliseconds.
pub const TIME_WINDOW_MS: RangeInclusive<i64> = 1..=MAX_WHOLE;
/// How many outcomes a guard waits for.
pub const MIN_SAMPLES: RangeInclusive<i64> = 0..=MAX_WHOLE;

/// Reads a number that is whole and at most 2^53 either way.
pub fn whole(number: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "a number out of range becomes the nearest end, which is no longer equal")]
    let whole = number as i64;
    #[expect(clippy::cast_precision_loss, clippy::float_cmp, reason = "whole numbers up to 2^53 are exact")]
    let is_same = whole as f64 == number;
    (is_same && whole.unsigned_abs() <= MAX_WHOLE.unsigned_abs()).then_some(whole)
}

/// The ladder of a pilot rollout. Source: the implementation report, "5-tier rollout system".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Nobody.
    Disabled,
    /// One or two customers: the allow list where there is one, else 1 %.
    Internal,
    /// 10 %.
    EarlyAdopters,
    /// 50 %.
    General,
    /// Everybody.
    Full,
}

impl Tier {
    /// All, in their order.
    pub const ALL: [Self; 5] = [Self::Disabled, Self::Internal, Self::EarlyAdopters, Self::General, Self::Full];

    /// The number of the tier, as documents write it.
    pub const fn number(self) -> u8 {
        match self {
            Self::Disabled => 0,
            Self::Internal => 1,
            Self::EarlyAdopters => 2,
            Self::General => 3,
            Self::Full => 4,
        }
    }

    /// The tier with this number.
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

    /// The share that the ladder gives this tier.
    pub const fn percentage(self) -> Percentage {
        match self {
            Self::Disabled => Percentage::buckets(0),
            Self::Internal => Percentage::buckets(1_000),
            Self::EarlyAdopters => Percentage::buckets(10_000),
            Self::General => Percentage::buckets(50_000),
            Self::Full => Percentage::FULL,
        }
    }

    /// The tier that follows; the last has none.
    pub fn next(self) -> Option<Self> {
        Self::ALL.into_iter().find(|tier| *tier > self)
    }
}

/// The status of a rollout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Made, not begun.
    Planned,
    /// Running.
    Active,
    /// Running, and staying where it is.
    Paused,
    /// Done: everybody has it.
    Completed,
    /// Taken back: nobody has it.
    RolledBack,
}

impl Status {
    /// All, in the order of a rollout's life.
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

    /// The status with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// Whether the rollout counts, unless its tier is 0.
    pub const fn is_running(self) -> bool {
        match self {
            Self::Active | Self::Paused | Self::Completed => true,
            Self::Planned | Self::RolledBack => false,
        }
    }
}

/// How a guard judges errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The literal rule: more than the rate within the window.
    Threshold,
    /// A sequential test, valid however often one looks.
    Sequential,
}

impl Method {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Threshold, Self::Sequential];

    /// The name of the method, as documents write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Threshold => "threshold",
            Self::Sequential => "sequential",
        }
    }

    /// The method with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == name)
    }
}

/// A share in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(u32);

/// All of it, in millionths.
const WHOLE: u32 = 1_000_000;

impl Rate {
    /// Reads 0 to 1, to the nearest millionth.
    pub fn of(share: f64) -> Option<Self> {
        if !(0.0..=1.0).contains(&share) {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 … 1000000 after the check above")]
        let millionths = (share * f64::from(WHOLE) + 0.5) as u32;
        Some(Self(millionths))
    }

    /// From millionths; more than a whole is a whole.
    pub const fn millionths(millionths: u32) -> Self {
        Self(if millionths > WHOLE { WHOLE } else { millionths })
    }

    /// As people write it.
    pub fn share(self) -> f64 {
        f64::from(self.0) / f64::from(WHOLE)
    }

    /// In millionths.
    pub const fn in_millionths(self) -> u32 {
        self.0
    }

    /// Compares `part` of `whole` with this share, without rounding.
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
