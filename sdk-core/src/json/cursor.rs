//! A cursor that reads JSON text from front to back.
//!
//! The grammar is RFC 8259. The cursor reads no byte twice, and follows no value that nests deeper than [`MAX_NESTING`].
use alloc::{borrow::Cow, boxed::Box, string::String, vec::Vec};
use core::{cmp::Ordering, fmt};

use super::place::Place;
use crate::document::error::DocumentError;

/// How deep JSON may nest; the outermost object or list is 1.
pub const MAX_NESTING: u32 = 64;
/// The most entries a list may have.
pub const MAX_LIST: usize = 50_000;

/// Why text cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It is no JSON; what was expected.
    Syntax(&'static str),
    /// An object or list deeper than [`MAX_NESTING`].
    Nesting,
    /// A list of more than [`MAX_LIST`] entries.
    Entries,
    /// A number past the largest double.
    Overflow,
    /// U+0000 in a text or a name.
    Nul,
    /// Half of a surrogate pair in a text or a name.
    Surrogate,
    /// More bytes than a word counts.
    Length,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(expected) => write!(f, "no JSON: expected {expected}"),
            Self::Nesting => write!(f, "objects and lists nest deeper than {MAX_NESTING} levels"),
            Self::Entries => write!(f, "a list has at most {MAX_LIST} entries"),
            Self::Overflow => f.write_str("a number past the largest double"),
            Self::Nul => f.write_str("U+0000 in a text or a name"),
            Self::Surrogate => f.write_str("a lone surrogate in a text or a name"),
            Self::Length => f.write_str("a text of 2 GiB or more"),
        }
    }
}

/// A position in JSON text.
#[derive(Clone)]
pub(crate) struct Cursor<'t> {
    text: &'t str,
    at: usize,
    /// How many words of a [`Tape`](super::Tape) the values take that were stepped over.
    words: usize,
}

