use alloc::{format, string::String, vec::Vec};

use super::{Cursor, Fault, MAX_LIST, plain};
use crate::{
    document::error::DocumentError,
    json::{Json, Place, Tape},
    matching::seeded::Seeded,
};

fn skip(text: &str) -> Result<(), Fault> {
    let mut cursor = Cursor::new(text);
    cursor.skip(1)?;
    cursor.finish()
}

fn tree<'t>(text: &'t str, place: Place<'_>) -> Result<Json<'t>, DocumentError> {
    Ok(Tape::read(text, place)?.root().tree())
}

/// Returns true if a tree equals a value of `serde_json`, whose numbers and members are compared by our rules.
fn same(ours: &Json<'_>, theirs: &serde_json::Value) -> bool {
    match (ours, theirs) {
        (Json::Null, serde_json::Value::Null) => true,
        (Json::Boolean(ours), serde_json::Value::Bool(theirs)) => ours == theirs,
        (Json::Number(ours), serde_json::Value::Number(theirs)) => {
            theirs.as_f64().is_some_and(|theirs| ours.to_bits() == (theirs + 0.0).to_bits())
        }
        (Json::String(ours), serde_json::Value::String(theirs)) => ours == theirs,
        (Json::Array(ours), serde_json::Value::Array(theirs)) => {
            ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| same(ours, theirs))
        }
        (Json::Object(ours), serde_json::Value::Object(theirs)) => theirs
            .iter()
            .all(|(name, theirs)| ours.iter().rev().find(|(known, _)| known == name).is_some_and(|(_, ours)| same(ours, theirs))),
        _ => false,
    }
}

#[test]
fn texts_are_taken_and_refused_as_serde_json_does() {
    let seeds = [
        r#"{"a":[1,-0,2.5e-3,1E+2,true,false,null,"x"],"b":{"c":{}},"":[]}"#,
        r#" [ "\u00e9\ud83d\ude00\n\"\\\/\b\f\r\t", "é€😀", 0.1, 123456789012345678, [[[]]] ] "#,
        r#"{"long name with many letters":"a text of more than eight bytes \u0041","k":"]}{["}"#,
    ];
    let alphabet = b"{}[]\",:\\u0123456789eE+-. \n\x1ftrfalsn\0";
    let (mut random, mut taken, mut refused) = (Seeded(21), 0, 0);
    for round in 0..60_000 {
        let mut text = seeds[round % seeds.len()].as_bytes().to_vec();
        for _ in 0..random.below(3) {
            random.mutate(&mut text, alphabet);
        }
        let Ok(text) = String::from_utf8(text) else { continue };
        let theirs = serde_json::from_str::<serde_json::Value>(&text);
        let ours = tree(&text, Place::ROOT).ok();
        match (&ours, &theirs) {
            (Some(ours), Ok(theirs)) => assert!(same(ours, theirs), "{text}"),
            (None, Ok(_)) => assert!(text.contains("\\u0000"), "{text}"),
            (None, Err(_)) => {}
            (Some(_), Err(error)) => panic!("{text}: {error}"),
        }
        // Skipping accepts values that reading refuses: numbers that overflow and malformed text.
        assert!(theirs.is_err() || skip(&text).is_ok(), "{text}");
        assert!(ours.is_none() || skip(&text).is_ok(), "{text}");
        *if theirs.is_ok() { &mut taken } else { &mut refused } += 1;
    }
    assert!(taken > 5_000 && refused > 5_000, "{taken} {refused}");
}

#[test]
fn nesting_is_counted_from_the_place() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    let read = |text: &str, place: Place<'_>| Tape::read(text, place).map(drop).map_err(|error| error.pointer);
    assert_eq!(read(&nested(64), Place::ROOT), Ok(()));
    assert_eq!(read(&nested(65), Place::ROOT), Err("/0".repeat(64)));
    let flags = Place::ROOT.name("flags");
    assert_eq!(read(&nested(62), flags.name("a")), Ok(()));
    assert_eq!(read(&nested(63), flags.name("a")), Err(format!("/flags/a{}", "/0".repeat(62))));
    assert_eq!(skip(&nested(64)), Ok(()));
    assert_eq!(skip(&nested(65)), Err(Fault::Nesting));
    let objects = format!("{}1{}", "{\"a\":".repeat(65), "}".repeat(65));
    assert_eq!(skip(&objects), Err(Fault::Nesting));
    assert_eq!(Cursor::new(&nested(2)).skip(64).unwrap_err(), Fault::Nesting);
    // Far deeper than any stack.
    assert_eq!(skip(&"[".repeat(1_000_000)), Err(Fault::Nesting));
    assert_eq!(read(&"[".repeat(1_000_000), Place::ROOT), Err("/0".repeat(64)));
}

#[test]
fn a_list_past_its_limit_is_not_read_further() {
    let list = |entries: usize| format!("[{}0]", "0,".repeat(entries - 1));
    assert!(tree(&list(MAX_LIST), Place::ROOT).is_ok());
    let error = tree(&list(MAX_LIST + 1), Place::ROOT.name("a")).unwrap_err();
    assert_eq!((error.pointer.as_str(), error.message.as_str()), ("/a", "a list has at most 50000 entries"));
}

#[test]
fn plain_bytes_end_where_a_bytewise_search_says() {
    let mut random = Seeded(22);
    for _ in 0..20_000 {
        let length = random.below(40);
        let bytes: Vec<u8> = (0..length)
            .map(|_| [b'a', b'"', b'\\', 0x1F, b' ', 0x80, 0xFF, b'!', b'[', 0x7F][random.below(40) % 10 * random.below(2)])
            .collect();
        let expected = bytes.iter().position(|byte| *byte < 0x20 || *byte == b'"' || *byte == b'\\').unwrap_or(length);
        assert_eq!(plain(&bytes), expected, "{bytes:?}");
    }
}
