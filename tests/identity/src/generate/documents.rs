//! Documents: a few flags, segments and overrides, and now and then something wrong.

use std::fmt::Write as _;

use sdk_core::BucketKey;

use super::{
    conditions::{self, Condition, Scope},
    flags::{self, Flag, Surroundings},
    json::Json,
    prerequisites,
    probes::{self, Deck},
    random::Random,
    spoilt,
};

/// Customers, by their unit text.
pub const CUSTOMERS: &[&str] = &["c-1", "c-2", "42", "kunde-ü", "9007199254740991", "9007199254740992", "0"];
/// Organizations, by their unit text.
pub const ORGANIZATIONS: &[&str] = &["o-1", "o-2", "7", "組織"];

/// An alias of several flags, of which the first keeps it.
const SHARED_ALIAS: &str = "shared.alias";

/// A document and what may be asked of it.
#[derive(Debug)]
pub struct Document {
    /// The line that sets it.
    pub line: String,
    /// Its sound flags.
    pub flags: Vec<Flag>,
    /// Other names: of flags that are left out, or nearly, and an alias that several flags have.
    pub others: Vec<String>,
    /// True if the document is refused whole.
    pub refused: bool,
}

/// Some document.
pub fn some(random: &mut Random, deck: &mut Deck) -> Document {
    let hex = (0..2).fold(String::new(), |mut hex, _| {
        let _ = write!(hex, "{:016x}", random.bits());
        hex
    });
    let key = BucketKey::from_hex(&hex).unwrap_or_else(|| BucketKey::from_bytes([0; 16]));
    let mut json = Json::object([("schema", Json::text("twinflag/1")), ("bucketKey", Json::text(&hex))]);
    if !random.one_in(6) {
        json.put("environment", Json::text(random.pick::<&str>(&["production", "production", "staging", "development"])));
    }
    let segments = segments(random, key);
    let mut flags = sound_flags(random, key, &segments, deck);
    let bad = if random.one_in(2) { spoilt::flags(random) } else { vec![] };
    if random.one_in(3) {
        prerequisites::break_some(random, &mut flags, spoilt::left_out(&bad));
    }
    let mut others = spoilt::names(&bad);
    let mut members: Vec<_> = flags.iter().map(|flag| (flag.key.clone(), flag.json.clone())).collect();
    if random.one_in(3) {
        share_alias(random, &mut members);
        others.push(SHARED_ALIAS.into());
    }
    members.extend(bad.iter().cloned());
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
    let refused = random.one_in(20);
    if refused {
        spoilt::refuse(random, &mut json);
    }
    let mut line = String::from("{\"document\":");
    json.write(&mut line);
    line.push('}');
    Document { line, flags, others, refused }
}

/// Sound segments, at least two, so that one condition can tell their answers apart; each may name those before it.
fn segments(random: &mut Random, key: BucketKey) -> Vec<(String, Condition)> {
    let mut segments = vec![];
    for number in 0..random.between(2, 5) {
        let levels = random.between(1, 4);
        let condition = conditions::condition(random, levels, Scope { key, segments: &segments, flag: None });
        segments.push((format!("{}{number}", random.pick(&["seg-", "Ségment ", "s/"])), condition));
    }
    segments
}

fn sound_flags(random: &mut Random, key: BucketKey, segments: &[(String, Condition)], deck: &mut Deck) -> Vec<Flag> {
    let count = if random.one_in(50) { random.between(30, 80) } else { random.between(6, 13) };
    let mut flags: Vec<Flag> = vec![];
    for number in 0..count {
        let name = match flags.last() {
            Some(before) if random.one_in(8) && before.key.len() < 100 => format!("{}.k{number}", before.key),
            _ => {
                let group = random.pick(&["", "search.", "ui.panel.", "ui.", "check-out.v_2."]);
                format!("{group}{}{number}", random.pick(&["f", "Flag_", "new-", "7"]))
            }
        };
        let around = Surroundings { key, segments, flags: &flags };
        let flag = if random.percent(50) { probes::flag(random, name, &around, deck) } else { flags::any(random, name, &around) };
        flags.push(flag);
    }
    flags
}

/// Gives several flags one alias, and another flag a prerequisite by it.
fn share_alias(random: &mut Random, flags: &mut [(String, Json)]) {
    for _ in 0..random.between(2, 4) {
        let flag = &mut flags[random.below(flags.len())].1;
        let mut aliases = match flag.member("aliases") {
            Some(Json::List(aliases)) => aliases.clone(),
            _ => vec![],
        };
        aliases.push(Json::text(SHARED_ALIAS));
        flag.put("aliases", Json::List(aliases));
    }
    if random.one_in(3) {
        let flag = &mut flags[random.below(flags.len())].1;
        if flag.member("prerequisites").is_none() && flag.member("variants").is_some() {
            let prerequisite = Json::object([("flag", Json::text(SHARED_ALIAS)), ("variants", Json::texts(&["on", "off"]))]);
            flag.put("prerequisites", Json::List(vec![prerequisite]));
        }
    }
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
        tree.put_at(random.pick::<&str>(&["nobody", "ui.nobody", "bad.a", SHARED_ALIAS, SHARED_ALIAS]), Json::raw("true"));
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
