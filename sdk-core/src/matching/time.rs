//! Times in text: `YYYY-MM-DDThh:mm:ss`, digits of a second if there are any, and an offset.

/// Days from 0000-03-01, 400 years earlier, to 1970-01-01, in the Gregorian calendar reckoned backwards.
const DAYS_TO_EPOCH: u32 = 719_468 + 146_097;

/// Reads a time of RFC 3339 as whole milliseconds since the Unix epoch; digits past the third of a second are cut off.
///
/// A real date of the years 0001 to 9999, hours to 23, seconds to 59 (no leap second), offsets to 23:59. `T` and `Z` may be small.
pub(crate) fn parse_millis(text: &[u8]) -> Option<i64> {
    let mut rest = Rest { text, sound: true };
    let year = rest.number(4, 9999);
    rest.mark(b'-');
    let month = rest.number(2, 12);
    rest.mark(b'-');
    let day = rest.number(2, 31);
    rest.mark(b't');
    let hour = rest.number(2, 23);
    rest.mark(b':');
    let minute = rest.number(2, 59);
    rest.mark(b':');
    let second = rest.number(2, 59);
    let (mut milli, mut worth) = (0, 100);
    if rest.text.first() == Some(&b'.') {
        rest.next();
        // After a point there is at least one digit.
        loop {
            milli += rest.number(1, 9) * worth;
            worth /= 10;
            if !rest.text.first().is_some_and(u8::is_ascii_digit) {
                break;
            }
        }
    }
    let (mut offset, sign) = (0, rest.next());
    if sign != b'z' {
        rest.sound &= sign == b'+' || sign == b'-';
        offset = i64::from(rest.number(2, 23)) * 60;
        rest.mark(b':');
        offset += i64::from(rest.number(2, 59));
        if sign == b'-' {
            offset = -offset;
        }
    }
    if !rest.sound || !rest.text.is_empty() || year < 1 || month < 1 || day < 1 || day > days_of(year, month) {
        return None;
    }
    let minutes = days_since_epoch(year, month, day) * 1440 + i64::from(hour * 60 + minute) - offset;
    Some(minutes * 60_000 + i64::from(second * 1000 + milli))
}

/// Returns true if a number is a time: whole milliseconds, however many.
pub(crate) fn is_whole(number: f64) -> bool {
    // From 2^52 on every double is whole.
    const ALL_WHOLE: f64 = 4_503_599_627_370_496.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "below 2^52")]
    let truncated = number as i64 as f64;
    number.abs() >= ALL_WHOLE || truncated.to_bits() == (number + 0.0).to_bits()
}

/// The part of a time that is still to be read.
struct Rest<'a> {
    text: &'a [u8],
    /// True if every byte so far was the expected one.
    sound: bool,
}

impl Rest<'_> {
    /// The next byte, letters small.
    #[inline(never)] // for its size: it is called from several places
    fn next(&mut self) -> u8 {
        match self.text.split_first() {
            Some((first, rest)) => {
                self.text = rest;
                first.to_ascii_lowercase()
            }
            None => 0,
        }
    }

    #[inline(never)] // for its size: it is called from several places
    fn mark(&mut self, expected: u8) {
        self.sound &= self.next() == expected;
    }

    #[inline(never)] // for its size: it is called from several places
    fn number(&mut self, digits: u32, most: u32) -> u32 {
        let mut number = 0;
        for _ in 0..digits {
            let digit = u32::from(self.next()).wrapping_sub(u32::from(b'0'));
            self.sound &= digit < 10;
            number = number * 10 + digit % 16;
        }
        self.sound &= number <= most;
        number
    }
}

fn days_of(year: u32, month: u32) -> u32 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    // Odd months up to July have 31 days, and even ones from August on.
    if month == 2 { 28 + u32::from(is_leap) } else { 30 + ((month + month / 8) & 1) }
}

