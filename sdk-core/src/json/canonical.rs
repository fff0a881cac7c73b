//! Canonical JSON (RFC 8785): members sorted by their UTF-16 units, numbers as ECMAScript prints them, no spaces.
use alloc::{borrow::Cow, string::String, vec::Vec};
use core::ops::Range;

use super::{
    cursor::{Cursor, MAX_NESTING, double},
    object::Object,
    spelled::Spelled,
    tree::Json,
    value::{Members, Name, Node, Value},
};

/// Appends a JSON string: short escapes for the characters that have one, `\u00xx` for other control characters, all else as it is.
pub fn write_string(out: &mut String, text: &str) {
    out.push('"');
    escape(out, text);
    out.push('"');
}

/// Appends the characters of a JSON string without its quotes.
fn escape(out: &mut String, text: &str) {
    let mut rest = text;
    // Text without escapes is copied as a whole.
    while let Some(at) = rest.bytes().position(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
        let (plain, special) = rest.split_at(at);
        out.push_str(plain);
        let mut characters = special.chars();
        match characters.next().unwrap_or_default() {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control => {
                out.push_str(if control < '\u{10}' { "\\u000" } else { "\\u001" });
                out.push(char::from_digit(u32::from(control) & 15, 16).unwrap_or('0'));
            }
        }
        rest = characters.as_str();
    }
    out.push_str(rest);
}

/// Appends a finite number as ECMAScript prints it; -0 is 0. Infinities and NaN have no JSON form and become `null`.
pub fn write_number(out: &mut String, number: f64) {
    if number.is_finite() {
        out.push_str(ryu_js::Buffer::new().format_finite(number + 0.0));
    } else {
        out.push_str("null");
    }
}

/// Rewrites JSON text in its canonical form; `None` if it is no JSON, a number is past the largest double, or the text nests deeper than
/// [`MAX_NESTING`].
///
/// ECMAScript's `JSON.parse` and `JSON.stringify` give the same text, except for the order of members: of a member that stands twice the
/// last counts, and a lone surrogate stays an escape.
///
/// ```
/// use sdk_core::json::canonical::canonical_text;
///
/// assert_eq!(canonical_text(r#"{ "b": 1.0, "a": "\u0041", "b": -0 }"#).as_deref(), Some(r#"{"a":"A","b":0}"#));
/// assert_eq!(canonical_text("1e999"), None);
/// ```
pub fn canonical_text(text: &str) -> Option<String> {
    let (mut out, mut cursor) = (String::with_capacity(text.len()), Cursor::new(text));
    carry(&mut out, &mut cursor, 1)?;
    cursor.finish().ok()?;
    Some(out)
}

/// Appends the next value, which stands at `level`.
fn carry(out: &mut String, cursor: &mut Cursor<'_>, level: u32) -> Option<()> {
    match cursor.next()? {
        b'{' | b'[' if level > MAX_NESTING => return None,
        b'"' => write_loose(out, &cursor.string().ok()?.loose()),
        b'[' => {
            cursor.open(b'[');
            out.push('[');
            let mut first = true;
            while cursor.entry(b']', first).ok()? {
                if !core::mem::take(&mut first) {
                    out.push(',');
                }
                carry(out, cursor, level + 1)?;
            }
            out.push(']');
        }
        b'{' => {
            cursor.open(b'{');
            let start = out.len();
            let mut members: Vec<(Cow<'_, [u8]>, Range<usize>)> = Vec::new();
            while cursor.entry(b'}', members.is_empty()).ok()? {
                let (name, from) = (cursor.name().ok()?.loose(), out.len() - start);
                carry(out, cursor, level + 1)?;
                members.push((name, from..out.len() - start));
            }
            // The values stand in the order of the text; here they are put behind their names, sorted.
            let values = out.split_off(start);
            out.push('{');
            for (index, (name, value)) in last_of_each(members).into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_loose(out, &name);
                out.push(':');
                out.push_str(values.get(value)?);
            }
            out.push('}');
        }
        b't' | b'f' | b'n' => out.push_str(cursor.skip(level).ok()?),
        _ => write_number(out, double(cursor.number().ok()?)?),
    }
    Some(())
}

/// Sorts members by the UTF-16 units of their names, and keeps the last of those with the same name.
fn last_of_each<N: AsRef<[u8]>, V>(mut members: Vec<(N, V)>) -> Vec<(N, V)> {
    members.reverse();
    members.sort_by(|(a, _), (b, _)| units(a.as_ref()).cmp(units(b.as_ref())));
    members.dedup_by(|(later, _), (earlier, _)| later.as_ref() == earlier.as_ref());
    members
}

