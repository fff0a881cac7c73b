//! The byte form of attribute values, in which contexts and operands are kept and of which fingerprints are taken.
//!
//! A value is a tag and its payload. Equal scalars have equal bytes, so comparing them is comparing bytes:
//!
//! | tag | payload |
//! | --- | --- |
//! | [`NULL`] [`FALSE`] [`TRUE`] | none |
//! | [`NUMBER`] | the double, 8 bytes little-endian; finite, never -0 |
//! | [`STRING`] | length in 7-bit groups, lowest first, the last without its top bit; UTF-8 |
//! | [`LIST`] | count, 4 bytes little-endian; that many values |
//! | [`OBJECT`] | count, 4 bytes little-endian; that many pairs of a string value (the name, no two alike) and a value |
//!
//! Only in tables: [`FOLDED`], a string in lower case, and [`JSON`], canonical JSON text; both laid out like [`STRING`].
use alloc::vec::Vec;

use super::MAX_CONTEXT_DEPTH;

pub(crate) const NULL: u8 = 0;
pub(crate) const FALSE: u8 = 1;
pub(crate) const TRUE: u8 = 2;
pub(crate) const NUMBER: u8 = 3;
pub(crate) const STRING: u8 = 4;
pub(crate) const LIST: u8 = 5;
pub(crate) const OBJECT: u8 = 6;
pub(crate) const FOLDED: u8 = 7;
pub(crate) const JSON: u8 = 8;

/// Bytes of an encoded number.
pub(crate) const NUMBER_BYTES: usize = 9;

/// One value, read in place.
#[derive(Clone, Copy)]
pub(crate) enum Encoded<'a> {
    Null,
    Boolean(bool),
    Number(f64),
    /// A string, folded text or JSON text; the tag tells which.
    Text(&'a [u8]),
    /// The values follow one another in the bytes.
    List(u32, &'a [u8]),
    /// Names and values follow one another in the bytes.
    Object(u32, &'a [u8]),
}

/// Reads the value at the front without its children, and the bytes behind it, for a container those behind its head. `None` if no value
/// stands there.
pub(crate) fn read(bytes: &[u8]) -> Option<(Encoded<'_>, &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    Some(match tag {
        NULL => (Encoded::Null, rest),
        FALSE | TRUE => (Encoded::Boolean(tag == TRUE), rest),
        NUMBER => {
            let (bits, rest) = rest.split_first_chunk()?;
            (Encoded::Number(f64::from_le_bytes(*bits)), rest)
        }
        STRING | FOLDED | JSON => {
            let (length, rest) = read_length(rest)?;
            let (text, rest) = rest.split_at_checked(length)?;
            (Encoded::Text(text), rest)
        }
        LIST | OBJECT => {
            let (count, rest) = rest.split_first_chunk()?;
            let count = u32::from_le_bytes(*count);
            (if tag == LIST { Encoded::List(count, rest) } else { Encoded::Object(count, rest) }, rest)
        }
        _ => return None,
    })
}

/// The value at the front with all its children, and the bytes behind it; `None` if no value stands there.
pub(crate) fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    bytes.split_at_checked(length(bytes)?)
}

/// The number of bytes of the value at the front with all its children.
#[inline]
fn length(bytes: &[u8]) -> Option<usize> {
    match bytes {
        // Text of at most 127 bytes has one byte of length.
        [STRING, length @ ..=127, ..] => Some(2 + usize::from(*length)),
        _ => Some(bytes.len() - after(bytes, MAX_CONTEXT_DEPTH)?.len()),
    }
}

/// The text of a value that is a string.
pub(crate) fn text(value: &[u8]) -> Option<&[u8]> {
    match read(value)? {
        (Encoded::Text(text), _) => Some(text),
        _ => None,
    }
}

/// The encoding of a number, which is not normalised: -0 stays -0.
pub(crate) fn encoded(number: f64) -> [u8; NUMBER_BYTES] {
    let mut encoded = [NUMBER; NUMBER_BYTES];
    if let Some(place) = encoded.last_chunk_mut() {
        *place = number.to_le_bytes();
    }
    encoded
}

/// The value of the pair in `members` that has this name.
pub(crate) fn member<'a>(members: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let whole = 1 + length_bytes(name.len()) + name.len();
    let (mut rest, mut is_name, mut is_found) = (members, true, false);
    while !rest.is_empty() {
        let (part, after) = rest.split_at_checked(length(rest)?)?;
        if is_found {
            return Some(part);
        }
        // Lengths tell most names apart.
        is_found = is_name && part.len() == whole && part.ends_with(name);
        (rest, is_name) = (after, !is_name);
    }
    None
}

