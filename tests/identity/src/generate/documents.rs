//! Documents: a few flags, segments and overrides, and now and then something wrong.

use std::fmt::Write as _;

use sdk_core::BucketKey;

use super::{
    conditions::{self, Condition},
    flags::{self, Flag, Surroundings},
    json::Json,
    random::Random,
    spoilt,
};

/// Customers, by their unit text.
pub const CUSTOMERS: &[&str] = &["c-1", "c-2", "42", "kunde-ü", "9007199254740992", "0"];
/// Organizations, by their unit text.
pub const ORGANIZATIONS: &[&str] = &["o-1", "o-2", "7", "組織"];

/// A document and what may be asked of it.
#[derive(Debug)]
pub struct Document {
    /// The line that sets it.
    pub line: String,
    /// Its sound flags.
    pub flags: Vec<Flag>,
    /// Keys that are left out of it, or nearly.
    pub bad: Vec<&'static str>,
    /// Whether it is refused whole.
    pub refused: bool,
}

/// Some document.
pub fn some(random: &mut Random) -> Document {
    let hex = (0..2).fold(String::new(), |mut hex, _| {
        let _ = write!(hex, "{:016x}", random.bits());
        hex
    });
    let key = BucketKey::from_hex(&hex).unwrap_or_else(|| BucketKey::from_bytes([0; 16]));
    let mut json = Json::object([("schema", Json::text("twinflag/1")), ("bucketKey", Json::text(&hex))]);
    if !random.one_in(6) {
        json.put("environment", Json::text(random.pick::<&str>(&["production", "production", "staging", "development"])));
    }
    let segments = segments(random);
    let flags = sound_flags(random, key, &segments);
    let bad = if random.one_in(2) { spoilt::flags(random) } else { vec![] };
    let mut members: Vec<_> = flags.iter().map(|flag| (flag.key.clone(), flag.json.clone())).collect();
    members.extend(bad.iter().map(|(key, text)| ((*key).into(), Json::raw(*text))));
    random.shuffle(&mut members);
    json.put("flags", Json::Object(members));
    let mut members: Vec<_> = segments.into_iter().map(|(name, condition)| (name, condition.json)).collect();
    if !bad.is_empty() {
        members.extend(spoilt::SEGMENTS.iter().map(|(name, text)| ((*name).into(), Json::raw(*text))));
    }
    random.shuffle(&mut members);
    json.put("segments", Json::Object(members));
    if !random.one_in(4) {
        json.put("overrides", overrides(random, &flags));
    }
    if random.one_in(4) {
        json.put("private", Json::texts(&["email", "geo.region", "company"]));
    }
    let refused = random.one_in(60);
    if refused {
        let (name, value) = random.pick(spoilt::REFUSED);
        json.put(name, Json::raw(*value));
    }
    let mut line = String::from("{\"document\":");
    json.write(&mut line);
    line.push('}');
    Document { line, flags, bad: spoilt::names(&bad), refused }
}

/// Sound segments; each may name those before it.
fn segments(random: &mut Random) -> Vec<(String, Condition)> {
    let mut segments = vec![];
    for number in 0..random.below(4) {
        let levels = random.between(1, 4);
        let condition = conditions::condition(random, levels, &segments);
        segments.push((format!("{}{number}", random.pick(&["seg-", "Ségment ", "s/"])), condition));
    }
    segments
}

fn sound_flags(random: &mut Random, key: BucketKey, segments: &[(String, Condition)]) -> Vec<Flag> {
    let count = if random.one_in(50) { random.between(30, 80) } else { random.between(6, 13) };
    let mut flags = vec![];
    for number in 0..count {
        let group = random.pick(&["", "search.", "ui.panel.", "ui.", "check-out.v_2."]);
        let name = format!("{group}{}{number}", random.pick(&["f", "Flag_", "new-", "7"]));
        let around = Surroundings { key, segments, flags: &flags };
        let flag = if random.percent(40) { flags::probe(random, name, &around) } else { flags::any(random, name, &around) };
        flags.push(flag);
    }
    flags
}

fn overrides(random: &mut Random, flags: &[Flag]) -> Json {
    let mut owners = |names: &[&str]| {
        let mut members = Json::Object(vec![]);
        for name in names {
            if random.one_in(2) {
                members.put(name, owner(random, flags));
            }
        }
        members
    };
    Json::object([("customers", owners(CUSTOMERS)), ("organizations", owners(ORGANIZATIONS))])
}

/// The overrides of one owner: as a tree, dotted, by alias; now and then of nothing, or twice.
fn owner(random: &mut Random, flags: &[Flag]) -> Json {
    let mut tree = Json::Object(vec![]);
    for _ in 0..random.between(1, 4) {
        let flag = random.pick(flags);
        for _ in 0..if random.one_in(10) { 2 } else { 1 } {
            let name = if flag.aliases.is_empty() || random.one_in(2) { &flag.key } else { random.pick::<String>(&flag.aliases) };
            let leaf = match random.below(20) {
                0 => Json::raw(*random.pick(&["true", "null", "1", "\"nobody\"", "[]"])),
                _ => sound_leaf(random, flag),
            };
            if random.one_in(2) {
                tree.put_at(name, leaf);
            } else {
                tree.put(name, leaf);
            }
        }
    }
    if random.one_in(20) {
        tree.put_at(random.pick::<&str>(&["nobody", "ui.nobody", "bad.a"]), Json::raw("true"));
    }
    tree
}

/// A variant's name or, where every boolean has one, a boolean.
fn sound_leaf(random: &mut Random, flag: &Flag) -> Json {
    if flag.json.member("variants").is_none() && random.one_in(2) {
        return Json::raw(*random.pick(&["true", "false"]));
    }
    Json::text(random.pick::<String>(&flag.variants))
}
