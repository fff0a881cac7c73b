//! Names and values that are carried from one text into another without being read.
use alloc::{string::String, vec::Vec};

use super::{
    canonical::{write_loose, write_string},
    cursor::Cursor,
};

/// Splits an object into its members: each name as JSON spells it between the quotes, and the text of its value.
///
/// Names are spelled as RFC 8785 does, so that equal names have equal texts; a name that no text can hold, such as one with a lone
/// surrogate, keeps its escapes. A name that stands twice is there twice. `None` if the text is no object, or nests deeper than
/// [`MAX_NESTING`](crate::limits::MAX_NESTING).
///
/// ```
/// use sdk_core::json::spelled_members;
///
/// let members = spelled_members(r#"{ "a\u0062": [1, 2], "\ud800": {} }"#);
/// assert_eq!(members, Some(vec![("ab".into(), "[1, 2]"), (r"\ud800".into(), "{}")]));
/// assert_eq!(spelled_members("[1, 2]"), None);
/// ```
pub fn spelled_members(text: &str) -> Option<Vec<(String, &str)>> {
    let (mut cursor, mut members) = (Cursor::new(text), Vec::new());
    if !cursor.open(b'{') {
        return None;
    }
    while cursor.entry(b'}', members.is_empty()).ok()? {
        let name = cursor.name().ok()?.loose();
        let mut quoted = String::with_capacity(name.len() + 2);
        write_loose(&mut quoted, &name);
        members.push((unquoted(&quoted).into(), cursor.skip(2).ok()?));
    }
    cursor.finish().ok()?;
    Some(members)
}

/// Writes a text as a JSON string, with its quotes.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    write_string(&mut quoted, text);
    quoted
}

/// The characters between the quotes of a JSON string; a text without quotes is returned as it is.
pub fn unquoted(string: &str) -> &str {
    string.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(string)
}

#[cfg(test)]
mod tests {
    use alloc::{collections::BTreeMap, string::String, vec::Vec};

    use serde_json::value::RawValue;

    use super::{quoted, spelled_members, unquoted};
    use crate::matching::seeded::Seeded;

    /// Compares with `serde_json`, which reads only names that are text and keeps the last of a name that stands twice.
    #[test]
    fn members_are_those_that_serde_json_reads() {
        let seeds = [
            r#" { "a" : [1, {"b": -2.5e3}] , "\u00e9\n\"" : "x\\\u0041" , "" : {} , "a" : null } "#,
            r#"{"key":{"c":[true,false]},"key2":"}"}"#,
        ];
        let (mut random, mut taken, mut refused) = (Seeded(23), 0, 0);
        for round in 0..40_000 {
            let mut text = seeds[round % seeds.len()].as_bytes().to_vec();
            for _ in 0..random.below(3) {
                random.mutate(&mut text, b"{}[]\",:\\u019e-. \n\x1ftn");
            }
            let Ok(text) = String::from_utf8(text) else { continue };
            let theirs = serde_json::from_str::<BTreeMap<String, &RawValue>>(&text);
            match (spelled_members(&text), theirs) {
                (Some(ours), Ok(theirs)) => {
                    let ours: BTreeMap<String, &str> = ours.into_iter().collect();
                    let theirs: Vec<(String, &str)> =
                        theirs.iter().map(|(name, raw)| (unquoted(&quoted(name)).into(), raw.get())).collect();
                    assert_eq!(ours, theirs.into_iter().collect(), "{text}");
                    taken += 1;
                }
                (None, Err(_)) => refused += 1,
                // Only `spelled_members` takes a name that is no text.
                (Some(ours), Err(_)) => assert!(ours.iter().any(|(name, _)| name.contains("\\ud")), "{text}"),
                (None, Ok(_)) => panic!("{text}"),
            }
        }
        assert!(taken > 4_000 && refused > 4_000, "{taken} {refused}");
    }
}
