//! JSON without duplicate members, which are refused because parsers differ in which of two they read.
use std::{
    collections::{BTreeMap, btree_map::Entry},
    fmt,
};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};

/// A JSON value in a token or a key.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Json {
    Number(f64),
    Text(String),
    List(Vec<Self>),
    Object(Object),
    Boolean(bool),
    Null,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Object(BTreeMap<String, Json>);

/// The error of a token or a key that is not valid. It has no detail, which would help only a forger.
#[derive(Debug, PartialEq)]
pub(super) struct InvalidToken;

impl Object {
    /// Reads an object. Refuses duplicate members at any depth.
    pub(super) fn read(text: &[u8]) -> Result<Self, InvalidToken> {
        match str::from_utf8(text).ok().and_then(|text| serde_json::from_str(text).ok()) {
            Some(Json::Object(object)) => Ok(object),
            _ => Err(InvalidToken),
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Json> {
        self.0.get(name)
    }

    /// The members, in the order of their names.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Json)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The text of a member; `None` if it is absent, an error if it is of another type, such as `null`.
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, InvalidToken> {
        match self.get(name) {
            None => Ok(None),
            Some(Json::Text(text)) => Ok(Some(text)),
            Some(_) => Err(InvalidToken),
        }
    }

    /// The number of a member; `None` if it is absent, an error if it is of another type.
    pub(super) fn number(&self, name: &str) -> Result<Option<f64>, InvalidToken> {
        match self.get(name) {
            None => Ok(None),
            Some(Json::Number(number)) => Ok(Some(*number)),
            Some(_) => Err(InvalidToken),
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reading)
    }
}

struct Reading;

impl<'de> Visitor<'de> for Reading {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E: Error>(self, boolean: bool) -> Result<Json, E> {
        Ok(Json::Boolean(boolean))
    }

    fn visit_unit<E: Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    #[expect(clippy::cast_precision_loss, reason = "a double is what JSON's numbers are read as elsewhere, too")]
    fn visit_i64<E: Error>(self, number: i64) -> Result<Json, E> {
        Ok(Json::Number(number as f64))
    }

    #[expect(clippy::cast_precision_loss, reason = "a double is what JSON's numbers are read as elsewhere, too")]
    fn visit_u64<E: Error>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Number(number as f64))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Json, E> {
        Ok(Json::Number(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut object = BTreeMap::new();
        while let Some(name) = members.next_key()? {
            match object.entry(name) {
                Entry::Vacant(member) => member.insert(members.next_value()?),
                Entry::Occupied(_) => return Err(A::Error::custom("a member stands twice")),
            };
        }
        Ok(Json::Object(Object(object)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_of_another_type_is_an_error() {
        let object = Object::read(br#" {"n": -1.5e3, "i": 7, "t": "\u00e9", "l": [1, true], "z": null} "#).unwrap();
        assert_eq!(object.number("n"), Ok(Some(-1_500.0)));
        assert_eq!(object.number("i"), Ok(Some(7.0)));
        assert_eq!(object.text("t"), Ok(Some("é")));
        assert_eq!(object.get("l"), Some(&Json::List(vec![Json::Number(1.0), Json::Boolean(true)])));
        assert_eq!((object.text("absent"), object.number("absent")), (Ok(None), Ok(None)));
        assert_eq!((object.text("z"), object.number("z")), (Err(InvalidToken), Err(InvalidToken)));
        assert_eq!((object.text("n"), object.number("t")), (Err(InvalidToken), Err(InvalidToken)));
    }

    #[test]
    fn text_that_parsers_may_read_differently_is_refused() {
        for text in [
            "[1]",
            "null",
            "",
            "{} {}",
            "{\"a\":1e999}",
            "{\"a\":1,\"a\":1}",
            "{\"a\":1,\"\\u0061\":1}",
            "{\"c\":{\"d\":[{\"e\":1,\"e\":2}]}}",
            "{\"c\":\"\\ud800\"}",
            "\u{feff}{}",
        ] {
            assert_eq!(Object::read(text.as_bytes()), Err(InvalidToken), "{text}");
        }
        assert_eq!(Object::read(b"{\"c\":\"\xff\"}"), Err(InvalidToken));
        // As many members as 256 kB hold, the longest key set: comparing each with all before it would take 390 million comparisons.
        let many = (0..28_000).map(|number| format!("\"{number:x}\":0")).collect::<Vec<_>>().join(",");
        assert!(Object::read(format!("{{{many},\"last\":0}}").as_bytes()).is_ok());
        assert_eq!(Object::read(format!("{{{many},\"6d5f\":0}}").as_bytes()), Err(InvalidToken));
        assert_eq!(Object::read(format!("{}1{}", "{\"a\":".repeat(500), "}".repeat(500)).as_bytes()), Err(InvalidToken));
    }
}
