//! JSON text that was read once, and where each of its values stands: what a tree would tell, in four to eight bytes a value.
use alloc::vec::Vec;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::value::RawValue;

use super::{
    cursor::{Cursor, Fault, Member, Spelled},
    place::Place,
    value::Value,
};
use crate::document::error::DocumentError;

/// JSON text that was read: its grammar, its nesting, its numbers and its texts are sound.
///
/// Its words follow the text. Each value and each member's name begins with its place in the text. A second word of a string tells its
/// length and whether it has escapes, that of an object or a list the number of the word behind it; other values have no second.
#[derive(Debug)]
pub struct Tape<'t> {
    pub(super) text: &'t str,
    pub(super) words: Vec<u32>,
}

impl<'t> Tape<'t> {
    /// No text.
    pub(super) const EMPTY: Self = Self { text: "", words: Vec::new() };

    /// Reads a text that is one value. What cannot be read is reported with its place; `place` says how deep the value stands.
    pub(crate) fn read(text: &'t str, place: Place<'_>) -> Result<Self, DocumentError> {
        Self::with_capacity(text, 0, place)
    }

    /// Reads the value of a member.
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

    /// The value that the text is.
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

    /// The number of the word behind a value.
    #[inline]
    pub(super) fn behind(&self, word: usize) -> usize {
        match self.first(word) {
            Some(b'{' | b'[') => self.words.get(word + 1).map_or(word + 2, |behind| *behind as usize),
            Some(b'"') => word + 2,
            _ => word + 1,
        }
    }

    /// The string whose first word this is.
    #[inline]
    pub(super) fn spelled(&self, word: usize) -> Spelled<'t> {
        Spelled::of_word(self.text, self.place(word), self.words.get(word + 1).copied().unwrap_or_default())
    }

    /// A cursor at the place of a word.
    pub(super) fn cursor(&self, word: usize) -> Cursor<'t> {
        Cursor::at_place(self.text, self.place(word))
    }
}

impl<'de> Deserialize<'de> for Tape<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(<&RawValue>::deserialize(deserializer)?.get(), Place::ROOT).map_err(D::Error::custom)
    }
}
