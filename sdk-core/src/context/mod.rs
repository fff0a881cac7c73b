//! Evaluation contexts: what is known of whoever asks.
use alloc::{boxed::Box, format, vec::Vec};
use core::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::json::canonical::LooseMembers;

pub(crate) mod index;
pub(crate) mod unit;
pub(crate) mod value;

/// How deep a context may nest; the context itself is the first level.
pub const MAX_CONTEXT_DEPTH: u32 = 16;

/// How many members the objects of a context may have, counted over all of them; the context itself is one.
pub const MAX_CONTEXT_MEMBERS: u32 = 1_000;

/// An evaluation context: attributes by name, each a string, a number, a boolean, a list or an object.
///
/// `customerId`, `organizationId`, `userId`, `sessionId` and `targetingKey` are ordinary attributes with reserved names; an
/// attribute called `now` is ignored. A context that cannot be used (see [`Context::refusal`]) makes every answer an error.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Context {
    /// Pairs of name and value in the form of [`value`].
    members: Vec<u8>,
    refusal: Option<Box<str>>,
}

impl Context {
    /// A context of which nothing is known.
    pub const fn new() -> Self {
        Self { members: Vec::new(), refusal: None }
    }

    /// A context with room for this many bytes of names and values.
    pub fn with_capacity(bytes: usize) -> Self {
        Self { members: Vec::with_capacity(bytes), refusal: None }
    }

    /// Reads a context from JSON text. What is not JSON or may not stand in a context gives a refused context.
    pub fn from_json(text: &str) -> Self {
        let mut context = Self::with_capacity(text.len());
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let read = Members(&mut context.members).deserialize(&mut deserializer).and_then(|()| deserializer.end());
        if let Err(error) = read {
            // Of a member twice the last counts, whatever the first was: that takes a closer look.
            context.members.clear();
            if text.trim_ascii_start().starts_with('{') && last_counts(&mut context.members, text, MAX_CONTEXT_DEPTH).is_some() {
                context.members.drain(..HEAD);
            } else {
                context.refuse(&format!("{error}"));
            }
        }
        context
    }

    /// Takes a context in the byte form that `crate::value` describes: pairs of name and value, as the browser writes them.
    pub fn from_encoded(members: Vec<u8>) -> Self {
        let mut context = Self { members, refusal: None };
        if !is_context(&context.members) {
            context.refuse("not a well-formed context");
        }
        context
    }

    /// Adds a string attribute; of one name twice, the last counts.
    #[must_use]
    pub fn string(mut self, name: &str, text: &str) -> Self {
        self.push_name(name);
        self.push_string(text);
        self
    }

    /// Adds a number; one that is not finite makes the context a refused one.
    #[must_use]
    pub fn number(mut self, name: &str, number: f64) -> Self {
        self.push_name(name);
        if !number.is_finite() {
            self.refuse("a number is not finite");
        }
        value::push_number(&mut self.members, number);
        self
    }

    /// Adds a boolean.
    #[must_use]
    pub fn boolean(mut self, name: &str, boolean: bool) -> Self {
        self.push_name(name);
        self.members.push(if boolean { value::TRUE } else { value::FALSE });
        self
    }

    /// The same context with these members alone; of a refused one, nothing.
    #[must_use]
    pub fn only(&self, names: &[&str]) -> Self {
        self.filtered(|is_named| is_named, names)
    }

    /// The same context without these members; of a refused one, nothing.
    #[must_use]
    pub fn without(&self, names: &[&str]) -> Self {
        self.filtered(|is_named| !is_named, names)
    }

    fn filtered(&self, stays: impl Fn(bool) -> bool, names: &[&str]) -> Self {
        let (mut filtered, mut rest) = (Self::new(), self.members.as_slice());
        while let Some((name, after)) = value::split(rest) {
            let Some((member, after)) = value::split(after) else { break };
            rest = after;
            if stays(value::text(name).is_some_and(|name| names.iter().any(|wanted| wanted.as_bytes() == name))) {
                filtered.members.extend_from_slice(name);
                filtered.members.extend_from_slice(member);
            }
        }
        filtered
    }

    /// The members in the byte form that [`Context::from_encoded`] takes.
    pub fn encoded(&self) -> &[u8] {
        &self.members
    }

    /// Why this context cannot be used, if it cannot: not an object, U+0000 or a lone surrogate in a name or text, a number
    /// that is no finite double, nesting deeper than [`MAX_CONTEXT_DEPTH`].
    pub fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }

    pub(crate) fn members(&self) -> &[u8] {
        &self.members
    }

    fn push_name(&mut self, name: &str) {
        self.push_string(name);
    }

    fn push_string(&mut self, text: &str) {
        if text.as_bytes().contains(&0) {
            self.refuse("U+0000 in a name or text");
        }
        value::push_text(&mut self.members, value::STRING, text.as_bytes());
    }

    fn refuse(&mut self, why: &str) {
        self.members.clear();
        self.refusal.get_or_insert_with(|| why.into());
    }
}

