//! Moments.
use alloc::{format, string::String};

use super::time::parse_millis;

const DAY_MS: i64 = 86_400_000;

/// A moment in whole milliseconds since the Unix epoch. The caller's clock tells it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub struct Millis(pub i64);

impl Millis {
    /// Reads a time as conditions read it: `2025-11-03T10:00:00Z`, with or without a fraction, or with an offset. `None` for any other
    /// text.
    pub fn from_rfc3339(text: &str) -> Option<Self> {
        parse_millis(text.as_bytes()).map(Self)
    }

    /// The moment as text in UTC, with milliseconds: `2025-11-03T10:00:00.000Z`. Outside the years 0 to 9999 the text is not RFC 3339.
    pub fn to_rfc3339(self) -> String {
        let (days, rest) = (self.0.div_euclid(DAY_MS), self.0.rem_euclid(DAY_MS));
        // Days are counted from 1 March of a year 0: leap days stand at the end, and 400 years have 146,097 days.
        let shifted = days + 719_468;
        let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day_of_year = day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let (hours, minutes, seconds, millis) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1_000 % 60, rest % 1_000);
        format!("{year:04}-{month:02}-{day_of_month:02}T{hours:02}:{minutes:02}:{seconds:02}.{millis:03}Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_another_library() {
        for step in -80_000..80_000_i64 {
            // 11 hours and some: every day of five centuries on either side, most hours, any millisecond.
            let millis = step * 39_916_801 * 5;
            let theirs = jiff::Timestamp::from_millisecond(millis).unwrap();
            let expected = theirs.strftime("%Y-%m-%dT%H:%M:%S.%3fZ");
            let text = std::format!("{expected}");
            assert_eq!(Millis(millis).to_rfc3339(), text);
            // A written year has four digits.
            if (0..=9_999).contains(&theirs.to_zoned(jiff::tz::TimeZone::UTC).year()) {
                assert_eq!(Millis::from_rfc3339(&text), Some(Millis(millis)), "{text}");
            }
        }
    }
}
