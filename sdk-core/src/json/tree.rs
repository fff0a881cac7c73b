//! JSON as a tree to change, which keeps what a map would lose: a member twice, and the order of members.
use alloc::{borrow::Cow, vec::Vec};

use serde::de::{Deserialize, Deserializer};

use super::tape::Tape;

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

impl Json<'_> {
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

    /// What kind of value it is, for messages.
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
        Ok(Tape::deserialize(deserializer)?.root().tree())
    }
}
