//! A tape: JSON text with the places of its values, which serves as a tree of values in four to eight bytes a value.
use alloc::{boxed::Box, string::String, vec::Vec};

use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::value::RawValue;

use super::{
    cursor::{Cursor, Fault, MAX_LIST, MAX_NESTING, Member, is_finite},
    place::Place,
    spelled::Spelled,
    value::Value,
};
use crate::document::error::DocumentError;

/// JSON text whose grammar, nesting, numbers and strings were checked, and the places of its values.
///
/// The words of a tape follow the text. Each value and each member's name begins with a word that holds its place, an offset in the text.
/// A string has a second word for its length and its escapes; an object or a list has one for the number of the word behind it; other
/// values have none.
///
/// ```
/// use sdk_core::json::Tape;
///
/// let tape: Tape<'_> = serde_json::from_str(r#"{ "name": "chat", "sizes": [1, 2] }"#)?;
/// let root = tape.root();
/// assert_eq!(root.members().and_then(|members| members.get("name")?.as_str()).as_deref(), Some("chat"));
/// assert_eq!(root.members().and_then(|members| members.get("sizes")?.items()).map(|sizes| sizes.len()), Some(2));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug)]
pub struct Tape<'t> {
    pub(super) text: &'t str,
    pub(super) words: Vec<u32>,
}

impl<'t> Tape<'t> {
    /// The tape of an empty text, on which no value stands.
    pub(super) const EMPTY: Self = Self { text: "", words: Vec::new() };

    /// Reads a text that is one value, which stands at `place` in a document: its nesting is counted from there.
    ///
    /// An error names the innermost place that cannot be read.
    pub(crate) fn read(text: &'t str, place: Place<'_>) -> Result<Self, DocumentError> {
        Self::with_capacity(text, 0, place)
    }

    /// Reads the value of a member, which stands at `place`.
    pub(crate) fn of(member: &Member<'t>, place: Place<'_>) -> Result<Self, DocumentError> {
        Self::with_capacity(member.raw, member.words, place)
    }

    fn with_capacity(text: &'t str, words: usize, place: Place<'_>) -> Result<Self, DocumentError> {
        if i32::try_from(text.len()).is_err() {
            return Err(DocumentError::at(place, Fault::Length));
        }
        let (mut cursor, mut words) = (Cursor::new(text), Vec::with_capacity(words));
        cursor.read(place, &mut words).map_err(|error| *error)?;
        cursor.finish().map_err(|fault| DocumentError::at(place, fault))?;
        Ok(Self { text, words })
    }

    /// The text that was read.
    pub(crate) fn text(&self) -> &'t str {
        self.text
    }

    /// The outermost value.
    pub fn root(&self) -> Value<'_, 't> {
        Value { tape: self, word: 0 }
    }

    /// The offset of a value in the text; `word` is the number of its first word.
    #[inline]
    pub(super) fn place(&self, word: usize) -> usize {
        self.words.get(word).map_or(self.text.len(), |place| *place as usize)
    }

    /// The byte that a value begins with.
    #[inline]
    pub(super) fn first(&self, word: usize) -> Option<u8> {
        self.text.as_bytes().get(self.place(word)).copied()
    }

    /// The number of the first word behind a value; `word` is the number of its own first word.
    #[inline]
    pub(super) fn behind(&self, word: usize) -> usize {
        match self.first(word) {
            Some(b'{' | b'[') => self.words.get(word + 1).map_or(word + 2, |behind| *behind as usize),
            Some(b'"') => word + 2,
            _ => word + 1,
        }
    }

    /// The string or the name whose first word has this number.
    #[inline]
    pub(super) fn spelled(&self, word: usize) -> Spelled<'t> {
        Spelled::of_word(self.text, self.place(word), self.words.get(word + 1).copied().unwrap_or_default())
    }

    /// A cursor at the place of a word.
    pub(super) fn cursor(&self, word: usize) -> Cursor<'t> {
        Cursor::at_place(self.text, self.place(word))
    }
}

