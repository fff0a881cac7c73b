//! Units: the text that a draw, a list or an override asks for.
use super::value::{self, Encoded, STRING};

/// An attribute's value, read as a unit.
pub(crate) enum Unit<'a> {
    /// Absent, null or the empty string.
    Missing,
    /// Neither text nor a whole number within ±(2^53 − 1).
    Unfit,
    /// Text as it is written in the context, or a whole number's decimal digits; also as an encoded string.
    Text { written: bool, encoded: &'a [u8], text: &'a [u8] },
}

/// Room for the digits of a whole number as an encoded string.
pub(crate) type Digits = [u8; 20];

impl<'a> Unit<'a> {
    /// Reads an encoded value as a unit; `None` counts as absent.
    #[inline]
    pub(crate) fn of(encoded: Option<&'a [u8]>, digits: &'a mut Digits) -> Self {
        match encoded {
            None => Self::Missing,
            // Text of at most 127 bytes is read without a loop.
            Some(encoded @ [STRING, 1..=127, text @ ..]) => Self::Text { written: true, encoded, text },
            Some(encoded) => Self::of_any(encoded, digits),
        }
    }

    #[cold]
    fn of_any(encoded: &'a [u8], digits: &'a mut Digits) -> Self {
        match value::read(encoded) {
            Some((Encoded::Null | Encoded::Text([]), _)) => Self::Missing,
            Some((Encoded::Text(text), _)) => Self::Text { written: true, encoded, text },
            Some((Encoded::Number(number), _)) => match write(number, digits) {
                Some(encoded @ [_, _, text @ ..]) => Self::Text { written: false, encoded, text },
                _ => Self::Unfit,
            },
            _ => Self::Unfit,
        }
    }

    /// The unit's text, if it is one.
    pub(crate) fn text(&self) -> Option<&'a [u8]> {
        match self {
            Self::Text { text, .. } => Some(text),
            Self::Missing | Self::Unfit => None,
        }
    }
}

/// Writes the digits of `number`; `None` if it is not whole or beyond ±(2^53 − 1).
#[expect(clippy::float_cmp, clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "whole numbers are exact")]
fn write(number: f64, digits: &mut Digits) -> Option<&[u8]> {
    // Beyond it, a double may stand for more than one whole number.
    const LIMIT: u64 = (1 << 53) - 1;
    let whole = number as i64;
    let mut rest = whole.unsigned_abs();
    if whole as f64 != number || rest > LIMIT {
        return None;
    }
    // From the end to the front: the digits, the sign, the length, the tag.
    let mut start = digits.len();
    let mut put = |byte: u8| {
        start = start.wrapping_sub(1);
        if let Some(place) = digits.get_mut(start) {
            *place = byte;
        }
        start
    };
    loop {
        let tens = rest / 10;
        let first = put(b'0' + (rest - tens * 10) as u8);
        rest = tens;
        if rest == 0 {
            let first = if whole < 0 { put(b'-') } else { first };
            put((20 - first) as u8);
            let start = put(STRING);
            return digits.get(start..);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Digits, Unit};
    use crate::context::value;
    use alloc::{
        format,
        string::{String, ToString},
        vec::Vec,
    };

    /// The text of a number as a unit, or the name of the variant that it is instead.
    fn of(number: f64) -> String {
        let (mut encoded, mut digits) = (Vec::new(), Digits::default());
        value::push_number(&mut encoded, number);
        match Unit::of(Some(&encoded), &mut digits) {
            Unit::Missing => "missing".into(),
            Unit::Unfit => "unfit".into(),
            Unit::Text { written, encoded, text } => {
                assert!(!written);
                assert_eq!(value::text(encoded), Some(text));
                String::from_utf8(text.to_vec()).unwrap()
            }
        }
    }

    #[test]
    fn whole_numbers_are_units_as_far_as_doubles_tell_them_apart() {
        const MOST: i64 = (1 << 53) - 1;
        for whole in (0..1_000).chain(MOST - 1_000..=MOST).chain((0..53).map(|shift| 1 << shift)) {
            for whole in [whole, -whole] {
                assert_eq!(of(format!("{whole}").parse().unwrap()), whole.to_string());
            }
        }
        for number in [9_007_199_254_740_992.0, -9_007_199_254_740_992.0, 1e300, 0.5, -1.5, 5e-324, 9_007_199_254_740_991.0 + 1.0] {
            assert_eq!(of(number), "unfit", "{number}");
        }
        assert_eq!(of(-0.0), "0");
    }
}
