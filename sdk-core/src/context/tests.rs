use super::{Context, MAX_CONTEXT_DEPTH, MAX_CONTEXT_ITEMS, MAX_CONTEXT_MEMBERS, MAX_CONTEXT_TEXT, value};
use crate::{AttributeValue, json::canonical::canonical_text, matching::seeded::Seeded};
use alloc::{format, string::String, vec, vec::Vec};

/// Checks that a context is taken, or refused for this reason, whichever way it comes in.
#[track_caller]
fn check(json: &str, refusal: Option<&str>) {
    let read = Context::from_json(json);
    assert_eq!(read.refusal(), refusal, "{}", json.get(..100).unwrap_or(json));
    if refusal.is_none() {
        let encoded = Context::from_encoded(read.encoded().to_vec());
        assert_eq!(encoded, read);
        // `canonical_text` also reads a value that a later member replaces, and refuses some of them; the context's own text stands in
        // then.
        let canonical = canonical_text(json).unwrap_or_else(|| canonical_text(&read.to_json()).unwrap());
        assert_eq!(read.to_json(), canonical);
    }
}

fn members(count: u32) -> String {
    let members: Vec<_> = (0..count).map(|n| format!("\"{n}\":{n}")).collect();
    format!("{{{}}}", members.join(","))
}

fn nested(levels: usize, open: &str, close: &str) -> String {
    format!("{{\"a\":{}0{}}}", open.repeat(levels - 1), close.repeat(levels - 1))
}

#[test]
fn a_context_nests_sixteen_levels() {
    let depth = MAX_CONTEXT_DEPTH as usize;
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        check(&nested(depth, open, close), None);
        check(&nested(depth + 1, open, close), Some("nested deeper than 16 levels"));
        check(&nested(100_000, open, close), Some("nested deeper than 16 levels"));
        check(&format!("{{\"a\":{},\"a\":1}}", nested(100_000, open, close)), None);
    }
    let list = |levels| (1..levels).fold(AttributeValue::from(0), |value, _| vec![value].into());
    assert_eq!(Context::new().attribute("a", list(depth)).refusal(), None);
    assert_eq!(Context::new().attribute("a", list(depth + 1)).refusal(), Some("nested deeper than 16 levels"));
    let object = |levels| (1..levels).fold(Context::new(), |object, _| Context::new().object("a", object));
    assert_eq!(object(depth).refusal(), None);
    assert_eq!(object(depth + 1).refusal(), Some("nested deeper than 16 levels"));
}

#[test]
fn a_context_has_a_thousand_members_over_all_depths() {
    const MORE: Option<&str> = Some("more than 1,000 members");
    check(&members(MAX_CONTEXT_MEMBERS), None);
    check(&members(MAX_CONTEXT_MEMBERS + 1), MORE);
    check(&format!("{{\"a\":[{},{}]}}", members(500), members(499)), None);
    check(&format!("{{\"a\":[{},{}]}}", members(500), members(500)), MORE);
    // Each member is written twice.
    let twice = |count| members(count).replace('}', ",") + &members(count)[1..];
    check(&twice(MAX_CONTEXT_MEMBERS), None);
    check(&twice(MAX_CONTEXT_MEMBERS + 1), MORE);
    check(&format!("{{\"a\":{},\"a\":{}}}", members(5_000), members(MAX_CONTEXT_MEMBERS - 1)), None);
    check(&format!("{{\"a\":{},\"a\":{}}}", members(1), members(MAX_CONTEXT_MEMBERS)), MORE);
    let full = (0..MAX_CONTEXT_MEMBERS).fold(Context::new(), |context, n| context.attribute(&format!("n{n}"), n));
    assert_eq!(full.clone().number("n7", 1.5).refusal(), None, "a member replaced is no member more");
    assert_eq!(full.without(&["n7"]).boolean("m7", true).refusal(), None, "nor is one in place of another");
    assert_eq!(full.boolean("m", true).refusal(), MORE);
}

#[test]
fn a_context_has_ten_thousand_items_over_all_lists() {
    const MORE: Option<&str> = Some("more than 10,000 items of lists");
    let list = |count: u32| format!("[{}]", vec!["1"; count as usize].join(","));
    check(&format!("{{\"a\":{}}}", list(MAX_CONTEXT_ITEMS)), None);
    check(&format!("{{\"a\":{}}}", list(MAX_CONTEXT_ITEMS + 1)), MORE);
    check(&format!("{{\"a\":[{}],\"b\":{}}}", list(5_000), list(4_999)), None);
    check(&format!("{{\"a\":[{}],\"b\":{}}}", list(5_000), list(5_000)), MORE);
    check(&format!("{{\"a\":{},\"a\":{}}}", list(60_000), list(MAX_CONTEXT_ITEMS)), None);
    let context = Context::new().list("a", vec![1; 9_999]);
    assert_eq!(context.clone().list("b", [1]).list("a", vec![2; 9_999]).refusal(), None);
    assert_eq!(context.list("b", [1, 2]).refusal(), MORE);
}