impl<'t> Cursor<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self::at_place(text, 0)
    }

    /// A cursor in the middle of a text.
    pub(super) fn at_place(text: &'t str, at: usize) -> Self {
        Self { text, at, words: 0 }
    }

    /// How many bytes of the text are behind the cursor.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Refuses anything but spaces up to the end of the text.
    pub(crate) fn finish(&mut self) -> Result<(), Fault> {
        if self.next().is_none() { Ok(()) } else { Err(Fault::Syntax("the end of the text")) }
    }

    /// Steps over an opening bracket, if one is next.
    pub(crate) fn open(&mut self, bracket: u8) -> bool {
        let opens = self.next() == Some(bracket);
        self.at += usize::from(opens);
        opens
    }

    /// Steps to the next entry of a list or an object that was opened; false behind its closing bracket. `first` is true before
    /// the first entry.
    pub(crate) fn entry(&mut self, closing: u8, first: bool) -> Result<bool, Fault> {
        match self.next() {
            Some(b',') if !first => {
                self.at += 1;
                Ok(true)
            }
            Some(byte) if byte == closing => {
                self.at += 1;
                Ok(false)
            }
            Some(_) if first => Ok(true),
            _ => Err(Fault::Syntax("a comma or a closing bracket")),
        }
    }

    /// Reads a member's name and the colon behind it.
    pub(crate) fn name(&mut self) -> Result<Spelled<'t>, Fault> {
        if self.next() != Some(b'"') {
            return Err(Fault::Syntax("a member's name"));
        }
        let name = self.string()?;
        if self.next() != Some(b':') {
            return Err(Fault::Syntax("a colon"));
        }
        self.at += 1;
        Ok(name)
    }

    /// Reads the next member of an object that was opened, with its value unread; `None` behind the closing bracket. The value
    /// stands at `level`, and `first` is true before the first member. `recognise` is given the name and all text from the value on,
    /// and may answer how long the value is; then the cursor steps over it without a look.
    pub(crate) fn member(
        &mut self,
        first: bool,
        level: u32,
        recognise: impl FnOnce(&str, &str) -> Option<usize>,
    ) -> Result<Option<Member<'t>>, Fault> {
        if !self.entry(b'}', first)? {
            return Ok(None);
        }
        let name = self.name()?.text();
        self.next();
        let (at, before) = (self.at, self.words);
        let length = name.as_deref().ok().and_then(|name| recognise(name, self.text.get(at..)?));
        let raw = match length {
            Some(length) => {
                self.at += length;
                self.text.get(at..self.at).unwrap_or_default()
            }
            None => self.skip(level)?,
        };
        Ok(Some(Member { name, at, raw, words: self.words - before, is_recognised: length.is_some() }))
    }

    /// Steps over a value, the outermost of which is at `level`, and answers its text.
    pub(crate) fn skip(&mut self, level: u32) -> Result<&'t str, Fault> {
        self.next();
        let start = self.at;
        // The open brackets, the innermost lowest: 1 for an object. They are at most as many as there are bits.
        let (mut kinds, mut open, room) = (0_u64, 0, (MAX_NESTING + 1).saturating_sub(level));
        loop {
            let mut first = false;
            match self.next() {
                Some(bracket @ (b'{' | b'[')) => {
                    if open == room {
                        return Err(Fault::Nesting);
                    }
                    self.at += 1;
                    self.words += 2;
                    open += 1;
                    kinds = kinds << 1 | u64::from(bracket == b'{');
                    first = true;
                }
                next => {
                    self.words += if next == Some(b'"') { 2 } else { 1 };
                    self.scalar()?;
                }
            }
            loop {
                if open == 0 {
                    return Ok(self.text.get(start..self.at).unwrap_or_default());
                }
                let is_object = kinds & 1 == 1;
                if self.entry(if is_object { b'}' } else { b']' }, core::mem::take(&mut first))? {
                    if is_object {
                        self.words += 2;
                        self.name()?;
                    }
                    break;
                }
                open -= 1;
                kinds >>= 1;
            }
        }
    }

    /// Reads a value, whose words are appended; what cannot be read is reported with its place, the innermost one. The value is as
    /// deep as its place says.
    pub(crate) fn read(&mut self, place: Place<'_>, words: &mut Vec<u32>) -> Result<(), Box<DocumentError>> {
        self.value(place, place.level(), words)
    }

    fn value(&mut self, place: Place<'_>, level: u32, words: &mut Vec<u32>) -> Result<(), Box<DocumentError>> {
        let at = |fault: Fault| Box::new(DocumentError::at(place, fault));
        let first = self.next();
        words.push(word(self.at));
        match first {
            Some(b'"') => {
                let spelled = self.string().map_err(at)?;
                words.push(spelled.word());
                spelled.check().map_err(at)
            }
            Some(opening @ (b'{' | b'[')) => {
                if level > MAX_NESTING {
                    return Err(at(Fault::Nesting));
                }
                self.at += 1;
                let behind = words.len();
                words.push(0);
                if opening == b'{' {
                    self.members(place, level, words)?;
                } else {
                    self.items(place, level, words)?;
                }
                let end = word(words.len());
                if let Some(behind) = words.get_mut(behind) {
                    *behind = end;
                }
                Ok(())
            }
            Some(b't') => self.word("true").map_err(at),
            Some(b'f') => self.word("false").map_err(at),
            Some(b'n') => self.word("null").map_err(at),
            _ => {
                if is_finite(self.number().map_err(at)?) {
                    Ok(())
                } else {
                    Err(at(Fault::Overflow))
                }
            }
        }
    }

    /// Reads the members of an object that was opened.
    fn members(&mut self, place: Place<'_>, level: u32, words: &mut Vec<u32>) -> Result<(), Box<DocumentError>> {
        let at = |fault: Fault| Box::new(DocumentError::at(place, fault));
        let mut first = true;
        while self.entry(b'}', core::mem::take(&mut first)).map_err(at)? {
            self.next();
            words.push(word(self.at));
            let spelled = self.name().map_err(at)?;
            words.push(spelled.word());
            let name = spelled.text().map_err(|fault| match fault {
                // A name with U+0000 is one that a pointer can hold.
                Fault::Nul => Box::new(DocumentError::at(place.name(&String::from_utf8_lossy(&spelled.loose())), fault)),
                fault => at(fault),
            })?;
            self.value(place.name(&name), level + 1, words)?;
        }
        Ok(())
    }

    /// Reads the entries of a list that was opened.
    fn items(&mut self, place: Place<'_>, level: u32, words: &mut Vec<u32>) -> Result<(), Box<DocumentError>> {
        let at = |fault: Fault| Box::new(DocumentError::at(place, fault));
        let mut count = 0;
        while self.entry(b']', count == 0).map_err(at)? {
            if count == MAX_LIST {
                return Err(at(Fault::Entries));
            }
            self.value(place.index(count), level + 1, words)?;
            count += 1;
        }
        Ok(())
    }

    /// Steps over a value that is no object and no list.
    fn scalar(&mut self) -> Result<(), Fault> {
        match self.next() {
            Some(b'"') => self.string().map(drop),
            Some(b't') => self.word("true"),
            Some(b'f') => self.word("false"),
            Some(b'n') => self.word("null"),
            _ => self.number().map(drop),
        }
    }

    /// Skips spaces and answers the byte that is next.
    pub(crate) fn next(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.as_bytes().get(self.at)?;
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    fn word(&mut self, word: &str) -> Result<(), Fault> {
        if !self.rest().starts_with(word.as_bytes()) {
            return Err(Fault::Syntax("a value"));
        }
        self.at += word.len();
        Ok(())
    }

    fn rest(&self) -> &'t [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// Steps over a number and answers its text.
    pub(crate) fn number(&mut self) -> Result<&'t str, Fault> {
        let start = self.at;
        self.at += usize::from(self.rest().first() == Some(&b'-'));
        match self.rest().first() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits()?,
            _ => return Err(Fault::Syntax("a value")),
        }
        if self.rest().first() == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.rest().first() {
            self.at += 1;
            self.at += usize::from(matches!(self.rest().first(), Some(b'+' | b'-')));
            self.digits()?;
        }
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    fn digits(&mut self) -> Result<(), Fault> {
        let digits = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += digits;
        if digits > 0 { Ok(()) } else { Err(Fault::Syntax("a digit")) }
    }

    /// Steps over a string, whose opening quote is next.
    pub(crate) fn string(&mut self) -> Result<Spelled<'t>, Fault> {
        self.at += 1;
        let (start, mut escaped) = (self.at, false);
        loop {
            self.at += plain(self.rest());
            match self.rest() {
                [b'"', ..] => {
                    let text = self.text.get(start..self.at).unwrap_or_default();
                    self.at += 1;
                    return Ok(Spelled { text, escaped });
                }
                [b'\\', b'u', digits @ ..] if digits.first_chunk::<4>().is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) => {
                    self.at += 6;
                }
                [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => self.at += 2,
                [b'\\', ..] => return Err(Fault::Syntax("an escape")),
                [_, ..] => return Err(Fault::Syntax("no control character in a string")),
                [] => return Err(Fault::Syntax("a closing quote")),
            }
            escaped = true;
        }
    }
}