/// The pairs of an object, without the bytes behind the object.
#[cfg(test)]
pub(crate) fn members(object: &[u8]) -> Option<&[u8]> {
    let (whole, _) = split(object)?;
    match read(whole)? {
        (Encoded::Object(_, pairs), _) => Some(pairs),
        _ => None,
    }
}

/// The bytes after the value at the front, which nests at most `depth` deep; `None` if no such value is there.
#[cfg_attr(target_arch = "wasm32", inline(never))] // for its size
pub(crate) fn after(bytes: &[u8], depth: u32) -> Option<&[u8]> {
    let (value, mut rest) = read(bytes)?;
    let (count, parts) = match value {
        Encoded::List(count, _) => (count, 1),
        Encoded::Object(count, _) => (count, 2),
        Encoded::Null | Encoded::Boolean(_) | Encoded::Number(_) | Encoded::Text(_) => return Some(rest),
    };
    let depth = depth.checked_sub(1)?;
    for _ in 0..count {
        for _ in 0..parts {
            rest = after(rest, depth)?;
        }
    }
    Some(rest)
}

/// The offset at which a part of some bytes starts.
pub(crate) fn offset(bytes: &[u8], part: &[u8]) -> usize {
    (part.as_ptr() as usize).wrapping_sub(bytes.as_ptr() as usize)
}

pub(crate) fn push_number(out: &mut Vec<u8>, number: f64) {
    out.push(NUMBER);
    // Adding zero turns -0 into 0 and changes nothing else.
    out.extend_from_slice(&(number + 0.0).to_le_bytes());
}

/// Appends text under the tag [`STRING`], [`FOLDED`] or [`JSON`].
#[inline]
pub(crate) fn push_text(out: &mut Vec<u8>, tag: u8, text: &[u8]) {
    if let Ok(length @ ..=127) = u8::try_from(text.len()) {
        // Text of at most 127 bytes has one byte of length.
        out.extend_from_slice(&[tag, length]);
    } else {
        out.push(tag);
        push_length(out, text.len());
    }
    out.extend_from_slice(text);
}

/// Appends the head of a list or an object; `count` items or pairs are to follow.
pub(crate) fn push_head(out: &mut Vec<u8>, tag: u8, count: usize) {
    out.push(tag);
    // No context has that many: the limits refuse it.
    out.extend_from_slice(&u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
}

/// The most bytes that a text's tag and length take.
pub(crate) const HEAD: usize = 5;

/// Makes a value of text that stands behind [`HEAD`] bytes of room: the last bytes of the room become its head.
pub(crate) fn with_head(tag: u8, text: &mut [u8]) -> &[u8] {
    let length = text.len().saturating_sub(HEAD);
    let (mut start, mut more) = (HEAD, 0);
    let mut put = |byte| {
        start = start.wrapping_sub(1);
        if let Some(place) = text.get_mut(start) {
            *place = byte;
        }
    };
    for shift in [21, 14, 7, 0] {
        if shift == 0 || length >> shift > 0 {
            #[expect(clippy::cast_possible_truncation, reason = "masked to seven bits")]
            put((length >> shift & 0x7F) as u8 | more);
            more = 0x80;
        }
    }
    put(tag);
    text.get(start..).unwrap_or_default()
}

fn push_length(out: &mut Vec<u8>, mut length: usize) {
    loop {
        #[expect(clippy::cast_possible_truncation, reason = "masked to seven bits")]
        let group = (length & 0x7F) as u8;
        length >>= 7;
        if length == 0 {
            return out.push(group);
        }
        out.push(group | 0x80);
    }
}

/// The number of bytes that the length of a text takes.
pub(crate) fn length_bytes(length: usize) -> usize {
    let (mut bytes, mut rest) = (1, length >> 7);
    while rest > 0 {
        bytes += 1;
        rest >>= 7;
    }
    bytes
}

/// A number in 7-bit groups, and the bytes behind it; `None` if it has more than four groups.
#[cfg_attr(target_arch = "wasm32", inline(never))] // for its size
pub(crate) fn read_length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (mut length, mut shift, mut rest) = (0_usize, 0, bytes);
    loop {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        length |= usize::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return Some((length, rest));
        }
        shift += 7;
        if shift > 21 {
            return None;
        }
    }
}
