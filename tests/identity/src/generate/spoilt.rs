//! Spoilt documents and contexts: flags that are left out, documents and contexts that are refused.

use super::{json::Json, limits, random::Random, sizes};

/// Flags that are left out, or only just not, each named `bad…`; members of one entry stand in one document.
const FLAGS: &[&[(&str, &str)]] = &[
    &[("bad.member", r#"{"colour":"red"}"#)],
    &[("bad.operator", r#"{"rules":[{"if":{"attribute":"plan","op":"like","value":"x"},"serve":"on"}]}"#)],
    &[("bad.variant", r#"{"default":"maybe"}"#)],
    &[("bad.null", r#"{"on":null}"#)],
    &[("bad.type", r#"{"type":"string","variants":{"on":"x","off":1}}"#)],
    &[("bad.empty", r#"{"variants":{}}"#)],
    &[("bad.name", r#"{"variants":{"":true,"off":false},"on":"off"}"#)],
    &[("bad.reserved", r#"{"variants":{"__proto__":true,"off":false},"on":"off"}"#)],
    &[("bad.prototypes", r#"{"variants":{"prototype":true,"off":false},"on":"off"}"#)],
    &[("bad.constructors", r#"{"variants":{"constructor":true,"off":false},"on":"off"}"#)],
    &[("bad.a", "{}"), ("bad.a.b", "{}"), ("bad.ab", "{}"), ("bad.a.b.c", r#"{"colour":1}"#)],
    &[
        ("bad.x", r#"{"prerequisites":[{"flag":"bad.y","variants":["on"]}]}"#),
        ("bad.y", r#"{"prerequisites":[{"flag":"bad.x","variants":["on"]}]}"#),
        ("bad.z", r#"{"prerequisites":[{"flag":"bad.x","variants":["off"]}]}"#),
    ],
    &[("bad.self", r#"{"prerequisites":[{"flag":"bad.self","variants":["on"]}]}"#)],
    &[("bad.unknown", r#"{"prerequisites":[{"flag":"nobody","variants":["on"]}]}"#)],
    &[("bad.alias1", r#"{"aliases":["bad.same","not a key","bad.own"]}"#), ("bad.alias2", r#"{"aliases":["bad.same","bad.alias1"]}"#)],
    &[("bad.holder", r#"{"colour":1,"aliases":["bad.free"]}"#), ("bad.heir", r#"{"aliases":["bad.free","bad.holder"]}"#)],
    &[("bad.double", "{}"), ("bad.double", "{}")],
    &[
        ("bad.disabled", r#"{"enabled":false,"prerequisites":[{"flag":"bad.waits","variants":["on"]}]}"#),
        ("bad.waits", r#"{"prerequisites":[{"flag":"bad.disabled","variants":["off"]}]}"#),
    ],
    &[("bad.needy", r#"{"prerequisites":[{"flag":"bad.lost","variants":["on"]}]}"#), ("bad.lost", r#"{"colour":1}"#)],
    &[("bad.sum", r#"{"rules":[{"name":"r","serve":{"split":[{"variant":"on","weight":99999}]}}]}"#)],
    &[("bad.weight", r#"{"rules":[{"name":"r","serve":{"split":[{"variant":"on","weight":99999.5},{"variant":"off","weight":0.5}]}}]}"#)],
    &[("bad.nameless", r#"{"rules":[{"serve":{"split":[{"variant":"on","weight":100000}]}}]}"#)],
    &[("bad.salted", r#"{"rules":[{"serve":{"split":[{"variant":"on","weight":100000}],"salt":""}}]}"#)],
    &[("bad.decimals", r#"{"rollout":{"status":"active","percentage":12.3456}}"#)],
    &[("bad.percentage", r#"{"rollout":{"status":"active","percentage":100.001}}"#)],
    &[("bad.tier", r#"{"rollout":{"status":"active","tier":5}}"#)],
    &[("bad.status", r#"{"rollout":{"status":"started"}}"#)],
    &[("bad.list", r#"{"rollout":{"status":"active","allow":[1.5]}}"#)],
    &[("bad.large", r#"{"rollout":{"status":"active","deny":[9007199254740992]}}"#)],
    &[("bad.missing", r#"{"onMissingUnit":"skip"}"#)],
    &[("bad.missingNull", r#"{"onMissingUnit":null}"#)],
    &[("bad.lifetime", r#"{"lifetime":"forever"}"#)],
    &[("bad.locked", r#"{"locked":"yes"}"#)],
    &[("bad.expires", r#"{"expires":"2026-02-30T00:00:00Z"}"#)],
    &[("bad.expiresNull", r#"{"expires":null}"#)],
    &[("bad.metadata", r#"{"metadata":["chat"]}"#)],
    &[("bad.metadataNull", r#"{"metadata":{"team":null}}"#)],
    &[("bad.metadataList", r#"{"metadata":{"team":["chat"]}}"#)],
    &[("bad.metadataName", r#"{"metadata":{"__proto__":"x"}}"#)],
    &[("bad.metadataPrototype", r#"{"metadata":{"prototype":1}}"#)],
    &[("bad.metadataConstructor", r#"{"metadata":{"constructor":true}}"#)],
    &[("bad.metadataTwice", r#"{"metadata":{"team":"a","team":"b"}}"#)],
    &[("bad.metadataLayer", r#"{"metadata":{"layer":{}}}"#)],
    &[("bad.surrogate", r#"{"description":"\ud800"}"#)],
    &[("bad.nul", r#"{"metadata":{"x":"\u0000"}}"#)],
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
    &[("bad.unitless", r#"{"rules":[{"if":{"segment":"unitless"},"serve":"on"}]}"#)],
    &[("bad.tall", r#"{"rules":[{"if":{"segment":"tall"},"serve":"on"}]}"#)],
    &[("bad.taller", r#"{"rules":[{"if":{"not":{"segment":"tall"}},"serve":"on"}]}"#)],
    &[("bad.deep", r#"{"rules":[{"if":{"any":[{"segment":"deep"}]},"serve":"on"}]}"#)],
    &[("bad.prototype", "{}"), ("bad.__proto__", "{}")],
    &[("bad..empty", "{}")],
    &[("bad-list", "[]")],
];

/// Conditions that are errors of their flag.
const CONDITIONS: &[&str] = &[
    r#"{"percentage":{"salt":"s"}}"#,
    r#"{"percentage":{"to":10}}"#,
    r#"{"percentage":{"from":10,"to":9.999,"salt":"s"}}"#,
    r#"{"percentage":{"from":-1,"to":10,"salt":"s"}}"#,
    r#"{"percentage":{"to":100.001,"salt":"s"}}"#,
    r#"{"percentage":{"to":12.3456,"salt":"s"}}"#,
    r#"{"percentage":{"from":0.0001,"to":10,"salt":"s"}}"#,
    r#"{"percentage":{"to":"10","salt":"s"}}"#,
    r#"{"percentage":{"to":10,"salt":null}}"#,
    r#"{"percentage":{"to":10,"salt":"s","unit":null}}"#,
    r#"{"percentage":{"to":10,"salt":"s","hash":"sip-1"}}"#,
    r#"{"percentage":{"to":10,"to":10,"salt":"s"}}"#,
    r#"{"percentage":10}"#,
    r#"{"percentage":{"to":10,"salt":"s"},"all":[]}"#,
    r#"{"percentage":{"to":10,"salt":"s"},"ignoreCase":true}"#,
    r#"{"attribute":"tags","op":"hasAny","value":"a"}"#,
    r#"{"attribute":"tags","op":"hasAll","value":[["a"]]}"#,
    r#"{"attribute":"tags","op":"hasAll","value":[null]}"#,
    r#"{"attribute":"tags","op":"hasAny","value":["a"],"as":"number"}"#,
    r#"{"attribute":"tags","op":"hasAny","value":["a"],"loose":true}"#,
    r#"{"attribute":"tags","op":"hasall","value":["a"]}"#,
    r#"{"attribute":"n","op":"eq","value":"1.2.3","loose":true}"#,
    r#"{"attribute":"n","op":"matches","value":"a","loose":false}"#,
    r#"{"attribute":"n","op":"matches","value":"(?:a{1000}){16}"}"#,
    r#"{"attribute":"n","op":"semverGt","value":"1.2.3","loose":"true"}"#,
    r#"{"attribute":"n","op":"semverGt","value":"1.2.3","loose":null}"#,
    r#"{"attribute":"n","op":"semverGt","value":"1.2.3","ignoreCase":true}"#,
    r#"{"attribute":"n","op":"semverGt","value":"v1.2.3","loose":false}"#,
    r#"{"attribute":"n","op":"semverGt","value":"1.2.x","loose":true}"#,
    r#"{"attribute":"n","op":"semverGt","value":"","loose":true}"#,
    r#"{"attribute":"n","op":"semverGt","value":1,"loose":true}"#,
    r#"{"attribute":"n","op":"semverGt","value":"1000000000000000000","loose":true}"#,
    r#"{"attribute":"n","op":"semverGt","value":"1.2-01","loose":true}"#,
    r#"{"attribute":"n","op":"eq","value":1,"as":"text"}"#,
    r#"{"attribute":"n","op":"eq","value":1,"as":null}"#,
    r#"{"attribute":"n","op":"eq","value":1,"as":true}"#,
    r#"{"attribute":"n","op":"eq","value":"1","as":"number"}"#,
    r#"{"attribute":"n","op":"neq","value":true,"as":"number"}"#,
    r#"{"attribute":"n","op":"in","value":[1,"2"],"as":"number"}"#,
    r#"{"attribute":"n","op":"contains","value":1,"as":"number"}"#,
    r#"{"attribute":"n","op":"before","value":1,"as":"number"}"#,
    r#"{"attribute":"n","op":"semverEq","value":"1.0.0","as":"number"}"#,
    r#"{"attribute":"n","op":"exists","as":"number"}"#,
    r#"{"attribute":"n","op":"lt","value":1,"as":"number","ignoreCase":true}"#,
];

/// Segments that no sound flag names; one of them is sound, and as deep as a flag that names it allows.
pub const SEGMENTS: &[(&str, &str)] = &[
    ("circle", r#"{"any":[{"segment":"circle"}]}"#),
    ("unusable", r#"{"attribute":"plan","op":"eq","value":null}"#),
    ("unitless", r#"{"percentage":{"to":50,"salt":"s"}}"#),
    (
        "tall",
        r#"{"not":{"not":{"not":{"not":{"not":{"not":{"not":{"not":{"not":{"not":{"not":{"not":{"not":{"not":{"all":[]}}}}}}}}}}}}}}}"#,
    ),
    (
        "deep",
        r#"{"not":{"not":{"not":{"not":{"not":{"not":{"not":{"not":{"not":{"not":{"not":{"not":{"not":{"not":{"not":{"not":{"all":[]}}}}}}}}}}}}}}}}}"#,
    ),
];

/// Members that refuse their document; some of them stand in it already.
const REFUSED: &[(&str, &str)] = &[
    ("schema", "\"twinflag/2\""),
    ("bucketKey", "\"0001\""),
    ("bucketKey", "\"g00102030405060708090a0b0c0d0e0f\""),
    ("colour", "1"),
    ("environment", "\"\\ud800\""),
];

/// Names that are no keys: aliases that are dropped, or stay.
const OTHER_NAMES: &[&str] = &["bad.same", "bad.own", "bad.free", "not a key"];

/// Bad flags for one document: keys and what is written.
pub fn flags(random: &mut Random) -> Vec<(String, Json)> {
    let mut chosen: Vec<_> = (0..random.between(1, 7)).map(|_| random.below(FLAGS.len())).collect();
    chosen.sort_unstable();
    chosen.dedup();
    let mut flags: Vec<_> =
        chosen.into_iter().flat_map(|number| FLAGS[number]).map(|(key, text)| (String::from(*key), Json::raw(*text))).collect();
    for number in 0..random.below(4) {
        let rule = format!("{{\"rules\":[{{\"if\":{},\"serve\":\"on\"}}]}}", random.pick(CONDITIONS));
        flags.push((format!("bad.condition{number}"), Json::Raw(rule)));
    }
    if random.one_in(8) {
        flags.extend(sizes::flags(random));
    }
    if random.one_in(40) {
        flags.push(sizes::nested(0));
    }
    flags
}

/// The key of a flag that is surely left out.
pub fn left_out(flags: &[(String, Json)]) -> Option<&str> {
    flags.iter().map(|(key, _)| key.as_str()).find(|key| key.starts_with("bad.condition") || *key == "size.over")
}

/// Names to ask for in a document that has these flags.
pub fn names(flags: &[(String, Json)]) -> Vec<String> {
    let other = if flags.is_empty() { &[] } else { OTHER_NAMES };
    flags.iter().map(|(key, _)| key.clone()).chain(other.iter().map(|name| String::from(*name))).collect()
}

/// Makes a document one that is refused whole: as often by its nesting as by a member at its top.
pub fn refuse(random: &mut Random, document: &mut Json) {
    if random.one_in(2) {
        let (key, flag) = sizes::nested(1);
        document.put("flags", Json::object([(key.as_str(), flag)]));
        return;
    }
    match (random.below(REFUSED.len() + 1).checked_sub(1), document) {
        (None, Json::Object(members)) => members.push(("schema".into(), Json::text("twinflag/1"))),
        (None, _) => {}
        (Some(number), document) => {
            let (name, value) = REFUSED[number];
            document.put(name, Json::raw(value));
        }
    }
}

/// Contexts that are refused, or only just not.
pub fn context(random: &mut Random) -> Json {
    let nested = |open: &str, close: &str, levels: usize| format!("{}1{}", open.repeat(levels), close.repeat(levels));
    if random.one_in(40) {
        return Json::Raw(limits::context(random));
    }
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