/// The UTF-16 units of a text in which surrogates may stand alone, in three bytes like any unit from U+0800 on.
fn units(text: &[u8]) -> impl Iterator<Item = u16> {
    let mut rest = text;
    let mut low = None;
    core::iter::from_fn(move || {
        if let Some(low) = low.take() {
            return Some(low);
        }
        let (unit, tail) = match rest {
            [a, tail @ ..] if *a < 0x80 => (u32::from(*a), tail),
            [a, b, tail @ ..] if *a < 0xE0 => (u32::from(a & 0x1F) << 6 | u32::from(b & 0x3F), tail),
            [a, b, c, tail @ ..] if *a < 0xF0 => (u32::from(a & 0x0F) << 12 | u32::from(b & 0x3F) << 6 | u32::from(c & 0x3F), tail),
            [a, b, c, d, tail @ ..] => {
                let scalar = u32::from(a & 0x07) << 18 | u32::from(b & 0x3F) << 12 | u32::from(c & 0x3F) << 6 | u32::from(d & 0x3F);
                low = u16::try_from(0xDC00 | scalar & 0x3FF).ok();
                (0xD7C0 + (scalar >> 10), tail)
            }
            _ => return None,
        };
        rest = tail;
        u16::try_from(unit).ok()
    })
}

/// Appends a JSON string in which surrogates may stand alone; each of those is written as an escape.
pub(crate) fn write_loose(out: &mut String, text: &[u8]) {
    out.push('"');
    let mut rest = text;
    while !rest.is_empty() {
        let valid = match core::str::from_utf8(rest) {
            Ok(valid) => valid,
            Err(error) => core::str::from_utf8(rest.get(..error.valid_up_to()).unwrap_or_default()).unwrap_or_default(),
        };
        escape(out, valid);
        rest = rest.get(valid.len()..).unwrap_or_default();
        if let [0xED, middle, last, tail @ ..] = rest {
            let unit = 0xD000 | u32::from(middle & 0x3F) << 6 | u32::from(last & 0x3F);
            out.push_str("\\u");
            for shift in [12, 8, 4, 0] {
                out.extend(char::from_digit(unit >> shift & 15, 16));
            }
            rest = tail;
        } else if !rest.is_empty() {
            return out.push('"');
        }
    }
    out.push('"');
}

/// Appends JSON without spaces, after `arrange` has sorted or dropped members of each object.
pub fn write_arranged<'j, 't>(out: &mut String, json: &'j Json<'t>, arrange: &impl Fn(&mut Vec<&'j (Cow<'t, str>, Json<'t>)>)) {
    match json {
        Json::Null => out.push_str("null"),
        Json::Boolean(boolean) => out.push_str(if *boolean { "true" } else { "false" }),
        Json::Number(number) => write_number(out, *number),
        Json::String(text) => write_string(out, text),
        Json::Array(items) => write_list(out, items.iter(), |out, item| write_arranged(out, item, arrange)),
        Json::Object(members) => {
            let mut arranged: Vec<_> = members.iter().collect();
            arrange(&mut arranged);
            let mut object = Object::open(out);
            for (name, value) in arranged {
                write_arranged(object.member(name), value, arrange);
            }
            object.close();
        }
    }
}

/// Appends canonical JSON; of a member that stands twice the last counts.
pub(crate) fn write_json(out: &mut String, value: Value<'_, '_>) {
    write_json_within(out, value, usize::MAX);
}

/// Appends canonical JSON as [`write_json`] does, but leaves out values once `out` is longer than `most`: text that came out longer is
/// not JSON. Numbers alone may take more bytes than in the text that was read.
pub(crate) fn write_json_within(out: &mut String, value: Value<'_, '_>, most: usize) {
    if out.len() > most {
        return;
    }
    match value.node() {
        Node::Null => out.push_str("null"),
        Node::Boolean(boolean) => out.push_str(if boolean { "true" } else { "false" }),
        Node::Number(number) => write_number(out, number),
        Node::String(text) => write_string(out, &text),
        Node::Array(items) => write_list(out, items, |out, item| write_json_within(out, item, most)),
        Node::Object(members) => write_members_within(out, &members, |_| true, most),
    }
}

/// Appends an object of the members whose names `is_wanted` accepts.
pub(crate) fn write_members(out: &mut String, members: &Members<'_, '_>, is_wanted: impl Fn(Name<'_, '_>) -> bool) {
    write_members_within(out, members, is_wanted, usize::MAX);
}

/// Appends such an object as [`write_json_within`] does.
pub(crate) fn write_members_within(out: &mut String, members: &Members<'_, '_>, is_wanted: impl Fn(Name<'_, '_>) -> bool, most: usize) {
    let mut sorted = members.in_order(Spelled::compare_units).filter(|(name, _)| is_wanted(*name)).peekable();
    let mut object = Object::open(out);
    while let Some((name, value)) = sorted.next() {
        // The order is stable, so the last of equal names comes last.
        if sorted.peek().is_some_and(|(next, _)| next.spelled().is(name.spelled())) {
            continue;
        }
        write_json_within(object.member(&name.text()), value, most);
    }
    object.close();
}

/// Appends a list; `write` appends each of its items.
pub(crate) fn write_list<T>(out: &mut String, items: impl Iterator<Item = T>, write: impl Fn(&mut String, T)) {
    out.push('[');
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(out, item);
    }
    out.push(']');
}
