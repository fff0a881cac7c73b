//! JSON text as a tree that keeps what a map would lose: a member twice, and the order of members.
use alloc::{borrow::Cow, vec::Vec};

use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::value::RawValue;

use super::{cursor::Cursor, place::Place};
use crate::document::error::DocumentError;

/// A JSON value. Numbers are their nearest double; text holds no U+0000.
#[derive(Clone, Debug, PartialEq)]
pub enum Json<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A number, never -0.
    Number(f64),
    /// A text.
    String(Cow<'a, str>),
    /// A list.
    Array(Vec<Self>),
    /// The members of an object as they are written: in their order, a name twice where it stands twice.
    Object(Vec<(Cow<'a, str>, Self)>),
}

impl<'a> Json<'a> {
    /// Reads a text that is one value. The error names the place of what is malformed; `place` says how deep the value stands.
    pub(crate) fn read(text: &'a str, place: Place<'_>) -> Result<Self, DocumentError> {
        let mut cursor = Cursor::new(text);
        let json = cursor.tree(place).map_err(|error| *error)?;
        cursor.finish().map_err(|fault| DocumentError::at(place, fault))?;
        Ok(json)
    }

    /// The member of this name; of a name that stands twice, the first. `None` where this is no object.
    pub fn get(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The text, where this is one.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// The number, where this is one.
    pub fn as_number(&self) -> Option<f64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }

    /// The kind of value, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "a list",
            Self::Object(_) => "an object",
        }
    }
}

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(<&RawValue>::deserialize(deserializer)?.get(), Place::ROOT).map_err(D::Error::custom)
    }
}
