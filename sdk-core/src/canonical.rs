//! Canonical JSON (RFC 8785): members sorted by their UTF-16 units, numbers as ECMAScript prints them, no spaces.
use alloc::{string::String, vec::Vec};

use crate::document::json::Json;

/// Appends a JSON string: short escapes where JSON has them, `\u00xx` for other control characters, all else as it is.
pub fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => {
                out.push_str(if control < '\u{10}' { "\\u000" } else { "\\u001" });
                out.push(char::from_digit(u32::from(control) & 15, 16).unwrap_or('0'));
            }
            plain => out.push(plain),
        }
    }
    out.push('"');
}

/// Appends a finite number as ECMAScript prints it; -0 is 0. What is not finite has no JSON and becomes `null`.
pub fn write_number(out: &mut String, number: f64) {
    if number.is_finite() {
        out.push_str(ryu_js::Buffer::new().format_finite(number + 0.0));
    } else {
        out.push_str("null");
    }
}

/// JSON text in its canonical form; `None` where it is not JSON, or holds what canonical JSON cannot (a lone surrogate, a
/// number past the largest double). A member twice: the last counts.
pub fn canonical_text(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    write_json(&mut out, &serde_json::from_str(text).ok()?);
    Some(out)
}

pub(crate) fn write_json(out: &mut String, json: &Json<'_>) {
    match json {
        Json::Null => out.push_str("null"),
        Json::Boolean(boolean) => out.push_str(if *boolean { "true" } else { "false" }),
        Json::Number(number) => write_number(out, *number),
        Json::String(text) => write_string(out, text),
        Json::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_json(out, item);
            }
            out.push(']');
        }
        Json::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by(|(a, _), (b, _)| a.encode_utf16().cmp(b.encode_utf16()));
            out.push('{');
            let mut first = true;
            for (index, (name, value)) in sorted.iter().enumerate() {
                // The sort is stable: of one name twice the last stands behind the others.
                if sorted.get(index + 1).is_some_and(|(next, _)| next == name) {
                    continue;
                }
                if !core::mem::take(&mut first) {
                    out.push(',');
                }
                write_string(out, name);
                out.push(':');
                write_json(out, value);
            }
            out.push('}');
        }
    }
}