impl Cursor<'_> {
    /// Reads the next value, which stands at `place`, and appends the words of its tape. An error names the innermost place that cannot
    /// be read.
    pub(crate) fn read(&mut self, place: Place<'_>, words: &mut Vec<u32>) -> Result<(), Box<DocumentError>> {
        read_value(self, place, place.level(), words)
    }
}

/// Reads the next value, which stands at `level`, and appends its words.
fn read_value(cursor: &mut Cursor<'_>, place: Place<'_>, level: u32, words: &mut Vec<u32>) -> Result<(), Box<DocumentError>> {
    let at = |fault: Fault| Box::new(DocumentError::at(place, fault));
    let first = cursor.next();
    words.push(word(cursor.at()));
    match first {
        Some(b'"') => {
            let spelled = cursor.string().map_err(at)?;
            words.push(spelled.word());
            spelled.check().map_err(at)
        }
        Some(opening @ (b'{' | b'[')) => {
            if level > MAX_NESTING {
                return Err(at(Fault::Nesting));
            }
            cursor.open(opening);
            let behind = words.len();
            words.push(0);
            if opening == b'{' {
                read_members(cursor, place, level, words)?;
            } else {
                read_items(cursor, place, level, words)?;
            }
            let end = word(words.len());
            if let Some(behind) = words.get_mut(behind) {
                *behind = end;
            }
            Ok(())
        }
        Some(b't') => cursor.literal("true").map_err(at),
        Some(b'f') => cursor.literal("false").map_err(at),
        Some(b'n') => cursor.literal("null").map_err(at),
        _ => {
            if is_finite(cursor.number().map_err(at)?) {
                Ok(())
            } else {
                Err(at(Fault::Overflow))
            }
        }
    }
}

/// Reads the members of an open object, which stands at `level`.
fn read_members(cursor: &mut Cursor<'_>, place: Place<'_>, level: u32, words: &mut Vec<u32>) -> Result<(), Box<DocumentError>> {
    let at = |fault: Fault| Box::new(DocumentError::at(place, fault));
    let mut first = true;
    while cursor.entry(b'}', core::mem::take(&mut first)).map_err(at)? {
        cursor.next();
        words.push(word(cursor.at()));
        let spelled = cursor.name().map_err(at)?;
        words.push(spelled.word());
        let name = spelled.text().map_err(|fault| match fault {
            // A pointer can hold a name with U+0000, so that this error stands at the member itself.
            Fault::Nul => Box::new(DocumentError::at(place.name(&String::from_utf8_lossy(&spelled.loose())), fault)),
            fault => at(fault),
        })?;
        read_value(cursor, place.name(&name), level + 1, words)?;
    }
    Ok(())
}

/// Reads the entries of an open list, which stands at `level`.
fn read_items(cursor: &mut Cursor<'_>, place: Place<'_>, level: u32, words: &mut Vec<u32>) -> Result<(), Box<DocumentError>> {
    let at = |fault: Fault| Box::new(DocumentError::at(place, fault));
    let mut count = 0;
    while cursor.entry(b']', count == 0).map_err(at)? {
        if count == MAX_LIST {
            return Err(at(Fault::Entries));
        }
        read_value(cursor, place.index(count), level + 1, words)?;
        count += 1;
    }
    Ok(())
}

/// A place in the text, or the number of a word, as a word. A tape has no more words than its text has bytes, and texts are below 2 GiB.
#[expect(clippy::cast_possible_truncation, reason = "texts of tapes are shorter than 2 GiB")]
pub(super) fn word(place: usize) -> u32 {
    place as u32
}

impl<'de> Deserialize<'de> for Tape<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(<&RawValue>::deserialize(deserializer)?.get(), Place::ROOT).map_err(D::Error::custom)
    }
}