#[test]
fn names_and_strings_take_64_kib_of_utf_8() {
    const MORE: Option<&str> = Some("more than 65,536 bytes of names and strings");
    let limit = MAX_CONTEXT_TEXT as usize;
    for (text, length) in [("x", 1), ("ж", 2), ("日", 3), ("𐐀", 4)] {
        let of = |bytes: usize| format!("{}{}", text.repeat(bytes / length), "y".repeat(bytes % length));
        check(&format!("{{\"a\":\"{}\"}}", of(limit - 1)), None);
        check(&format!("{{\"a\":\"{}\"}}", of(limit)), MORE);
        check(&format!("{{\"{}\":\"b\"}}", of(limit - 1)), None);
        check(&format!("{{\"{}\":\"b\"}}", of(limit)), MORE);
        check(&format!("{{\"a\":\"{}\",\"a\":[\"{}\",\"b\"]}}", of(3 * limit), of(limit - 2)), None);
        check(&format!("{{\"a\":\"{}\",\"a\":[\"{}\",\"b\"]}}", of(3 * limit), of(limit - 1)), MORE);
        let context = Context::new().string("a", &of(limit - 1));
        assert_eq!(context.refusal(), None);
        assert_eq!(context.clone().string("a", &of(limit - 1)).refusal(), None);
        assert_eq!(context.boolean("", true).boolean("b", true).refusal(), MORE);
    }
}