/// How many bytes at the front are neither a quote nor a backslash nor a control character; eight are looked at together.
fn plain(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    const TOPS: u64 = ONES << 7;
    // The lowest top bit that is set stands at the first such byte; borrows only ever mark bytes above it.
    let zero = |word: u64| word.wrapping_sub(ONES) & !word & TOPS;
    let mut at = 0;
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let word = u64::from_le_bytes(*chunk);
        let found = zero(word ^ (ONES * u64::from(b'"'))) | zero(word ^ (ONES * u64::from(b'\\'))) | zero(word & (ONES * 0xE0));
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| *byte < b' ' || matches!(byte, b'"' | b'\\')).unwrap_or(rest.len())
}

/// The nearest double of a number as JSON writes it, -0 being 0; `None` past the largest.
pub(crate) fn double(number: &str) -> Option<f64> {
    // Few digits are a whole number that every step of reading leaves exact.
    if number.len() <= 15 && number.bytes().all(|byte| byte.is_ascii_digit()) {
        #[expect(clippy::cast_precision_loss, reason = "fifteen digits are below 2^53")]
        return Some(number.bytes().fold(0_u64, |whole, digit| whole * 10 + u64::from(digit & 15)) as f64);
    }
    let double = number.parse::<f64>().ok()?;
    double.is_finite().then_some(double + 0.0)
}

