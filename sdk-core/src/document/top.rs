//! Reads the top level of a document: its members, and the places of its flags and segments, whose values stay unread.
use alloc::{collections::BTreeMap, format, string::String, vec::Vec};

use super::{
    error::DocumentError,
    limits::{MAX_FLAGS, MAX_SEGMENTS},
};
use crate::{
    bucket::BucketKey,
    json::{
        Place, Tape, Value,
        cursor::{Cursor, Fault, Member},
        spelled::Spelled,
    },
};

/// The members of a document.
const NAMES: [&str; 7] = ["schema", "environment", "bucketKey", "private", "segments", "flags", "overrides"];

/// The top level of a document whose text is JSON within the limits.
pub(crate) struct Top<'t> {
    pub(crate) environment: Option<String>,
    pub(crate) key: BucketKey,
    /// Attributes that a pinned or signed identity always knows.
    pub(crate) private: Vec<String>,
    pub(crate) segments: Vec<Member<'t>>,
    pub(crate) flags: Vec<Member<'t>>,
    /// The offset of the overrides, and their text.
    pub(crate) overrides: Option<(usize, &'t str)>,
}

impl<'t> Top<'t> {
    /// Reads the text once, up to its end. An error refuses the document. `segment` and `flag` recognise values as
    /// [`Cursor::member`] says.
    pub(crate) fn read(
        text: &'t str,
        missing_key: Option<BucketKey>,
        mut segment: impl FnMut(&str, &str) -> Option<usize>,
        mut flag: impl FnMut(&str, &str) -> Option<usize>,
    ) -> Result<Self, DocumentError> {
        let root = Place::ROOT;
        let mut cursor = Cursor::new(text);
        if !cursor.open(b'{') {
            return Err(DocumentError::at(root, "expected an object"));
        }
        let mut found: BTreeMap<&str, (usize, &'t str)> = BTreeMap::new();
        let (mut segments, mut flags) = (Vec::new(), Vec::new());
        let mut first = true;
        while cursor.entry(b'}', core::mem::take(&mut first)).map_err(|fault| refusal(&cursor, fault))? {
            let name = cursor.name().and_then(Spelled::text).map_err(|fault| refusal(&cursor, fault))?;
            let place = root.name(&name);
            let Some(known) = NAMES.into_iter().find(|known| *known == name) else {
                return Err(DocumentError::at(place, format!("unknown member, expected one of {}", NAMES.join(", "))));
            };
            cursor.next();
            let at = cursor.at();
            match known {
                "segments" => segments = section(&mut cursor, place, MAX_SEGMENTS, &mut segment)?,
                "flags" => flags = section(&mut cursor, place, MAX_FLAGS, &mut flag)?,
                _ => skip(&mut cursor, place)?,
            }
            if found.insert(known, (at, text.get(at..cursor.at()).unwrap_or_default())).is_some() {
                return Err(DocumentError::at(place, "a member of this name stands here twice"));
            }
        }
        cursor.finish().map_err(|fault| refusal(&cursor, fault))?;

        let string = |name: &str| -> Result<Option<String>, DocumentError> {
            let Some((_, raw)) = found.get(name) else { return Ok(None) };
            let tape = Tape::read(raw, root.name(name))?;
            match tape.root().as_str() {
                Some(text) => Ok(Some(text.into())),
                None => Err(DocumentError::at(root.name(name), format!("expected a string, found {}", tape.root().kind()))),
            }
        };
        match string("schema")?.as_deref() {
            Some("twinflag/1") => {}
            Some(_) => return Err(DocumentError::at(root.name("schema"), "expected \"twinflag/1\"")),
            None => return Err(DocumentError::at(root, "expected a member \"schema\" with the value \"twinflag/1\"")),
        }
        let key = match string("bucketKey")? {
            Some(text) => {
                BucketKey::from_hex(&text).ok_or_else(|| DocumentError::at(root.name("bucketKey"), "expected 32 hexadecimal digits"))?
            }
            None => missing_key.ok_or_else(|| DocumentError::at(root, "expected a member \"bucketKey\" of 32 hexadecimal digits"))?,
        };
        let private = found.get("private").map(|(_, raw)| names(raw, root.name("private"))).transpose()?.unwrap_or_default();
        if found.get("overrides").is_some_and(|(_, raw)| !raw.starts_with('{')) {
            return Err(DocumentError::at(root.name("overrides"), "expected an object"));
        }
        Ok(Self { environment: string("environment")?, key, private, segments, flags, overrides: found.get("overrides").copied() })
    }
}

/// Reads the names of a section's members and steps over their values.
fn section<'t>(
    cursor: &mut Cursor<'t>,
    place: Place<'_>,
    most: usize,
    mut recognise: impl FnMut(&str, &str) -> Option<usize>,
) -> Result<Vec<Member<'t>>, DocumentError> {
    if !cursor.open(b'{') {
        return Err(DocumentError::at(place, "expected an object"));
    }
    let (mut members, level) = (Vec::new(), place.level() + 1);
    loop {
        let before = cursor.clone();
        match cursor.member(members.is_empty(), level, &mut recognise) {
            Ok(None) => return Ok(members),
            Ok(Some(_)) if members.len() == most => {
                return Err(DocumentError::at(place, format!("at most {most} are allowed")));
            }
            Ok(Some(member)) => members.push(member),
            Err(Fault::Nesting) => return Err(nesting_of_member(before, members.is_empty(), place)),
            Err(fault) => return Err(refusal(cursor, fault)),
        }
    }
}

/// The error of a document that is no JSON at the cursor.
fn refusal(cursor: &Cursor<'_>, fault: Fault) -> DocumentError {
    let (line, column) = cursor.line_and_column();
    DocumentError::at(Place::ROOT, format_args!("{fault}, at line {line}, column {column}"))
}

/// The error of a member that nests too deep, read again for its place.
fn nesting_of_member(mut before: Cursor<'_>, first: bool, place: Place<'_>) -> DocumentError {
    let name = before.entry(b'}', first).and_then(|_| before.name()?.text()).unwrap_or_default();
    nesting(before, place.name(&name))
}

fn nesting(mut before: Cursor<'_>, place: Place<'_>) -> DocumentError {
    before.read(place, &mut Vec::new()).map_or_else(|error| *error, |()| DocumentError::at(place, Fault::Nesting))
}

/// Steps over a value.
fn skip(cursor: &mut Cursor<'_>, place: Place<'_>) -> Result<(), DocumentError> {
    let before = cursor.clone();
    match cursor.skip(place.level()) {
        Ok(_) => Ok(()),
        Err(Fault::Nesting) => Err(nesting(before, place)),
        Err(fault) => Err(refusal(cursor, fault)),
    }
}

/// Reads a list of attributes' names.
fn names(raw: &str, place: Place<'_>) -> Result<Vec<String>, DocumentError> {
    let tape = Tape::read(raw, place)?;
    let Some(names) = tape.root().items() else {
        return Err(DocumentError::at(place, "expected a list of attribute names"));
    };
    let name = |(index, name): (usize, Value<'_, '_>)| match name.as_str() {
        Some(name) => Ok(String::from(name)),
        None => Err(DocumentError::at(place.index(index), "expected an attribute's name")),
    };
    names.enumerate().map(name).collect()
}
