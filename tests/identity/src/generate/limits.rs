//! Contexts at a limit, and one past it.

use super::{json::Json, random::Random};

const MEMBERS: usize = 1_000;
const ITEMS: usize = 10_000;
const BYTES: usize = 65_536;

/// A context that reaches one of the limits, or passes it by one.
pub fn context(random: &mut Random) -> String {
    let past = random.below(2);
    match random.below(6) {
        0 => members(MEMBERS + past),
        1 => format!("{{\"x\":[{},{{}}],\"y\":{}}}", members(MEMBERS / 2), members(MEMBERS - MEMBERS / 2 - 2 + past)),
        2 => format!("{{\"x\":{}}}", items(ITEMS + past)),
        3 => format!("{{\"x\":[{0},{0}],\"y\":{{\"z\":{1}}}}}", items(10), items(ITEMS - 22 + past)),
        4 => text(BYTES + past, ""),
        // A value that is replaced is not counted.
        _ => text(BYTES + past, &format!("\"y\":\"{}\",", "z".repeat(BYTES / 2))),
    }
}

/// An object of this many members.
fn members(count: usize) -> String {
    Json::Object((0..count).map(|number| (format!("k{number}"), Json::raw("0"))).collect()).written()
}

/// A list of this many items.
fn items(count: usize) -> String {
    Json::List(vec![Json::raw("0"); count]).written()
}

/// A context of this many bytes in names and texts, some of them written as escapes; `first` stands in front and is replaced.
fn text(bytes: usize, first: &str) -> String {
    let around = "xé\n👩yy".len();
    let (half, rest) = ((bytes - around) / 2, (bytes - around).div_ceil(2));
    format!("{{{first}\"x\":\"\\u00e9\\n\\ud83d\\udc69{}\",\"y\":[7,\"y{}\"]}}", "a".repeat(half), "b".repeat(rest))
}