/// Whether a number as JSON writes it has a nearest double.
fn is_finite(number: &str) -> bool {
    // 308 digits are below the largest.
    number.len() <= 308 && !number.bytes().any(|byte| matches!(byte, b'e' | b'E')) || double(number).is_some()
}

/// A place or a number of words as a word. A tape has no more words than its text has bytes, and its text no more than a word counts.
#[expect(clippy::cast_possible_truncation, reason = "texts of tapes are shorter")]
fn word(place: usize) -> u32 {
    place as u32
}

/// A member of an object.
pub(crate) struct Member<'t> {
    /// Its name, or why that is no text.
    pub(crate) name: Result<Cow<'t, str>, Fault>,
    /// The offset of the value in the text of the cursor.
    pub(crate) at: usize,
    /// The text of its value.
    pub(crate) raw: &'t str,
    /// How many words a [`Tape`](super::Tape) of the value has; 0 where it was recognised.
    pub(crate) words: usize,
    /// Whether the caller recognised the value.
    pub(crate) is_recognised: bool,
}

/// The members of an object in text that was read before: none where that is no object.
pub(crate) fn members<'t>(text: &'t str, place: Place<'_>) -> impl Iterator<Item = Member<'t>> {
    let (mut cursor, level, mut first) = (Cursor::new(text), place.level() + 1, true);
    let mut is_open = cursor.open(b'{');
    core::iter::from_fn(move || {
        let member = if is_open { cursor.member(core::mem::take(&mut first), level, |_, _| None).ok().flatten() } else { None };
        is_open = member.is_some();
        member
    })
}

/// A string as it stands between its quotes; its escapes are well formed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spelled<'t> {
    text: &'t str,
    escaped: bool,
}

impl<'t> Spelled<'t> {
    /// The text that is spelled.
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

    /// The string whose opening quote is at a place in the text; `length` is its second word.
    #[inline]
    pub(super) fn of_word(text: &'t str, place: usize, length: u32) -> Self {
        let start = place + 1;
        Self { text: text.get(start..start + (length >> 1) as usize).unwrap_or_default(), escaped: length & 1 == 1 }
    }

    /// The length and whether there are escapes, in a word.
    fn word(self) -> u32 {
        word(self.text.len()) << 1 | u32::from(self.escaped)
    }

    /// Refuses what is no text.
    fn check(self) -> Result<(), Fault> {
        if self.escaped { self.text().map(drop) } else { Ok(()) }
    }

    /// Whether this is what is spelled.
    #[inline]
    pub(super) fn spells(&self, text: &str) -> bool {
        if self.escaped { self.text().is_ok_and(|spelled| spelled == text) } else { self.text == text }
    }

    /// Whether both spell the same.
    pub(super) fn is(self, other: Self) -> bool {
        if self.escaped || other.escaped { self.units().eq(other.units()) } else { self.text == other.text }
    }

    /// Compares what is spelled as Unicode scalar values.
    pub(super) fn compare(self, other: Self) -> Ordering {
        if !self.escaped && !other.escaped {
            return self.text.cmp(other.text);
        }
        let scalars = |spelled: Self| char::decode_utf16(spelled.units()).map(Result::unwrap_or_default);
        scalars(self).cmp(scalars(other))
    }

