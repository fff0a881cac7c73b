//! What is wrong with documents: one bad flag never spoils the rest.

use super::{json::Json, random::Random};

/// Flags that are left out, each named `bad…`; members of one entry stand in one document.
const FLAGS: &[&[(&str, &str)]] = &[
    &[("bad.member", r#"{"colour":"red"}"#)],
    &[("bad.operator", r#"{"rules":[{"if":{"attribute":"plan","op":"like","value":"x"},"serve":"on"}]}"#)],
    &[("bad.variant", r#"{"default":"maybe"}"#)],
    &[("bad.null", r#"{"on":null}"#)],
    &[("bad.type", r#"{"type":"string","variants":{"on":"x","off":1}}"#)],
    &[("bad.empty", r#"{"variants":{}}"#)],
    &[("bad.names", r#"{"variants":{"1st":true},"on":"1st","off":"1st"}"#)],
    &[("bad.a", "{}"), ("bad.a.b", "{}"), ("bad.ab", "{}")],
    &[
        ("bad.x", r#"{"prerequisites":[{"flag":"bad.y","variants":["on"]}]}"#),
        ("bad.y", r#"{"prerequisites":[{"flag":"bad.x","variants":["on"]}]}"#),
        ("bad.z", r#"{"prerequisites":[{"flag":"bad.x","variants":["off"]}]}"#),
    ],
    &[("bad.self", r#"{"prerequisites":[{"flag":"bad.self","variants":["on"]}]}"#)],
    &[("bad.unknown", r#"{"prerequisites":[{"flag":"nobody","variants":["on"]}]}"#)],
    &[("bad.alias1", r#"{"aliases":["bad.same","not a key","bad.own"]}"#), ("bad.alias2", r#"{"aliases":["bad.same","bad.alias1"]}"#)],
    &[("bad.sum", r#"{"rules":[{"name":"r","serve":{"split":[{"variant":"on","weight":99999}]}}]}"#)],
    &[("bad.weight", r#"{"rules":[{"name":"r","serve":{"split":[{"variant":"on","weight":99999.5},{"variant":"off","weight":0.5}]}}]}"#)],
    &[("bad.nameless", r#"{"rules":[{"serve":{"split":[{"variant":"on","weight":100000}]}}]}"#)],
    &[("bad.salted", r#"{"rules":[{"serve":{"split":[{"variant":"on","weight":100000}],"salt":""}}]}"#)],
    &[("bad.decimals", r#"{"rollout":{"status":"active","percentage":12.3456}}"#)],
    &[("bad.percentage", r#"{"rollout":{"status":"active","percentage":100.001}}"#)],
    &[("bad.tier", r#"{"rollout":{"status":"active","tier":5}}"#)],
    &[("bad.status", r#"{"rollout":{"status":"started"}}"#)],
    &[("bad.list", r#"{"rollout":{"status":"active","allow":[1.5]}}"#)],
    &[("bad.surrogate", r#"{"description":"\ud800"}"#)],
    &[("bad.nul", r#"{"metadata":{"x":["\u0000"]}}"#)],
    &[("bad.overflow", r#"{"metadata":{"x":1e999}}"#)],
    &[("bad.twice", r#"{"enabled":true,"enabled":true}"#)],
    &[("bad.case", r#"{"rules":[{"if":{"attribute":"n","op":"lt","value":1,"ignoreCase":false},"serve":"on"}]}"#)],
    &[("bad.exists", r#"{"rules":[{"if":{"attribute":"n","op":"exists","value":true},"serve":"on"}]}"#)],
    &[("bad.version", r#"{"rules":[{"if":{"attribute":"n","op":"semverGt","value":"1.2"},"serve":"on"}]}"#)],
    &[("bad.network", r#"{"rules":[{"if":{"attribute":"n","op":"cidr","value":["10.0.0.1"]},"serve":"on"}]}"#)],
    &[("bad.pattern", r#"{"rules":[{"if":{"attribute":"n","op":"matches","value":"("},"serve":"on"}]}"#)],
    &[("bad.time", r#"{"rules":[{"if":{"attribute":"n","op":"before","value":"2026-02-30T00:00:00Z"},"serve":"on"}]}"#)],
    &[("bad.forms", r#"{"rules":[{"if":{"all":[],"any":[]},"serve":"on"}]}"#)],
    &[("bad.nowhere", r#"{"rules":[{"if":{"segment":"nowhere"},"serve":"on"}]}"#)],
    &[("bad.circle", r#"{"rules":[{"if":{"segment":"circle"},"serve":"on"}]}"#)],
    &[("bad.unusable", r#"{"rules":[{"if":{"not":{"segment":"unusable"}},"serve":"on"}]}"#)],
    &[("bad.prototype", "{}"), ("bad.__proto__", "{}")],
    &[("bad..empty", "{}")],
    &[("bad-list", "[]")],
];

/// Segments that no sound flag names.
pub const SEGMENTS: &[(&str, &str)] =
    &[("circle", r#"{"any":[{"segment":"circle"}]}"#), ("unusable", r#"{"attribute":"plan","op":"eq","value":null}"#)];

/// Documents that are refused whole: a member to put in, or to put over.
pub const REFUSED: &[(&str, &str)] = &[
    ("schema", "\"twinflag/2\""),
    ("bucketKey", "\"0001\""),
    ("bucketKey", "\"g00102030405060708090a0b0c0d0e0f\""),
    ("colour", "1"),
    (
        "segments",
        r#"{"deep":{"not":{"not":{"not":{"not":{"not":{"not":{"not":{"not":{"not":{"not":{"not":{"not":{"not":{"not":{"not":{"not":{"all":[]}}}}}}}}}}}}}}}}}}"#,
    ),
];

/// Names that are no keys: aliases that are dropped, or stay.
const OTHER_NAMES: &[&str] = &["bad.same", "bad.own", "not a key"];

/// Bad flags for one document: keys and what is written.
pub fn flags(random: &mut Random) -> Vec<(&'static str, &'static str)> {
    let mut chosen: Vec<_> = (0..random.between(1, 7)).map(|_| random.below(FLAGS.len())).collect();
    chosen.sort_unstable();
    chosen.dedup();
    chosen.into_iter().flat_map(|number| FLAGS[number]).copied().collect()
}

/// What to ask for where these flags are.
pub fn names(flags: &[(&'static str, &'static str)]) -> Vec<&'static str> {
    let other = if flags.iter().any(|(key, _)| *key == "bad.alias1") { OTHER_NAMES } else { &[] };
    flags.iter().map(|(key, _)| *key).chain(other.iter().copied()).collect()
}

/// Contexts that are refused, or only just not.
pub fn context(random: &mut Random) -> Json {
    let nested = |open: &str, close: &str, levels: usize| format!("{}1{}", open.repeat(levels), close.repeat(levels));
    let text = match random.below(16) {
        0 => "null".into(),
        1 => "[]".into(),
        2 => "\"targetingKey\"".into(),
        3 => "7".into(),
        4 => r#"{"targetingKey":"a\u0000b"}"#.into(),
        5 => r#"{"targetingKey":"u","x":{"\u0000":1}}"#.into(),
        6 => r#"{"targetingKey":"u","x":["\ud83d"]}"#.into(),
        7 => r#"{"targetingKey":"u","\udc00":1}"#.into(),
        8 => r#"{"targetingKey":"u","x":"\ude00\ud83d"}"#.into(),
        9 => r#"{"targetingKey":"u","x":1e999}"#.into(),
        10 => r#"{"targetingKey":"u","x":[-1e400]}"#.into(),
        // The context itself is the first of sixteen levels.
        11 => format!("{{\"x\":{}}}", nested("[", "]", 15)),
        12 => format!("{{\"x\":{}}}", nested("[", "]", 16)),
        13 => nested("{\"x\":", "}", 16),
        14 => nested("{\"x\":", "}", 17),
        _ => r#"{"targetingKey":"u","now":"\u0000"}"#.into(),
    };
    Json::Raw(text)
}
