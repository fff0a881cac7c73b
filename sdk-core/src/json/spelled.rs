//! Strings as JSON spells them: with escapes, and with surrogates that may stand alone.
use alloc::{borrow::Cow, string::String, vec::Vec};
use core::cmp::Ordering;

use super::{cursor::Fault, tape::word};

/// A string as it stands between its quotes; its escapes are well formed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spelled<'t> {
    /// The characters between the quotes.
    pub(super) text: &'t str,
    /// Set if one of them is a backslash.
    pub(super) escaped: bool,
}

impl<'t> Spelled<'t> {
    /// Decodes the string. A text holds no U+0000 and no lone surrogate.
    pub(crate) fn text(self) -> Result<Cow<'t, str>, Fault> {
        if !self.escaped {
            return Ok(Cow::Borrowed(self.text));
        }
        let mut text = String::with_capacity(self.text.len());
        let mut high = None;
        self.decode(|piece| {
            let surrogate = match piece {
                Piece::Unit(unit) => Some(unit),
                Piece::Text(_) => None,
            };
            match (high.take(), surrogate, piece) {
                (None, Some(0), _) => return Err(Fault::Nul),
                (None, Some(unit @ 0xD800..=0xDBFF), _) => high = Some(unit),
                (None, _, Piece::Text(piece)) => text.push_str(piece),
                (None, _, Piece::Unit(unit)) => text.push(char::from_u32(unit).ok_or(Fault::Surrogate)?),
                (Some(high), Some(low @ 0xDC00..=0xDFFF), _) => text.extend(char::from_u32(pair(high, low))),
                (Some(_), ..) => return Err(Fault::Surrogate),
            }
            Ok(())
        })?;
        if high.is_none() { Ok(Cow::Owned(text)) } else { Err(Fault::Surrogate) }
    }

    /// The string whose opening quote stands at this place in the text; `length` is its [`Spelled::word`].
    #[inline]
    pub(super) fn of_word(text: &'t str, place: usize, length: u32) -> Self {
        let start = place + 1;
        Self { text: text.get(start..start + (length >> 1) as usize).unwrap_or_default(), escaped: length & 1 == 1 }
    }

    /// The length in bytes times two, plus one for a string with escapes: the second word of a string on a tape.
    pub(super) fn word(self) -> u32 {
        word(self.text.len()) << 1 | u32::from(self.escaped)
    }

    /// Fails as [`Spelled::text`] does, without keeping the text.
    pub(super) fn check(self) -> Result<(), Fault> {
        if self.escaped { self.text().map(drop) } else { Ok(()) }
    }

    /// Returns true if the string spells this text.
    #[inline]
    pub(super) fn spells(&self, text: &str) -> bool {
        if self.escaped { self.text().is_ok_and(|spelled| spelled == text) } else { self.text == text }
    }

    /// Returns true if both spell the same UTF-16 units.
    pub(super) fn is(self, other: Self) -> bool {
        if self.escaped || other.escaped { self.units().eq(other.units()) } else { self.text == other.text }
    }

    /// Compares the decoded strings by their Unicode scalar values.
    pub(super) fn compare(self, other: Self) -> Ordering {
        if !self.escaped && !other.escaped {
            return self.text.cmp(other.text);
        }
        let scalars = |spelled: Self| char::decode_utf16(spelled.units()).map(Result::unwrap_or_default);
        scalars(self).cmp(scalars(other))
    }

    /// Compares the decoded strings by their UTF-16 units, as RFC 8785 sorts members.
    pub(super) fn compare_units(self, other: Self) -> Ordering {
        self.units().cmp(other.units())
    }

    /// The UTF-16 units of the decoded string.
    fn units(self) -> impl Iterator<Item = u16> {
        self.pieces().flat_map(|piece| {
            let (text, unit) = match piece {
                Piece::Text(text) => (text, None),
                Piece::Unit(unit) => ("", u16::try_from(unit).ok()),
            };
            text.encode_utf16().chain(unit)
        })
    }

    /// Decodes the string to UTF-8 in which surrogates may stand alone, three bytes each.
    pub(crate) fn loose(self) -> Cow<'t, [u8]> {
        if !self.escaped {
            return Cow::Borrowed(self.text.as_bytes());
        }
        let mut bytes: Vec<u8> = Vec::with_capacity(self.text.len());
        // `decode` only fails if its callback does, and this one never does.
        let _ = self.decode(|piece| {
            match piece {
                Piece::Text(text) => bytes.extend_from_slice(text.as_bytes()),
                Piece::Unit(unit @ 0xDC00..=0xDFFF) => {
                    let before = bytes.last_chunk::<3>().copied().and_then(high_surrogate);
                    if let Some(high) = before {
                        bytes.truncate(bytes.len() - 3);
                        push_scalar(&mut bytes, pair(high, unit));
                    } else {
                        push_scalar(&mut bytes, unit);
                    }
                }
                Piece::Unit(unit) => push_scalar(&mut bytes, unit),
            }
            Ok(())
        });
        Cow::Owned(bytes)
    }

    /// Calls `each` with the pieces of the string, and ends at its first error.
    fn decode(self, each: impl FnMut(Piece<'t>) -> Result<(), Fault>) -> Result<(), Fault> {
        self.pieces().try_for_each(each)
    }

    /// The pieces of the string, from front to back.
    fn pieces(self) -> impl Iterator<Item = Piece<'t>> {
        let mut rest = self.text;
        core::iter::from_fn(move || {
            let length = rest.find('\\').unwrap_or(rest.len());
            if length > 0 {
                let (text, escapes) = rest.split_at(length);
                rest = escapes;
                return Some(Piece::Text(text));
            }
            let (unit, length) = match rest.as_bytes().get(1)? {
                b'b' => (0x8, 2),
                b't' => (0x9, 2),
                b'n' => (0xA, 2),
                b'f' => (0xC, 2),
                b'r' => (0xD, 2),
                b'u' => (rest.get(2..6).and_then(|digits| u32::from_str_radix(digits, 16).ok()).unwrap_or_default(), 6),
                byte => (u32::from(*byte), 2),
            };
            rest = rest.get(length..).unwrap_or_default();
            Some(Piece::Unit(unit))
        })
    }
}

/// A piece of a string.
enum Piece<'t> {
    /// Characters that are written without an escape.
    Text(&'t str),
    /// The UTF-16 unit of one escape.
    Unit(u32),
}

/// The scalar value of two surrogates.
fn pair(high: u32, low: u32) -> u32 {
    0x1_0000 + ((high & 0x3FF) << 10 | low & 0x3FF)
}

/// The high surrogate that these three bytes encode; `None` if they encode anything else.
fn high_surrogate(bytes: [u8; 3]) -> Option<u32> {
    match bytes {
        [0xED, middle @ 0xA0..=0xAF, last] => Some(0xD000 | u32::from(middle & 0x3F) << 6 | u32::from(last & 0x3F)),
        _ => None,
    }
}

/// Appends a scalar value in UTF-8, or a surrogate in the three bytes that UTF-8 would use for it.
fn push_scalar(bytes: &mut Vec<u8>, scalar: u32) {
    if let Some(scalar) = char::from_u32(scalar) {
        bytes.extend_from_slice(scalar.encode_utf8(&mut [0; 4]).as_bytes());
    } else {
        let [_, _, high, low] = scalar.to_be_bytes();
        bytes.extend_from_slice(&[0xE0 | high >> 4, 0x80 | (high & 15) << 2 | low >> 6, 0x80 | low & 0x3F]);
    }
}
