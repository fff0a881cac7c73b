//! Writing contexts, and the values they hold, as JSON.
use alloc::{string::String, vec::Vec};

use super::value::{self, Encoded};
use crate::json::canonical::{write_number, write_string};

/// Appends the pairs of an object as canonical JSON.
pub(super) fn write_members(out: &mut String, mut pairs: &[u8]) {
    let mut members = Vec::new();
    while let Some((name, rest)) = value::split(pairs)
        && let Some((member, rest)) = value::split(rest)
    {
        members.push((text(value::text(name).unwrap_or_default()), member));
        pairs = rest;
    }
    members.sort_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
    out.push('{');
    for (index, (name, member)) in members.into_iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_string(out, name);
        out.push(':');
        write_value(out, member);
    }
    out.push('}');
}

/// Appends the value at the front as canonical JSON; bytes that are no value are written as null.
pub(crate) fn write_value(out: &mut String, encoded: &[u8]) {
    let (whole, _) = value::split(encoded).unwrap_or_default();
    match value::read(whole) {
        None | Some((Encoded::Null, _)) => out.push_str("null"),
        Some((Encoded::Boolean(boolean), _)) => out.push_str(if boolean { "true" } else { "false" }),
        Some((Encoded::Number(number), _)) => write_number(out, number),
        Some((Encoded::Text(bytes), _)) => write_string(out, text(bytes)),
        Some((Encoded::List(_, mut items), _)) => {
            out.push('[');
            while let Some((item, rest)) = value::split(items) {
                write_value(out, item);
                if !rest.is_empty() {
                    out.push(',');
                }
                items = rest;
            }
            out.push(']');
        }
        Some((Encoded::Object(_, pairs), _)) => write_members(out, pairs),
    }
}

fn text(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap_or_default()
}
