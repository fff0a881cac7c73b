//! JSON text as a tree that keeps what a map would lose: a member twice, and the order of members.
use alloc::{borrow::Cow, vec::Vec};

use serde::de::{Deserialize, Deserializer, Error as _};
use serde_json::value::RawValue;

use super::{cursor::Cursor, place::Place};
use crate::document::error::DocumentError;

/// A JSON value. Numbers are their nearest double; text holds no U+0000.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json<'a> {
    Null,
    Boolean(bool),
    Number(f64),
    String(Cow<'a, str>),
    Array(Vec<Self>),
    Object(Vec<(Cow<'a, str>, Self)>),
}

impl<'a> Json<'a> {
    /// Reads a text that is one value. What cannot be read is reported with its place; `place` says how deep the value stands.
    pub(crate) fn read(text: &'a str, place: Place<'_>) -> Result<Self, DocumentError> {
        let mut cursor = Cursor::new(text);
        let json = cursor.tree(place).map_err(|error| *error)?;
        cursor.finish().map_err(|fault| DocumentError::at(place, fault))?;
        Ok(json)
    }

    /// What kind of value it is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
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
