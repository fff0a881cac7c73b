//! Conditions that draw: the share of a population whose bucket lies between two bounds.

use super::{
    conditions::{Condition, Scope},
    draws::{self, Draw, Edges},
    json::Json,
    pools::{TEXTS, UNIT_NAMES},
    random::Random,
};

/// Salts that conditions share, and with them the draw.
const SHARED_SALTS: &[&str] = &["holdout-2026", "", "layer 1"];

/// A `percentage`, and the units at the edges of its share.
pub fn condition(random: &mut Random, scope: Scope<'_>) -> (Condition, Edges) {
    let (unit, murmur) = scope.flag.map_or((None, false), |flag| (Some(flag.unit), flag.murmur));
    let own_unit = if unit.is_none() || random.one_in(3) { Some(*random.pick(UNIT_NAMES)) } else { None };
    let salt = match random.below(4) {
        0 => *random.pick(TEXTS),
        1 => scope.flag.map_or("", |flag| flag.salt),
        _ => *random.pick(SHARED_SALTS),
    };
    let draw = Draw::new(scope.key, salt, murmur);
    let mut bounds = [(); 2].map(|()| if random.one_in(10) { draws::bound(random, draw) } else { draws::bound_beside_unit(random, draw) });
    if random.one_in(16) {
        bounds[0] = bounds[1].clone();
    }
    bounds.sort_unstable_by_key(|bound| bound.at);
    // A share may begin with the first bucket, and then has one bound.
    let (from, bounds) = if random.one_in(5) { (0, &bounds[1..]) } else { (bounds[0].at, &bounds[..]) };
    let to = bounds[bounds.len() - 1].at;
    let mut members = vec![("to".into(), draws::percent(random, to)), ("salt".into(), Json::text(salt))];
    if from > 0 || random.one_in(2) {
        members.push(("from".into(), draws::percent(random, from)));
    }
    if let Some(unit) = own_unit {
        members.push(("unit".into(), Json::text(unit)));
    }
    random.shuffle(&mut members);
    let edges = draws::edges(random, own_unit.or(unit).unwrap_or("targetingKey"), draw, bounds);
    let interests = vec![draws::interest(random, &edges)];
    (Condition { json: Json::object([("percentage", Json::Object(members))]), interests }, edges)
}