/// Bytes of a container's head: tag and count.
const HEAD: usize = 5;

/// Writes a value of JSON text, leaving out members that another of the same name follows; `None` where what stays is refused.
fn last_counts(out: &mut Vec<u8>, text: &str, depth: u32) -> Option<()> {
    let text = text.trim_ascii();
    match text.as_bytes().first()? {
        b'{' => {
            let depth = depth.checked_sub(1)?;
            let members = serde_json::from_str::<LooseMembers<'_>>(text).ok()?.last_of_each();
            out.push(value::OBJECT);
            out.extend_from_slice(&u32::try_from(members.len()).ok()?.to_le_bytes());
            for (name, member) in members {
                let name = core::str::from_utf8(&name).ok()?;
                Attribute { out, depth: 0 }.visit_str::<serde::de::value::Error>(name).ok()?;
                last_counts(out, member.get(), depth)?;
            }
        }
        b'[' => {
            let depth = depth.checked_sub(1)?;
            let items = serde_json::from_str::<Vec<&RawValue>>(text).ok()?;
            out.push(value::LIST);
            out.extend_from_slice(&u32::try_from(items.len()).ok()?.to_le_bytes());
            for item in items {
                last_counts(out, item.get(), depth)?;
            }
        }
        _ => Attribute { out, depth: 0 }.deserialize(&mut serde_json::Deserializer::from_str(text)).ok()?,
    }
    Some(())
}

/// Whether the bytes are pairs of name and value that a context may hold.
pub(crate) fn is_context(mut members: &[u8]) -> bool {
    while !members.is_empty() {
        let name = if members.first() == Some(&value::STRING) { value::after(members, 0, true) } else { None };
        let Some(rest) = name.and_then(|rest| value::after(rest, MAX_CONTEXT_DEPTH - 1, true)) else { return false };
        members = rest;
    }
    true
}

/// Writes the members of one object.
struct Members<'a>(&'a mut Vec<u8>);

impl<'de> DeserializeSeed<'de> for Members<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of attributes")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        pairs(self.0, MAX_CONTEXT_DEPTH - 1, map).map(drop)
    }
}

fn pairs<'de, A: MapAccess<'de>>(out: &mut Vec<u8>, depth: u32, mut map: A) -> Result<u32, A::Error> {
    let mut count = 0;
    while map.next_key_seed(Name(out))?.is_some() {
        map.next_value_seed(Attribute { out, depth })?;
        count += 1;
    }
    Ok(count)
}

/// Writes a member's name.
struct Name<'a>(&'a mut Vec<u8>);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<(), E> {
        Attribute { out: self.0, depth: 0 }.visit_str(name)
    }
}

/// Writes one value that may nest `depth` levels.
struct Attribute<'a> {
    out: &'a mut Vec<u8>,
    depth: u32,
}

impl Attribute<'_> {
    /// Writes the head of a container; answers the place of its count and how deep its children may nest.
    fn open<E: serde::de::Error>(&mut self, tag: u8) -> Result<(usize, u32), E> {
        let inner = self.depth.checked_sub(1).ok_or_else(|| E::custom("nested deeper than 16 levels"))?;
        self.out.push(tag);
        let place = self.out.len();
        self.out.extend_from_slice(&[0; 4]);
        Ok((place, inner))
    }

    fn close(&mut self, place: usize, count: u32) {
        if let Some(bytes) = self.out.get_mut(place..place + 4) {
            bytes.copy_from_slice(&count.to_le_bytes());
        }
    }
}

impl<'de> DeserializeSeed<'de> for Attribute<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Attribute<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an attribute's value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.out.push(value::NULL);
        Ok(())
    }

    fn visit_bool<E>(self, boolean: bool) -> Result<(), E> {
        self.out.push(if boolean { value::TRUE } else { value::FALSE });
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "every JSON number is first its nearest double")]
    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        value::push_number(self.out, number as f64);
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "every JSON number is first its nearest double")]
    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        value::push_number(self.out, number as f64);
        Ok(())
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<(), E> {
        if !number.is_finite() {
            return Err(E::custom("a number is not finite"));
        }
        value::push_number(self.out, number);
        Ok(())
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        if text.as_bytes().contains(&0) {
            return Err(E::custom("U+0000 in a name or text"));
        }
        value::push_text(self.out, value::STRING, text.as_bytes());
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        let (place, depth) = self.open(value::LIST)?;
        let mut count = 0;
        while list.next_element_seed(Attribute { out: self.out, depth })?.is_some() {
            count += 1;
        }
        self.close(place, count);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, map: A) -> Result<(), A::Error> {
        let (place, depth) = self.open(value::OBJECT)?;
        let count = pairs(self.out, depth, map)?;
        self.close(place, count);
        Ok(())
    }
}
