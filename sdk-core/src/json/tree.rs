//! JSON as a tree that can be changed. It keeps the order of members, and members that stand twice, which a map would lose.
use alloc::{borrow::Cow, vec::Vec};

use serde::de::{Deserialize, Deserializer};

use super::tape::Tape;

/// A JSON value. Numbers are their nearest double; strings hold no U+0000 and no lone surrogate.
///
/// ```
/// use sdk_core::json::Json;
///
/// let json: Json<'_> = serde_json::from_str(r#"{ "on": true, "on": false, "size": 1e1 }"#)?;
/// assert_eq!(json.get("on"), Some(&Json::Boolean(true)));
/// assert_eq!(json.get("size").and_then(Json::as_number), Some(10.0));
/// # Ok::<(), serde_json::Error>(())
/// ```
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
    /// The members of an object in the order in which they are written. A name that stands twice is there twice.
    Object(Vec<(Cow<'a, str>, Self)>),
}

impl Json<'_> {
    /// The value of the first member with this name; `None` if there is none, or if the value is no object.
    pub fn get(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// The text of a string; `None` for any other value.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::String(text) = self { Some(text) } else { None }
    }

    /// The number; `None` for any other value.
    pub fn as_number(&self) -> Option<f64> {
        if let Self::Number(number) = self { Some(*number) } else { None }
    }
}

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Tape::deserialize(deserializer)?.root().tree())
    }
}
