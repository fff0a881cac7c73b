//! Prerequisites that are broken: unknown, left out, or in a cycle.

use std::rc::Rc;

use super::{flags::Flag, json::Json, random::Random};

/// Causes of a broken prerequisite.
pub const CAUSES: [&str; 3] = ["unknown", "left out", "in a cycle"];

/// Breaks prerequisites of a few flags. `left_out` is the key of a flag that is left out, where the document has one.
pub fn break_some(random: &mut Random, flags: &mut [Flag], left_out: Option<&str>) {
    let mut places: Vec<usize> = (0..flags.len()).filter(|place| flags[*place].mark.probe.is_none()).collect();
    random.shuffle(&mut places);
    let [unknown, cause_left_out, cycle] = CAUSES;
    if random.one_in(3)
        && let Some(place) = places.pop()
    {
        require(random, &mut flags[place], "nobody", &["on", "off"], unknown);
    }
    if let Some(key) = left_out
        && let Some(place) = places.pop()
    {
        require(random, &mut flags[place], key, &["on", "off"], cause_left_out);
    }
    if random.one_in(3) {
        places.truncate(random.between(1, 4));
        let Some(mut next) = places.last().copied() else { return };
        // A flag that is switched off is part of its cycle nonetheless.
        if random.one_in(3) {
            flags[next].json.put("enabled", Json::raw("false"));
        }
        for place in places {
            let other = flags[next].clone();
            let name = if other.aliases.is_empty() || random.one_in(2) { &other.key } else { random.pick(&other.aliases) };
            require(random, &mut flags[place], name, &other.variants, cycle);
            next = place;
        }
    }
}

/// Gives a flag one more prerequisite; any of these variants meets it, were it not broken.
fn require<T: AsRef<str>>(random: &mut Random, flag: &mut Flag, name: &str, variants: &[T], cause: &'static str) {
    let prerequisite = Json::object([("flag", Json::text(name)), ("variants", Json::texts(variants))]);
    let mut list = match flag.json.member("prerequisites") {
        Some(Json::List(list)) => list.clone(),
        _ => vec![],
    };
    list.insert(random.below(list.len() + 1), prerequisite);
    flag.json.put("prerequisites", Json::List(list));
    Rc::make_mut(&mut flag.mark).broken = Some(cause);
}