    /// Compares what is spelled as UTF-16 units.
    pub(super) fn compare_units(self, other: Self) -> Ordering {
        self.units().cmp(other.units())
    }

    fn units(self) -> impl Iterator<Item = u16> {
        self.pieces().flat_map(|piece| {
            let (text, unit) = match piece {
                Piece::Text(text) => (text, None),
                Piece::Unit(unit) => ("", u16::try_from(unit).ok()),
            };
            text.encode_utf16().chain(unit)
        })
    }

    /// What is spelled, as UTF-8 in which surrogates may stand alone: three bytes each.
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

    /// Takes the string apart into text as it is written and UTF-16 units that are escaped.
    fn decode(self, each: impl FnMut(Piece<'t>) -> Result<(), Fault>) -> Result<(), Fault> {
        self.pieces().try_for_each(each)
    }

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

enum Piece<'t> {
    Text(&'t str),
    /// One UTF-16 unit.
    Unit(u32),
}

/// The scalar value of two surrogates.
fn pair(high: u32, low: u32) -> u32 {
    0x1_0000 + ((high & 0x3FF) << 10 | low & 0x3FF)
}

/// The high surrogate in these three bytes, if they are one.
fn high_surrogate(bytes: [u8; 3]) -> Option<u32> {
    match bytes {
        [0xED, middle @ 0xA0..=0xAF, last] => Some(0xD000 | u32::from(middle & 0x3F) << 6 | u32::from(last & 0x3F)),
        _ => None,
    }
}

/// Appends a scalar value or a surrogate as UTF-8 would have it.
fn push_scalar(bytes: &mut Vec<u8>, scalar: u32) {
    if let Some(scalar) = char::from_u32(scalar) {
        bytes.extend_from_slice(scalar.encode_utf8(&mut [0; 4]).as_bytes());
    } else {
        let [_, _, high, low] = scalar.to_be_bytes();
        bytes.extend_from_slice(&[0xE0 | high >> 4, 0x80 | (high & 15) << 2 | low >> 6, 0x80 | low & 0x3F]);
    }
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::String, vec::Vec};

    use super::{Cursor, Fault, MAX_LIST, plain};
    use crate::{
        document::error::DocumentError,
        json::{Json, Place, Tape},
        matching::seeded::Seeded,
    };

    fn skip(text: &str) -> Result<(), Fault> {
        let mut cursor = Cursor::new(text);
        cursor.skip(1)?;
        cursor.finish()
    }

    fn tree<'t>(text: &'t str, place: Place<'_>) -> Result<Json<'t>, DocumentError> {
        Ok(Tape::read(text, place)?.root().tree())
    }

    /// A value of `serde_json` in our words.
    fn same(ours: &Json<'_>, theirs: &serde_json::Value) -> bool {
        match (ours, theirs) {
            (Json::Null, serde_json::Value::Null) => true,
            (Json::Boolean(ours), serde_json::Value::Bool(theirs)) => ours == theirs,
            (Json::Number(ours), serde_json::Value::Number(theirs)) => {
                theirs.as_f64().is_some_and(|theirs| ours.to_bits() == (theirs + 0.0).to_bits())
            }
            (Json::String(ours), serde_json::Value::String(theirs)) => ours == theirs,
            (Json::Array(ours), serde_json::Value::Array(theirs)) => {
                ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| same(ours, theirs))
            }
            (Json::Object(ours), serde_json::Value::Object(theirs)) => theirs
                .iter()
                .all(|(name, theirs)| ours.iter().rev().find(|(known, _)| known == name).is_some_and(|(_, ours)| same(ours, theirs))),
            _ => false,
        }
    }

