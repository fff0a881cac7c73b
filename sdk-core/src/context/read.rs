//! Reading contexts from JSON text.
use alloc::{boxed::Box, format, string::String, vec::Vec};
use core::fmt;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{
    check::{MAX_CONTEXT_DEPTH, Size, TOO_DEEP},
    value,
};

/// Bytes of a container's head: its tag and its count.
const HEAD: usize = 5;

/// Reads a context: its pairs in the form of [`value`], and their size.
///
/// Takes time and memory linear in the text, but for sorting the names of an object in which one stands twice.
pub(super) fn read(text: &str) -> Result<(Vec<u8>, Size), Box<str>> {
    if !text.trim_ascii_start().starts_with('{') {
        return Err("not an object".into());
    }
    let mut out = Vec::with_capacity(HEAD + text.len());
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let written = Writer(&mut out).deserialize(&mut deserializer).and_then(|()| deserializer.end());
    if written.is_ok()
        && let Some(pairs) = out.get(HEAD..)
        && let Ok(size) = Size::NONE.with(pairs)
    {
        out.drain(..HEAD);
        return Ok((out, size));
    }
    // The text has a fault, but the fault may stand in a value that a later member of the same name replaces. Each level of nesting that a
    // context may have is read once more.
    out.clear();
    write_last(&mut out, text, MAX_CONTEXT_DEPTH)?;
    out.drain(..HEAD);
    let size = Size::NONE.with(&out)?;
    Ok((out, size))
}

/// Writes a value that may nest `depth` levels, without the members that another of the same name follows.
fn write_last(out: &mut Vec<u8>, text: &str, depth: u32) -> Result<(), Box<str>> {
    let text = text.trim_ascii();
    let inner = || depth.checked_sub(1).ok_or(TOO_DEEP);
    match text.as_bytes().first() {
        Some(b'{') => {
            let depth = inner()?;
            let place = open(out, value::OBJECT);
            let mut count = 0;
            let mut pairs = serde_json::from_str::<Pairs<'_>>(text).map_err(|error| full_reason(&error))?.0;
            // The sort is stable: of one name twice, the last stays behind the others.
            pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
            let mut pairs = pairs.into_iter().peekable();
            while let Some((name, member)) = pairs.next() {
                if pairs.peek().is_some_and(|(next, _)| *next == name) {
                    continue;
                }
                value::push_text(out, value::STRING, name.as_bytes());
                write_last(out, member.get(), depth)?;
                count += 1;
            }
            close(out, place, count);
        }
        Some(b'[') => {
            let depth = inner()?;
            let place = open(out, value::LIST);
            let mut count = 0;
            for item in serde_json::from_str::<Vec<&RawValue>>(text).map_err(|error| full_reason(&error))? {
                write_last(out, item.get(), depth)?;
                count += 1;
            }
            close(out, place, count);
        }
        _ => Writer(out).deserialize(&mut serde_json::Deserializer::from_str(text)).map_err(|error| reason(&error))?,
    }
    Ok(())
}

fn full_reason(error: &serde_json::Error) -> Box<str> {
    format!("{error}").into()
}

/// Writes the head of a container; returns the place of its count.
fn open(out: &mut Vec<u8>, tag: u8) -> usize {
    out.push(tag);
    out.extend_from_slice(&[0; 4]);
    out.len() - 4
}

fn close(out: &mut [u8], place: usize, count: u32) {
    if let Some(bytes) = out.get_mut(place..place + 4) {
        bytes.copy_from_slice(&count.to_le_bytes());
    }
}

/// The members of an object in their order, the values unread.
struct Pairs<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Pairs<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs<'de>, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Pairs(pairs))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// Writes one value as it stands, without checking the limits of contexts.
struct Writer<'a>(&'a mut Vec<u8>);

impl<'de> DeserializeSeed<'de> for Writer<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Writer<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.0.push(value::NULL);
        Ok(())
    }

    fn visit_bool<E>(self, boolean: bool) -> Result<(), E> {
        self.0.push(if boolean { value::TRUE } else { value::FALSE });
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "every JSON number is first its nearest double")]
    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        value::push_number(self.0, number as f64);
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "every JSON number is first its nearest double")]
    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        value::push_number(self.0, number as f64);
        Ok(())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        value::push_number(self.0, number);
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        value::push_text(self.0, value::STRING, text.as_bytes());
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let place = open(self.0, value::LIST);
        let mut count = 0;
        while list.next_element_seed(Writer(self.0))?.is_some() {
            count += 1;
        }
        close(self.0, place, count);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let place = open(self.0, value::OBJECT);
        let mut count = 0;
        // `serde_json` passes names as strings.
        while map.next_key_seed(Writer(self.0))?.is_some() {
            map.next_value_seed(Writer(self.0))?;
            count += 1;
        }
        close(self.0, place, count);
        Ok(())
    }
}

/// The parser's message without its line and column, which count from the start of one value.
fn reason(error: &serde_json::Error) -> String {
    let message = format!("{error}");
    let end = message.rfind(" at line ").unwrap_or(message.len());
    message.get(..end).unwrap_or_default().into()
}
