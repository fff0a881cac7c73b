//! Names and values as JSON spells them: what stands in a text is carried on unread.
use alloc::{string::String, vec::Vec};

use super::canonical::{LooseMembers, write_loose, write_string};

/// The members of an object: names as JSON spells them between the quotes, so that any name can be carried, and values unread.
/// `None` where the text is no object.
pub fn spelled_members(text: &str) -> Option<Vec<(String, &str)>> {
    let members = serde_json::from_str::<LooseMembers<'_>>(text).ok()?;
    let mut found = Vec::with_capacity(members.0.len());
    for (name, raw) in members.0 {
        let mut quoted = String::with_capacity(name.len() + 2);
        write_loose(&mut quoted, &name);
        found.push((unquoted(&quoted).into(), raw.get()));
    }
    Some(found)
}

/// A text as a JSON string.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    write_string(&mut quoted, text);
    quoted
}

/// The characters between the quotes of a JSON string.
pub fn unquoted(string: &str) -> &str {
    string.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(string)
}
