//! A flag's type, its variants and the variants that its steps fall back to.

use super::{
    json::Json,
    pools::{NUMBERS, ODD, TEXTS},
    random::Random,
};

/// Names of variants beside `on` and `off`: any text, up to the longest.
const NAMES: &[&str] = &[
    "_x",
    "Blue-2",
    "third",
    "1",
    "0",
    "On",
    " ",
    "größer",
    "a.b/c~d",
    "quote\"back\\slash",
    "line\nbreak",
    "🚀",
    "\u{FB33}",
    "null",
    "toString",
    "hasOwnProperty",
    "a name of 128 bytes: the last that is allowed, and the very next that is longer is refused together with the flag that it is of.",
];

/// The type, the names of the variants, and the flag's members so far.
pub fn typed(random: &mut Random) -> (&'static str, Vec<String>, Json) {
    let kind = *random.pick(&["boolean", "boolean", "string", "number", "object"]);
    let mut json = Json::Object(vec![]);
    let mut names: Vec<String> = vec!["on".into(), "off".into()];
    if kind != "boolean" || random.one_in(4) {
        let mut others = NAMES.to_vec();
        random.shuffle(&mut others);
        names = ["on", "off"].into_iter().chain(others).take(random.between(1, 6)).map(Into::into).collect();
        random.shuffle(&mut names);
        let members = names.iter().map(|name| (name.clone(), value(random, kind))).collect();
        json.put("type", Json::text(kind));
        json.put("variants", Json::Object(members));
    }
    for (member, implied, may_be_null) in [("on", "on", false), ("off", "off", true), ("default", "", true)] {
        if may_be_null && random.one_in(10) {
            json.put(member, Json::raw("null"));
        } else if !implied.is_empty() && !names.iter().any(|name| name == implied) || random.one_in(4) {
            json.put(member, Json::text(random.pick::<String>(&names)));
        }
    }
    if random.percent(60) {
        let serves = if random.one_in(8) { Json::raw("null") } else { Json::text(random.pick::<String>(&names)) };
        json.put("environments", Json::object([(*random.pick(&["production", "production", "production", "staging"]), serves)]));
    }
    if random.one_in(14) {
        json.put("enabled", Json::raw("false"));
    } else if random.one_in(10) {
        json.put("enabled", Json::raw("true"));
    }
    (kind, names, json)
}

/// A variant's value.
fn value(random: &mut Random, kind: &str) -> Json {
    match kind {
        "boolean" => Json::raw(*random.pick(&["true", "false"])),
        "string" => Json::text(random.pick::<&str>(TEXTS)),
        "number" => Json::raw(*random.pick(NUMBERS)),
        _ => match random.below(4) {
            0 => Json::raw("{\"b\":1.0,\"a\":[1e21,-0,\"\\u0041\"],\"\u{20AC}\":{},\"\u{1F600}\":null,\"\u{FB33}\":\"\\/\"}"),
            1 => Json::raw("[]"),
            2 => Json::List(vec![Json::raw(*random.pick(ODD)), Json::raw(*random.pick(NUMBERS))]),
            _ => Json::object([("__proto__", Json::raw(*random.pick(ODD))), ("color", Json::text(random.pick::<&str>(TEXTS)))]),
        },
    }
}
