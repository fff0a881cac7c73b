//! JSON text as a tree that keeps what a map would lose: a member twice, and where the first thing wrong stands.
use alloc::{borrow::Cow, boxed::Box, format, string::String, vec::Vec};
use core::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::place::Place;
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
    /// Reads a value that is known to be JSON text; what still can be wrong in it is reported with its place.
    pub(crate) fn read(raw: &'a RawValue, place: Place<'_>) -> Result<Self, DocumentError> {
        serde_json::from_str(raw.get()).map_err(|error| locate(raw, place).unwrap_or_else(|| DocumentError::at(place, plain(&error))))
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

pub(crate) const NUL_IN_NAME: &str = "U+0000 in a member's name";

/// Finds the innermost place that cannot be read.
fn locate(raw: &RawValue, place: Place<'_>) -> Option<DocumentError> {
    let text = raw.get();
    if let Ok(members) = serde_json::from_str::<RawMembers<'_>>(text) {
        for (name, value) in members.0 {
            match name {
                Ok(name) => {
                    let inner = place.name(&name);
                    if name.contains('\0') {
                        return Some(DocumentError::at(inner, NUL_IN_NAME));
                    }
                    if serde_json::from_str::<Json<'_>>(value.get()).is_err() {
                        return locate(value, inner);
                    }
                }
                Err(why) => return Some(DocumentError::at(place, why)),
            }
        }
    } else if let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(text) {
        for (index, value) in items.into_iter().enumerate() {
            if serde_json::from_str::<Json<'_>>(value.get()).is_err() {
                return locate(value, place.index(index));
            }
        }
    }
    let error = serde_json::from_str::<Json<'_>>(text).err()?;
    Some(DocumentError::at(place, plain(&error)))
}

/// The parser's message without its line and column: the pointer says where.
pub(crate) fn plain(error: &serde_json::Error) -> String {
    let message = format!("{error}");
    let end = message.rfind(" at line ").unwrap_or(message.len());
    message.get(..end).unwrap_or_default().into()
}

/// The members of an object, their values still unread; a name that is no text is kept as what is wrong with it. A name may
/// hold U+0000.
pub(crate) struct RawMembers<'a>(pub(crate) Raw<'a>);

/// Names, or what is wrong with them, and values still unread.
pub(crate) type Raw<'a> = Vec<(Result<Box<str>, &'static str>, &'a RawValue)>;

impl<'de> Deserialize<'de> for RawMembers<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = RawMembers<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawMembers<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(name) = map.next_key::<Name>()? {
                    members.push((name.0, map.next_value()?));
                }
                Ok(RawMembers(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// A member's name, read as bytes because JSON can spell names that are no Unicode text.
struct Name(Result<Box<str>, &'static str>);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Name;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_str<E>(self, name: &str) -> Result<Name, E> {
                Ok(Name(Ok(name.into())))
            }

            fn visit_bytes<E: serde::de::Error>(self, name: &[u8]) -> Result<Name, E> {
                match core::str::from_utf8(name) {
                    Ok(name) => self.visit_str(name),
                    Err(_) => Ok(Name(Err("a lone surrogate in a member's name"))),
                }
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Tree)
    }
}

struct Tree;

impl<'de> Visitor<'de> for Tree {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json<'de>, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, boolean: bool) -> Result<Json<'de>, E> {
        Ok(Json::Boolean(boolean))
    }

    #[expect(clippy::cast_precision_loss, reason = "every JSON number is first its nearest double")]
    fn visit_i64<E>(self, number: i64) -> Result<Json<'de>, E> {
        Ok(Json::Number(number as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "every JSON number is first its nearest double")]
    fn visit_u64<E>(self, number: u64) -> Result<Json<'de>, E> {
        Ok(Json::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Json<'de>, E> {
        Ok(Json::Number(number + 0.0))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Json<'de>, E> {
        text_without_nul(text).map(|text| Json::String(Cow::Owned(text.into())))
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, text: &'de str) -> Result<Json<'de>, E> {
        text_without_nul(text).map(|text| Json::String(Cow::Borrowed(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Json<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some(name) = map.next_key::<Text<'de>>()? {
            members.push((name.0, map.next_value()?));
        }
        Ok(Json::Object(members))
    }
}

fn text_without_nul<E: serde::de::Error>(text: &str) -> Result<&str, E> {
    if text.as_bytes().contains(&0) { Err(E::custom("U+0000 in a text")) } else { Ok(text) }
}

/// A name, borrowed where it has no escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Json::deserialize(deserializer)? {
            Json::String(text) => Ok(Self(text)),
            other => Err(D::Error::custom(format!("expected a name, found {}", other.kind()))),
        }
    }
}
