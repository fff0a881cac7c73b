//! Units: the text that a draw, a list or an override asks for.
use crate::value::{self, Encoded, STRING};

/// What an attribute is as a unit.
pub(crate) enum Unit<'a> {
    /// Absent, null or the empty string.
    Missing,
    /// Neither text nor a whole number of at most 2^53.
    Unfit,
    /// Text: the encoded string it is, and what stands in it.
    Text(&'a [u8], &'a [u8]),
    /// A whole number's decimal digits.
    Digits(Digits),
}

/// The digits of a whole number, laid out as an encoded string.
pub(crate) struct Digits {
    bytes: [u8; 20],
    start: usize,
}

impl<'a> Unit<'a> {
    /// Judges one encoded value.
    pub(crate) fn of(encoded: Option<&'a [u8]>) -> Self {
        let Some(encoded) = encoded else { return Self::Missing };
        // Nearly every unit is short text; its length is one byte.
        if let [STRING, 1..=127, text @ ..] = encoded {
            return Self::Text(encoded, text);
        }
        match value::read(encoded) {
            Some((Encoded::Null, _)) => Self::Missing,
            Some((Encoded::Text(text), _)) => {
                if text.is_empty() {
                    Self::Missing
                } else {
                    Self::Text(encoded, text)
                }
            }
            Some((Encoded::Number(number), _)) => Digits::of(number).map_or(Self::Unfit, Self::Digits),
            _ => Self::Unfit,
        }
    }

    /// The unit as an encoded string, if it is one.
    pub(crate) fn encoded(&self) -> Option<&[u8]> {
        match self {
            Self::Text(encoded, _) => Some(encoded),
            Self::Digits(digits) => digits.bytes.get(digits.start..),
            Self::Missing | Self::Unfit => None,
        }
    }

    /// The unit's text, if it is one.
    pub(crate) fn text(&self) -> Option<&[u8]> {
        match self {
            Self::Text(_, text) => Some(text),
            _ => self.encoded().and_then(value::text),
        }
    }
}

impl Digits {
    /// The digits of `number`; `None` where it is not whole or past ±2^53.
    #[expect(clippy::float_cmp, clippy::cast_precision_loss, clippy::cast_possible_truncation, reason = "whole numbers are exact")]
    pub(crate) fn of(number: f64) -> Option<Self> {
        const LIMIT: i64 = 1 << 53;
        let whole = number as i64;
        if whole as f64 != number || !(-LIMIT..=LIMIT).contains(&whole) {
            return None;
        }
        let mut digits = Self { bytes: [0; 20], start: 20 };
        let mut rest = whole.unsigned_abs();
        while rest > 0 || digits.start == 20 {
            digits.put(b'0' + (rest % 10) as u8);
            rest /= 10;
        }
        if whole < 0 {
            digits.put(b'-');
        }
        digits.put((20 - digits.start) as u8);
        digits.put(STRING);
        Some(digits)
    }

    fn put(&mut self, byte: u8) {
        self.start = self.start.saturating_sub(1);
        if let Some(place) = self.bytes.get_mut(self.start) {
            *place = byte;
        }
    }
}