    #[test]
    fn texts_are_taken_and_refused_as_serde_json_does() {
        let seeds = [
            r#"{"a":[1,-0,2.5e-3,1E+2,true,false,null,"x"],"b":{"c":{}},"":[]}"#,
            r#" [ "\u00e9\ud83d\ude00\n\"\\\/\b\f\r\t", "é€😀", 0.1, 123456789012345678, [[[]]] ] "#,
            r#"{"long name with many letters":"a text of more than eight bytes \u0041","k":"]}{["}"#,
        ];
        let alphabet = b"{}[]\",:\\u0123456789eE+-. \n\x1ftrfalsn\0";
        let (mut random, mut taken, mut refused) = (Seeded(21), 0, 0);
        for round in 0..60_000 {
            let mut text = seeds[round % seeds.len()].as_bytes().to_vec();
            for _ in 0..random.below(3) {
                random.mutate(&mut text, alphabet);
            }
            let Ok(text) = String::from_utf8(text) else { continue };
            let theirs = serde_json::from_str::<serde_json::Value>(&text);
            let ours = tree(&text, Place::ROOT).ok();
            match (&ours, &theirs) {
                (Some(ours), Ok(theirs)) => assert!(same(ours, theirs), "{text}"),
                (None, Ok(_)) => assert!(text.contains("\\u0000"), "{text}"),
                (None, Err(_)) => {}
                (Some(_), Err(error)) => panic!("{text}: {error}"),
            }
            // Skipping accepts values that reading refuses: numbers that overflow and malformed text.
            assert!(theirs.is_err() || skip(&text).is_ok(), "{text}");
            assert!(ours.is_none() || skip(&text).is_ok(), "{text}");
            *if theirs.is_ok() { &mut taken } else { &mut refused } += 1;
        }
        assert!(taken > 5_000 && refused > 5_000, "{taken} {refused}");
    }

    #[test]
    fn nesting_is_counted_from_the_place() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        let read = |text: &str, place: Place<'_>| Cursor::new(text).read(place, &mut Vec::new()).map_err(|error| error.pointer);
        assert_eq!(read(&nested(64), Place::ROOT), Ok(()));
        assert_eq!(read(&nested(65), Place::ROOT), Err("/0".repeat(64)));
        let flags = Place::ROOT.name("flags");
        assert_eq!(read(&nested(62), flags.name("a")), Ok(()));
        assert_eq!(read(&nested(63), flags.name("a")), Err(format!("/flags/a{}", "/0".repeat(62))));
        assert_eq!(skip(&nested(64)), Ok(()));
        assert_eq!(skip(&nested(65)), Err(Fault::Nesting));
        let objects = format!("{}1{}", "{\"a\":".repeat(65), "}".repeat(65));
        assert_eq!(skip(&objects), Err(Fault::Nesting));
        assert_eq!(Cursor::new(&nested(2)).skip(64).unwrap_err(), Fault::Nesting);
        // Far deeper than any stack.
        assert_eq!(skip(&"[".repeat(1_000_000)), Err(Fault::Nesting));
        assert_eq!(read(&"[".repeat(1_000_000), Place::ROOT), Err("/0".repeat(64)));
    }

    #[test]
    fn a_list_past_its_limit_is_not_read_further() {
        let list = |entries: usize| format!("[{}0]", "0,".repeat(entries - 1));
        assert!(tree(&list(MAX_LIST), Place::ROOT).is_ok());
        let error = tree(&list(MAX_LIST + 1), Place::ROOT.name("a")).unwrap_err();
        assert_eq!((error.pointer.as_str(), error.message.as_str()), ("/a", "a list has at most 50000 entries"));
    }

    #[test]
    fn plain_bytes_end_where_a_bytewise_search_says() {
        let mut random = Seeded(22);
        for _ in 0..20_000 {
            let length = random.below(40);
            let bytes: Vec<u8> = (0..length)
                .map(|_| [b'a', b'"', b'\\', 0x1F, b' ', 0x80, 0xFF, b'!', b'[', 0x7F][random.below(40) % 10 * random.below(2)])
                .collect();
            let expected = bytes.iter().position(|byte| *byte < 0x20 || *byte == b'"' || *byte == b'\\').unwrap_or(length);
            assert_eq!(plain(&bytes), expected, "{bytes:?}");
        }
    }
}
