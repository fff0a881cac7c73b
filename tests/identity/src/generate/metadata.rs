//! Members of a flag that change no answer: metadata, which is told with answers, and those that only operators read.

use super::{
    json::Json,
    pools::{NUMBERS, TEXTS},
    random::Random,
    times,
};

/// The most names of a flag's metadata.
pub const MOST_NAMES: usize = 32;
/// The most bytes of a flag's metadata, as canonical JSON.
pub const MOST_BYTES: usize = 4_096;

/// Names of metadata; the first four are never told.
const NAMES: &[&str] = &[
    "layer",
    "version",
    "stale",
    "flagConfigEtag",
    "team",
    "Team",
    "variant",
    "flagKey",
    "größe",
    "two words",
    "\u{FB33}",
    "🚀",
    "1",
    "0",
    "toString",
    "a.b",
];

const LIFETIMES: &[&str] = &["release", "experiment", "operational", "permission"];

/// Gives a flag some of these members, or none.
pub fn describe(random: &mut Random, flag: &mut Json) {
    if random.one_in(2) {
        let metadata = match random.below(24) {
            0 => named(MOST_NAMES),
            1 => filled(MOST_BYTES),
            _ => some(random),
        };
        flag.put("metadata", metadata);
    }
    if random.one_in(4) {
        flag.put("lifetime", Json::text(random.pick::<&str>(LIFETIMES)));
    }
    if random.one_in(12) {
        flag.put("locked", Json::raw(*random.pick::<&str>(&["true", "false"])));
    }
    if random.one_in(6) {
        let moment = times::some(random);
        flag.put("expires", times::spelled(random, moment));
    }
    for name in ["description", "owner", "stage"] {
        if random.one_in(10) {
            flag.put(name, Json::text(random.pick::<&str>(TEXTS)));
        }
    }
    if random.one_in(10) {
        flag.put("tags", Json::texts(&[*random.pick(TEXTS), "chat"]));
    }
}

fn some(random: &mut Random) -> Json {
    let mut metadata = Json::Object(vec![]);
    for _ in 0..random.below(5) {
        let value = match random.below(4) {
            0 => Json::raw(*random.pick(&["true", "false"])),
            1 => Json::raw(*random.pick(NUMBERS)),
            _ => Json::text(random.pick::<&str>(TEXTS)),
        };
        metadata.put(random.pick::<&str>(NAMES), value);
    }
    metadata
}

/// Metadata of this many names.
pub fn named(count: usize) -> Json {
    Json::Object((0..count).map(|number| (format!("n{number}"), Json::raw("true"))).collect())
}

/// Metadata of this many bytes of canonical JSON, and more as it is written.
pub fn filled(bytes: usize) -> Json {
    let around = "{\"a\":\"é\\n\",\"n\":100}".len();
    let text = format!("\"\\u00e9\\u000a{}\"", "x".repeat(bytes.saturating_sub(around)));
    Json::object([("n", Json::raw("1e2")), ("a", Json::Raw(text))])
}