#[test]
fn text_that_is_no_context_is_refused() {
    for (json, refusal) in [
        ("null", "not an object"),
        ("[1]", "not an object"),
        ("", "not an object"),
        (r#"{"a":"\u0000"}"#, "U+0000 in a name or string"),
        (r#"{"a":[{"\u0000":1}]}"#, "U+0000 in a name or string"),
        (r#"{"a":1e309}"#, "number out of range"),
        (r#"{"a":-1e309}"#, "number out of range"),
        (r#"{"a":"\ud800"}"#, "unexpected end of hex escape"),
        (r#"{"a":["\udc00"]}"#, "lone leading surrogate in hex escape"),
        (r#"{"a":1}x"#, "trailing characters at line 1 column 8"),
    ] {
        check(json, Some(refusal));
    }
    check(r#"{"a":"\u0000","a":{"b":1e309,"b":["\ud800"],"b":-0}}"#, None);
    check(r#"{"a":null,"now":{"a":1e308},"":{"":[null,{}]},"é":"\ud83d\ude00"}"#, None);
}

#[test]
fn bytes_that_no_writer_makes_are_refused() {
    let of = |value: &[u8]| [&[value::STRING, 1, b'a'], value].concat();
    for sound in [of(&[0]), of(&[2]), of(&[4, 0]), of(&[5, 0, 0, 0, 0]), of(&[6, 0, 0, 0, 0]), of(&[5, 1, 0, 0, 0, 0])] {
        assert_eq!(Context::from_encoded(sound.clone()).refusal(), None, "{sound:?}");
    }
    for unsound in [
        of(&[]),
        of(&[4, 3, 0xed, 0xa0, 0x80]),
        of(&[4, 1, 0xff]),
        of(&[4, 2, 0xc1, 0x81]),
        of(&[4, 1, 0]),
        of(&[4, 0x81, 0, b'x']),
        of(&[4, 0x80, 0x80, 0x80, 0x80, 1]),
        of(&[4, 2, b'x']),
        of(&[3, 0, 0, 0, 0, 0, 0, 0, 0x80]),
        of(&[3, 0, 0, 0, 0, 0, 0, 0xf0, 0x7f]),
        of(&[3, 0, 0, 0, 0, 0, 0, 0xf8, 0xff]),
        of(&[3, 0]),
        of(&[5, 1, 0, 0, 0]),
        of(&[5, 0xff, 0xff, 0xff, 0xff, 0]),
        of(&[6, 1, 0, 0, 0, 2, 2]),
        of(&[6, 2, 0, 0, 0, 4, 1, b'x', 2, 4, 1, b'x', 2]),
        of(&[7, 0]),
        of(&[8, 1, b'1']),
        of(&[9]),
        [of(&[2]), of(&[1])].concat(),
        vec![7, 1, b'a', 2],
        vec![2, 2],
    ] {
        let context = Context::from_encoded(unsound.clone());
        assert!(context.refusal().is_some() && context.encoded().is_empty(), "{unsound:?}");
    }
}

#[test]
fn a_refusal_stays() {
    let refused = Context::from_json("[1]");
    let later = refused.clone().number("y", 1.0).string("q", "").boolean("b", true).list("l", ["a"]).object("o", Context::new());
    for context in [&refused, &later, &later.only(&["y"]), &later.without(&["q"]), &later.without(&[])] {
        assert_eq!(context.refusal(), Some("not an object"));
        assert_eq!(context.encoded(), b"");
    }
    for context in [
        Context::new().number("y", f64::NAN),
        Context::new().number("y", f64::INFINITY).number("y", 1.0),
        Context::new().string("y\0", ""),
        Context::new().string("y", "\0"),
        Context::new().list("y", [f64::NAN]),
        Context::new().object("y", refused.clone()),
        Context::new().attribute("y", vec![AttributeValue::from(refused)]),
    ] {
        let context = context.string("plan", "pro");
        assert!(context.refusal().is_some(), "{context:?}");
        assert_eq!(context.without(&["y"]), context);
        assert_eq!(context.encoded(), b"");
    }
}

#[test]
fn contexts_are_equal_whatever_the_order_of_their_members() {
    let one = Context::from_json(r#"{"a":{"x":1,"y":[1,2]},"b":-0}"#);
    assert_eq!(one, Context::from_json(r#"{"b":0.0,"a":{"y":[1,2],"x":1}}"#));
    for other in [r#"{"a":{"x":1,"y":[2,1]},"b":0}"#, r#"{"a":{"x":1,"y":[1,2]}}"#, r#"{"a":{"x":"1","y":[1,2]},"b":0}"#, "7", "{}"] {
        assert_ne!(one, Context::from_json(other));
    }
    assert_ne!(Context::from_json("7"), Context::new());
    assert_eq!(format!("{one:?}"), r#"Context({"a":{"x":1,"y":[1,2]},"b":0})"#);
    assert_eq!(format!("{:?}", Context::from_json("7")), "Context(refused: not an object)");
}

/// Writes an object in which members stand twice, and returns the same object made by the builders.
fn object(random: &mut Seeded, json: &mut String, depth: usize) -> Context {
    let mut built = Context::new();
    json.push('{');
    for index in 0..random.below(7) {
        let name = random.pick(&["a", "b", "c.d", "", "ж", "now"]);
        json.push_str(if index > 0 { ", " } else { " " });
        json.push_str(&format!("\"{name}\" : "));
        let replaced = random.one_in(4);
        if replaced {
            // The later member replaces this value.
            json.push_str(random.pick(&["1e400", "\"\\u0000\"", "[\"\\ud800\"]", "{\"a\":{\"a\":-1e999}}"]));
            json.push_str(&format!(",\"{name}\":"));
        }
        built = built.attribute(name, any(random, json, depth));
    }
    json.push('}');
    built
}

fn any(random: &mut Seeded, json: &mut String, depth: usize) -> AttributeValue {
    match random.below(if depth == 0 { 4 } else { 6 }) {
        0 => {
            json.push_str("null");
            None::<bool>.into()
        }
        1 => {
            json.push_str("true");
            true.into()
        }
        2 => {
            let number = random.pick(&["-0", "1", "0.1", "9007199254740993", "1E2", "-5e-324"]);
            json.push_str(number);
            number.parse::<f64>().unwrap().into()
        }
        3 => {
            let text = random.pick(&["", "x", "Größe", "日本", "😀"]);
            json.push_str(&format!("\"{text}\""));
            text.into()
        }
        4 => {
            json.push('[');
            let mut items = Vec::new();
            for index in 0..random.below(4) {
                json.push_str(if index > 0 { "," } else { "" });
                items.push(any(random, json, depth - 1));
            }
            json.push(']');
            items.into()
        }
        _ => object(random, json, depth - 1).into(),
    }
}

#[test]
fn text_builders_and_bytes_make_the_same_context() {
    let mut random = Seeded(11);
    let mut nested = 0;
    for _ in 0..3_000 {
        let mut json = String::new();
        let built = object(&mut random, &mut json, 4);
        let read = Context::from_json(&json);
        assert_eq!(read.refusal(), None, "{json}");
        assert_eq!(read, built, "{json}");
        assert_eq!(Context::from_encoded(read.encoded().to_vec()), built, "{json}");
        assert_eq!(Context::from_json(&read.to_json()), built, "{json}");
        let without = read.without(&["a", "now"]);
        assert_eq!(without, built.only(&["b", "c.d", "", "ж"]), "{json}");
        nested += usize::from(json.matches('{').count() > 3);
    }
    assert!(nested > 300, "{nested}");
}

#[test]
fn a_head_put_before_text_is_the_one_that_text_is_appended_with() {
    for length in [0, 1, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152] {
        let (mut text, mut appended) = (vec![b'x'; value::HEAD + length], Vec::new());
        value::push_text(&mut appended, value::FOLDED, &text[value::HEAD..]);
        assert_eq!(value::with_head(value::FOLDED, &mut text), appended);
    }
}