/// Counts in years that begin in March, so that a leap day is the last of its year, and from 400 years earlier, so that none is negative.
fn days_since_epoch(year: u32, month: u32, day: u32) -> i64 {
    let (year, month) = if month > 2 { (year + 400, month - 3) } else { (year + 399, month + 9) };
    // From March on the months have 31, 30, 31, 30, 31 days, over and over: 153 in five.
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    i64::from(365 * year + year / 4 - year / 100 + year / 400 + day_of_year) - i64::from(DAYS_TO_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::{days_of, parse_millis};
    use crate::matching::seeded::Seeded;
    use alloc::format;
    use alloc::string::String;

    #[track_caller]
    fn check(text: &str, expected: Option<i64>) {
        assert_eq!(parse_millis(text.as_bytes()), expected, "{text}");
    }

    #[test]
    fn times_beside_the_epoch_and_with_offsets_are_read() {
        check("1970-01-01T00:00:00Z", Some(0));
        check("1970-01-01t00:00:00.001z", Some(1));
        check("1969-12-31T23:59:59.999Z", Some(-1));
        check("1970-01-01T01:00:00+01:00", Some(0));
        check("1969-12-31T19:30:00-04:30", Some(0));
        check("1970-01-01T00:00:00-00:00", Some(0));
        check("2000-03-01T00:00:00Z", Some(951_868_800_000));
        check("2001-09-09T01:46:40Z", Some(1_000_000_000_000));
    }

    #[test]
    fn digits_past_the_third_are_cut() {
        check("1970-01-01T00:00:00.1Z", Some(100));
        check("1970-01-01T00:00:00.12Z", Some(120));
        check("1970-01-01T00:00:00.1239Z", Some(123));
        check("1970-01-01T00:00:00.99999999999999999999999999999999Z", Some(999));
        check("1969-12-31T23:59:59.9999Z", Some(-1));
    }

    #[test]
    fn the_first_and_the_last_times_that_can_be_written_are_read() {
        check("0001-01-01T00:00:00Z", Some(-62_135_596_800_000));
        check("0001-01-01T00:00:00+23:59", Some(-62_135_596_800_000 - 86_340_000));
        check("0000-12-31T23:59:59Z", None);
        check("0000-12-31T23:59:59-23:59", None);
        check("9999-12-31T23:59:59.999Z", Some(253_402_300_799_999));
        check("9999-12-31T23:59:59.999-23:59", Some(253_402_300_799_999 + 86_340_000));
    }

    #[test]
    fn anything_else_is_no_time() {
        let refused = [
            "",
            "1970-01-01",
            "1970-01-01T00:00:00",
            "1970-01-01 00:00:00Z",
            "1970-01-01T00:00Z",
            "1970-01-01T24:00:00Z",
            "1970-01-01T00:60:00Z",
            "1970-01-01T00:00:60Z",
            "2016-12-31T23:59:60Z",
            "1970-00-01T00:00:00Z",
            "1970-13-01T00:00:00Z",
            "1970-01-00T00:00:00Z",
            "1970-01-32T00:00:00Z",
            "1970-04-31T00:00:00Z",
            "1900-02-29T00:00:00Z",
            "2001-02-29T00:00:00Z",
            "2000-02-30T00:00:00Z",
            "1970-01-01T00:00:00.Z",
            "1970-01-01T00:00:00,1Z",
            "1970-01-01T00:00:00.1",
            "1970-01-01T00:00:00+24:00",
            "1970-01-01T00:00:00+00:60",
            "1970-01-01T00:00:00+0000",
            "1970-01-01T00:00:00+00",
            "1970-01-01T00:00:00ZZ",
            "1970-01-01T00:00:00Z ",
            " 1970-01-01T00:00:00Z",
            "+1970-01-01T00:00:00Z",
            "-0001-01-01T00:00:00Z",
            "19700-01-01T00:00:00Z",
            "70-01-01T00:00:00Z",
            "1970-1-01T00:00:00Z",
            "1970-01-01T00:00:00\u{2212}01:00",
            "1970-01-01T00:00:00.1.2Z",
            "１970-01-01T00:00:00Z",
        ];
        for text in refused {
            check(text, None);
        }
        for text in ["1600-02-29T00:00:00Z", "2000-02-29T00:00:00Z", "2024-02-29T00:00:00Z", "0004-02-29T00:00:00Z"] {
            assert!(parse_millis(text.as_bytes()).is_some(), "{text}");
        }
    }

    #[test]
    fn every_day_is_one_after_the_day_before() {
        let mut expected = -62_135_596_800_000;
        for year in 1..=9999 {
            for month in 1..=12 {
                for day in 1..=days_of(year, month) {
                    check(&format!("{year:04}-{month:02}-{day:02}T00:00:00Z"), Some(expected));
                    expected += 86_400_000;
                }
            }
        }
        assert_eq!(expected, 253_402_300_800_000);
    }

    /// jiff reads more than this grammar (dates alone, spaces, second 60), so that it judges only the texts that are accepted here.
    #[test]
    fn accepted_times_are_the_moments_that_jiff_reads() {
        let mut random = Seeded(3);
        let mut accepted = 0;
        for _ in 0..100_000 {
            let mut text = some(&mut random).into_bytes();
            if random.one_in(4) {
                random.mutate(&mut text, b"0123456789:-+.TZtz ");
            }
            let text = String::from_utf8(text).unwrap();
            let Some(ours) = parse_millis(text.as_bytes()) else { continue };
            accepted += 1;
            // jiff rounds nothing but takes nine digits at most.
            let at = text.find('.').map_or(text.len(), |point| point + 1);
            let digits = text[at..].bytes().take_while(u8::is_ascii_digit).count();
            let cut = format!("{}{}", &text[..at + digits.min(3)], &text[at + digits..]);
            match cut.parse::<jiff::Timestamp>() {
                Ok(theirs) => assert_eq!(ours, theirs.as_millisecond(), "{text}"),
                Err(error) => assert!(ours > 253_402_207_200_000, "{text}: {error}"),
            }
        }
        assert!(accepted > 20_000, "{accepted}");
    }

    fn some(random: &mut Seeded) -> String {
        let year = if random.one_in(2) { random.below(10_000) } else { [0, 4, 100, 400, 1900, 1970, 2000, 2024, 9999][random.below(9)] };
        let date = format!("{year:04}-{:02}-{:02}", 1 + random.below(12), 1 + random.below(31));
        let time = format!("{:02}:{:02}:{:02}", random.below(25), random.below(61), random.below(61));
        let fraction = random.pick(&["", "", ".0", ".5", ".25", ".999", ".0009", ".123456789", ".9999999999999"]);
        let offset = match random.below(4) {
            0 => String::from("Z"),
            1 => String::from("z"),
            _ => format!("{}{:02}:{:02}", random.pick(&["+", "-"]), random.below(25), random.below(60)),
        };
        format!("{date}{}{time}{fraction}{offset}", random.pick(&["T", "t"]))
    }
}
