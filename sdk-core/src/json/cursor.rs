//! A cursor that reads JSON text from front to back.
//!
//! The grammar is that of RFC 8259. The cursor reads each byte once and builds nothing: its caller decides what to keep of a value. It
//! refuses a value that nests deeper than [`MAX_NESTING`] before it enters it.
use alloc::borrow::Cow;
use core::fmt;

use super::{place::Place, spelled::Spelled};

/// The deepest level at which an object or a list may stand; the outermost is at level 1.
pub const MAX_NESTING: u32 = 64;
/// The most entries a list may have.
pub const MAX_LIST: usize = 50_000;

/// The reason why text cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The text is no JSON; the grammar expects this here.
    Syntax(&'static str),
    /// An object or list stands deeper than [`MAX_NESTING`].
    Nesting,
    /// A list has more than [`MAX_LIST`] entries.
    Entries,
    /// A number is past the largest double.
    Overflow,
    /// A text or a name holds U+0000.
    Nul,
    /// A text or a name holds half of a surrogate pair.
    Surrogate,
    /// The text has 2 GiB or more: a [`Tape`](super::Tape) cannot tell its places apart.
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

/// A place in JSON text, from which reading goes on.
#[derive(Clone)]
pub(crate) struct Cursor<'t> {
    text: &'t str,
    at: usize,
    /// The number of words that a [`Tape`](super::Tape) of the values stepped over so far would have.
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

    /// The offset in the text of the byte at the cursor.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// The line and the column of the cursor, both from 1; columns are characters.
    pub(crate) fn line_and_column(&self) -> (usize, usize) {
        let before = self.text.as_bytes().get(..self.at).unwrap_or(self.text.as_bytes());
        let is_character = |byte: &&u8| **byte & 0xC0 != 0x80;
        let columns = before.iter().rev().take_while(|byte| **byte != b'\n').filter(is_character).count();
        (before.split(|byte| *byte == b'\n').count(), columns + 1)
    }

    /// Fails if anything but spaces stands between the cursor and the end of the text.
    pub(crate) fn finish(&mut self) -> Result<(), Fault> {
        if self.next().is_none() { Ok(()) } else { Err(Fault::Syntax("the end of the text")) }
    }

    /// Steps over this opening bracket and returns true, if it comes next.
    pub(crate) fn open(&mut self, bracket: u8) -> bool {
        let opens = self.next() == Some(bracket);
        self.at += usize::from(opens);
        opens
    }

    /// Steps to the next entry of an open list or object and returns true; steps over `closing` and returns false if no entry follows.
    /// `first` is true before the first entry.
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

    /// Reads the name of the next member of an open object and steps over the value; `None` if the object ends here.
    ///
    /// The value stands at `level`, and `first` is true before the first member. `recognise` gets the name and all text from the
    /// value on, and may return the length of the value; then the cursor steps over it without a look.
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

    /// Steps over a value that stands at `level`, and returns its text.
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

    /// Steps over a value that is no object and no list.
    fn scalar(&mut self) -> Result<(), Fault> {
        match self.next() {
            Some(b'"') => self.string().map(drop),
            Some(b't') => self.literal("true"),
            Some(b'f') => self.literal("false"),
            Some(b'n') => self.literal("null"),
            _ => self.number().map(drop),
        }
    }

    /// Skips spaces and returns the byte that comes next; `None` at the end of the text.
    pub(crate) fn next(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.as_bytes().get(self.at)?;
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    /// Steps over one of the words `true`, `false` and `null`.
    pub(super) fn literal(&mut self, literal: &str) -> Result<(), Fault> {
        if !self.rest().starts_with(literal.as_bytes()) {
            return Err(Fault::Syntax("a value"));
        }
        self.at += literal.len();
        Ok(())
    }

    fn rest(&self) -> &'t [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// Steps over a number and returns its text.
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

    /// Steps over a string, whose opening quote comes next, and returns it.
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

/// The number of bytes at the front that are neither a quote nor a backslash nor a control character. It looks at eight at a time.
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

/// The nearest double of a number as JSON writes it, 0 for -0; `None` past the largest double.
pub(crate) fn double(number: &str) -> Option<f64> {
    // Up to fifteen digits make a whole number that a double holds exactly, and so does every step on the way to it.
    if number.len() <= 15 && number.bytes().all(|byte| byte.is_ascii_digit()) {
        #[expect(clippy::cast_precision_loss, reason = "fifteen digits are below 2^53")]
        return Some(number.bytes().fold(0_u64, |whole, digit| whole * 10 + u64::from(digit & 15)) as f64);
    }
    let double = number.parse::<f64>().ok()?;
    double.is_finite().then_some(double + 0.0)
}

/// Returns true if a number as JSON writes it has a nearest double.
pub(super) fn is_finite(number: &str) -> bool {
    // Without an exponent, 308 digits are below the largest double.
    number.len() <= 308 && !number.bytes().any(|byte| matches!(byte, b'e' | b'E')) || double(number).is_some()
}

/// A member of an object, its value unread.
pub(crate) struct Member<'t> {
    /// The name, or the fault that makes it no text.
    pub(crate) name: Result<Cow<'t, str>, Fault>,
    /// The offset of the value in the text of the cursor.
    pub(crate) at: usize,
    /// The text of the value.
    pub(crate) raw: &'t str,
    /// The number of words that a [`Tape`](super::Tape) of the value has; 0 if it was recognised.
    pub(crate) words: usize,
    /// True if the caller recognised the value.
    pub(crate) is_recognised: bool,
}

/// The members of an object whose grammar was checked before; none if the text is no object.
pub(crate) fn members<'t>(text: &'t str, place: Place<'_>) -> impl Iterator<Item = Member<'t>> {
    let (mut cursor, level, mut first) = (Cursor::new(text), place.level() + 1, true);
    let mut is_open = cursor.open(b'{');
    core::iter::from_fn(move || {
        let member = if is_open { cursor.member(core::mem::take(&mut first), level, |_, _| None).ok().flatten() } else { None };
        is_open = member.is_some();
        member
    })
}

#[cfg(test)]
mod tests;
