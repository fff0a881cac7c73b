//! Decimal numbers in text, as conditions with `"as": "number"` read them.

use super::text::cut;

/// The most digits after the point, zeros at the end included.
const MAX_FRACTION: usize = 15;

/// The least number of 15 significant digits: one more digit would be the sixteenth.
const LEAST_OF_15_DIGITS: f64 = 1e14;

/// Reads `-?digits(.digits)?` as its nearest double, never -0.
///
/// `None` past 15 digits after the point or 15 significant digits. Zeros at the front, and at the end of a fraction, are not
/// significant.
///
/// The digits make a whole number below 10^15, and the divisor is a power of ten up to 10^15. Doubles hold both exactly, so that
/// the only rounding is that of the division, which is to the nearest.
pub(crate) fn parse(text: &[u8]) -> Option<f64> {
    let (is_negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    let (whole, fraction) = cut(text, b'.');
    if whole.is_empty() || fraction.is_some_and(|digits| digits.is_empty() || digits.len() > MAX_FRACTION) {
        return None;
    }
    let mut digits = text;
    while let ([rest @ .., b'0'], Some(_)) = (digits, fraction) {
        digits = rest;
    }
    let (mut mantissa, mut divisor, mut worth) = (0.0, 1.0, 1.0);
    for (place, byte) in digits.iter().enumerate() {
        if place == whole.len() {
            // The point.
            worth = 10.0;
            continue;
        }
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 || mantissa >= LEAST_OF_15_DIGITS {
            return None;
        }
        mantissa = mantissa * 10.0 + f64::from(digit);
        divisor *= worth;
    }
    let number = mantissa / divisor;
    // A difference from 0 is never -0.
    Some(if is_negative { 0.0 - number } else { number })
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::matching::seeded::Seeded;
    use alloc::format;
    use alloc::string::String;

    /// The standard library rounds to the nearest double; the digits are counted in the text.
    fn theirs(text: &str, form: &regex::Regex) -> Option<f64> {
        let parts = form.captures(text)?;
        let (whole, fraction) = (&parts[1], parts.get(2).map_or("", |fraction| fraction.as_str()));
        let digits = format!("{whole}{}", fraction.trim_end_matches('0'));
        let is_sound = fraction.len() <= 15 && digits.trim_start_matches('0').len() <= 15;
        is_sound.then(|| text.parse::<f64>().unwrap() + 0.0)
    }

    fn form() -> regex::Regex {
        regex::Regex::new(r"\A-?([0-9]+)(?:\.([0-9]+))?\z").unwrap()
    }

    /// Compares the bits of doubles, so that -0 is not 0.
    #[track_caller]
    fn check(text: &str, expected: Option<f64>) {
        assert_eq!(parse(text.as_bytes()).map(f64::to_bits), expected.map(f64::to_bits), "{text}");
    }

    #[test]
    fn digits_that_are_not_significant_do_not_count() {
        let form = form();
        let accepted = [
            "0",
            "7",
            "-7",
            "0.1",
            "-0.3",
            "007",
            "-00.50",
            "3.0",
            "999999999999999",
            "-999999999999999",
            "100000000000000",
            "000000000000000000999999999999999",
            "999999999999999.000000000000000",
            "99999999999999.9",
            "9.99999999999999",
            "0.999999999999999",
            "0.000000000000001",
            "1.000000000000000",
            "0.100000000000000",
            "00000000000000000000.000000000000001",
            "123456789012345.0",
            "10.5000000000000",
        ];
        for text in accepted {
            let expected = theirs(text, &form);
            assert!(expected.is_some(), "{text}");
            check(text, expected);
        }
    }

    #[test]
    fn too_many_digits_are_no_number() {
        let refused = [
            "1000000000000000",
            "-1000000000000000",
            "1234567890123456",
            "100000000000000.1",
            "999999999999999.9",
            "9.999999999999999",
            "1.000000000000001",
            "10.00000000000001",
            "0.0000000000000001",
            "0.0000000000000000",
            "1.0000000000000000",
            "0.1000000000000000",
            "1000000000000000.0",
        ];
        let form = form();
        for text in refused {
            assert_eq!(theirs(text, &form), None, "{text}");
            check(text, None);
        }
    }

    #[test]
    fn zero_has_no_sign() {
        for text in ["0", "-0", "-0.0", "-000", "-0.000000000000000"] {
            check(text, Some(0.0));
        }
    }

    #[test]
    fn anything_else_is_no_number() {
        let refused = [
            "", "-", ".", "-.", "1.", ".5", "-.5", "-1.", "+1", "--1", "1-", "1..2", "1.2.3", "1.2.0", "1.x0", "1e5", "1E5", "0x10", "1,5",
            " 1", "1 ", "1\n", "1_000", "NaN", "Infinity", "inf", "\u{661}", "１", "1.-5", "/", ":",
        ];
        for text in refused {
            check(text, None);
        }
        check("1.5\0", None);
        assert_eq!(parse(&[0xff]), None);
    }

    #[test]
    fn a_million_leading_zeros_are_read() {
        let zeros = "0".repeat(1_000_000);
        check(&format!("{zeros}12.5"), Some(12.5));
        check(&format!("-{zeros}"), Some(0.0));
        check(&format!("{zeros}1000000000000000"), None);
        check(&format!("1.{zeros}"), None);
        check(&format!("1{zeros}"), None);
    }

    #[test]
    fn doubles_are_those_of_the_standard_library() {
        let (form, mut random) = (form(), Seeded(7));
        let (mut accepted, mut refused) = (0, 0);
        for _ in 0..300_000 {
            let mut text = some(&mut random).into_bytes();
            if random.one_in(4) {
                random.mutate(&mut text, b"0000123456789..-+e");
            }
            let text = String::from_utf8(text).unwrap();
            let expected = theirs(&text, &form);
            check(&text, expected);
            *if expected.is_some() { &mut accepted } else { &mut refused } += 1;
        }
        assert!(accepted > 100_000 && refused > 30_000, "{accepted} {refused}");
    }

    /// Up to 17 digits, zeros before and behind them, and a point somewhere or nowhere.
    fn some(random: &mut Seeded) -> String {
        let zeros = |random: &mut Seeded| "0".repeat([0, 0, 0, 1, 2, 15][random.below(6)]);
        let most = 10_u64.pow(u32::try_from(random.below(18)).unwrap());
        let (before, behind) = (zeros(random), zeros(random));
        let mut text = format!("{before}{}{behind}", random.next() % most);
        if random.one_in(2) {
            let at = text.len() - random.below(text.len().min(18));
            text.insert(at, '.');
        }
        format!("{}{text}", random.pick(&["", "-"]))
    }
}
