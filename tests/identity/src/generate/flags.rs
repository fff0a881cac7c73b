//! One flag, and what is to be known of it to ask it well.

use std::rc::Rc;

use sdk_core::BucketKey;

use super::{
    conditions::{self, Condition, Interest, Scope},
    draws::{self, Bound, Draw, Drawing, Edges},
    json::Json,
    metadata,
    pools::{NUMBERS, ODD, TEXT_NAMES, TEXTS, UNIT_NAMES},
    random::Random,
    variants,
};
use crate::count::Mark;

/// A sound flag.
#[derive(Clone, Debug)]
pub struct Flag {
    /// Its key.
    pub key: String,
    /// Other names of it.
    pub aliases: Vec<String>,
    /// boolean, string, number or object.
    pub kind: &'static str,
    /// Names of its variants.
    pub variants: Vec<String>,
    /// As documents write it.
    pub json: Json,
    /// The attributes that decide it, and values of them.
    pub interests: Vec<Interest>,
    /// How its answers are counted.
    pub mark: Rc<Mark>,
}

/// The parts of a document that a flag may refer to.
pub struct Surroundings<'s> {
    /// The document's key.
    pub key: BucketKey,
    /// Sound segments.
    pub segments: &'s [(String, Condition)],
    /// The flags before this one.
    pub flags: &'s [Flag],
}

/// A flag of many parts.
pub fn any(random: &mut Random, key: String, around: &Surroundings<'_>) -> Flag {
    let (kind, variants, mut json) = variants::typed(random);
    let unit = if random.one_in(3) { "targetingKey" } else { *random.pick(UNIT_NAMES) };
    let (salt, murmur) = (if random.one_in(4) { random.pick::<&str>(TEXTS) } else { key.as_str() }, random.percent(25));
    let drawing = Drawing { unit, salt, murmur };
    let mut maker = Maker { random, around, drawing, variants: &variants, interests: vec![], mark: Mark { murmur, ..Mark::default() } };
    if unit != "targetingKey" || maker.random.one_in(3) {
        json.put("unit", Json::text(unit));
    }
    if salt != key {
        json.put("salt", Json::text(salt));
    }
    if murmur || maker.random.one_in(6) {
        json.put("hash", Json::text(if murmur { "murmurhash-js" } else { "sip-1" }));
    }
    if maker.random.one_in(3) {
        json.put("onMissingUnit", Json::text(maker.random.pick::<&str>(&["continue", "continue", "error"])));
    }
    // Most flags are a rollout alone, so that draws are reached.
    let plain = maker.random.percent(60);
    if !plain && maker.random.one_in(3) {
        json.put("prerequisites", maker.prerequisites());
    }
    if maker.random.one_in(if plain { 8 } else { 2 }) {
        json.put("targets", maker.targets());
    }
    if !plain {
        json.put("rules", maker.rules());
    }
    if plain || maker.random.one_in(2) {
        json.put("rollout", maker.rollout());
    }
    let (interests, mark) = (maker.interests, Rc::new(maker.mark));
    let count = *random.pick(&[0, 0, 0, 1, 2]);
    let aliases: Vec<String> = (0..count).map(|number| format!("{}.{number}", key.replace('.', "_"))).collect();
    if !aliases.is_empty() {
        json.put("aliases", Json::texts(&aliases));
    }
    metadata::describe(random, &mut json);
    Flag { key, aliases, kind, variants, json, interests, mark }
}

struct Maker<'m, 's> {
    random: &'m mut Random,
    around: &'m Surroundings<'s>,
    drawing: Drawing<'m>,
    variants: &'m [String],
    interests: Vec<Interest>,
    mark: Mark,
}

impl Maker<'_, '_> {
    fn variant(&mut self) -> Json {
        Json::text(self.random.pick::<String>(self.variants))
    }

    fn draw(&self, salt: &str) -> Draw {
        Draw::new(self.around.key, salt, self.drawing.murmur)
    }

    fn prerequisites(&mut self) -> Json {
        let mut list = vec![];
        if self.around.flags.is_empty() {
            return Json::List(list);
        }
        for _ in 0..self.random.between(1, 3) {
            let other = self.random.pick(self.around.flags);
            let names: Vec<&str> = other.aliases.iter().chain([&other.key]).map(String::as_str).collect();
            let mut variants = other.variants.clone();
            self.random.shuffle(&mut variants);
            variants.truncate(self.random.between(1, variants.len() + 1));
            list.push(Json::object([("flag", Json::text(self.random.pick::<&str>(&names))), ("variants", Json::texts(&variants))]));
            self.interests.extend(other.interests.iter().take(3).cloned());
        }
        Json::List(list)
    }

    fn targets(&mut self) -> Json {
        let mut list = vec![];
        for _ in 0..self.random.between(1, 3) {
            let attribute = *self.random.pick(TEXT_NAMES);
            let values: Vec<Json> = (0..self.random.below(5)).map(|_| self.scalar()).collect();
            let mut wanted = values.clone();
            wanted.push(Json::raw(*self.random.pick(ODD)));
            self.interests.push(Interest { attribute: attribute.into(), values: wanted });
            let variant = self.variant();
            list.push(Json::object([("attribute", Json::text(attribute)), ("values", Json::List(values)), ("variant", variant)]));
        }
        Json::List(list)
    }

    fn scalar(&mut self) -> Json {
        match self.random.below(6) {
            0 => Json::raw(*self.random.pick(&["true", "false"])),
            1 => Json::raw(*self.random.pick(NUMBERS)),
            _ => Json::text(self.random.pick::<&str>(TEXTS)),
        }
    }

    fn rules(&mut self) -> Json {
        let mut list = vec![];
        for number in 0..self.random.below(4) {
            let mut rule = Json::Object(vec![]);
            if !self.random.one_in(8) {
                let levels = self.random.between(1, 4);
                let scope = Scope { key: self.around.key, segments: self.around.segments, flag: Some(self.drawing) };
                let condition = conditions::condition(self.random, levels, scope);
                self.interests.extend(condition.interests);
                rule.put("if", condition.json);
            }
            let name = if self.random.one_in(4) { format!("règle {number}") } else { format!("r{number}") };
            let serve = if self.random.one_in(2) { self.split(&name) } else { self.variant() };
            if matches!(serve, Json::Object(_)) || self.random.one_in(2) {
                rule.put("name", Json::text(&name));
            }
            rule.put("serve", serve);
            list.push(rule);
        }
        Json::List(list)
    }

    fn split(&mut self, rule: &str) -> Json {
        let own_salt = self.random.one_in(4).then(|| *self.random.pick(TEXTS));
        let own_unit = self.random.one_in(3).then(|| *self.random.pick(UNIT_NAMES));
        let draw = self.draw(own_salt.unwrap_or(&format!("{}/{rule}", self.drawing.salt)));
        let mut bounds: Vec<Bound> = (0..self.random.below(4)).map(|_| draws::bound(self.random, draw)).collect();
        bounds.push(Bound::LAST);
        bounds.sort_unstable_by_key(|bound| bound.at);
        self.edges(own_unit.unwrap_or(self.drawing.unit), draw, &bounds);
        let mut below = 0;
        let mut shares = vec![];
        for bound in bounds.iter().map(|bound| bound.at) {
            let weight = if self.random.one_in(8) { format!("{}.0", bound - below) } else { (bound - below).to_string() };
            shares.push(Json::object([("variant", self.variant()), ("weight", Json::raw(weight))]));
            below = bound;
        }
        let mut split = Json::object([("split", Json::List(shares))]);
        if let Some(unit) = own_unit {
            split.put("unit", Json::text(unit));
        }
        if let Some(salt) = own_salt {
            split.put("salt", Json::text(salt));
        }
        split
    }

    fn rollout(&mut self) -> Json {
        let mut rollout = Json::Object(vec![]);
        let status = *self.random.pick(&["active", "active", "active", "active", "paused", "completed", "planned", "rolled_back"]);
        if status != "planned" || self.random.one_in(2) {
            rollout.put("status", Json::text(status));
        }
        if self.random.one_in(2) {
            rollout.put("tier", Json::raw(*self.random.pick(&["0", "1", "1", "2", "3", "4"])));
        }
        let draw = self.draw(self.drawing.salt);
        let bound = draws::bound(self.random, draw);
        if bound.at > 0 || self.random.one_in(2) {
            rollout.put("percentage", draws::percent(self.random, bound.at));
        }
        self.mark.edges = self.edges(self.drawing.unit, draw, &[bound]);
        let units: Vec<_> = self.mark.edges.units.iter().map(Json::raw).collect();
        let allow = if self.random.one_in(3) { Some(self.list(&units, &[])) } else { None };
        let deny = if self.random.one_in(4) { Some(self.list(&units, allow.as_deref().unwrap_or_default())) } else { None };
        for (name, list) in [("allow", allow), ("deny", deny)] {
            if let Some(list) = list {
                self.interests.push(Interest { attribute: self.drawing.unit.into(), values: list.clone() });
                rollout.put(name, Json::List(list));
            }
        }
        if self.random.one_in(12) {
            rollout.put("guard", Json::raw("{\"method\":\"sequential\",\"errorRate\":0.05,\"timeWindow\":3600000,\"minSamples\":20}"));
        }
        rollout
    }

    /// Units of a list; some of them stand at an edge, some on the other list too.
    fn list(&mut self, units: &[Json], other: &[Json]) -> Vec<Json> {
        let mut list: Vec<Json> = units.iter().filter(|_| self.random.one_in(4)).cloned().collect();
        list.extend(other.iter().filter(|_| self.random.one_in(2)).cloned());
        for _ in 0..self.random.below(3) {
            list.push(match self.random.below(3) {
                0 => Json::raw(*self.random.pick(&["42", "7.0", "-0", "9007199254740991", "-9007199254740991", "1e3"])),
                1 => Json::text(self.random.pick::<&str>(TEXTS)),
                _ => Json::text(&draws::unit(self.random)),
            });
        }
        list
    }

    /// Makes units at the edges of these bounds interesting.
    fn edges(&mut self, attribute: &str, draw: Draw, bounds: &[Bound]) -> Edges {
        let edges = draws::edges(self.random, attribute, draw, bounds);
        self.mark.bounds.extend(bounds.iter().map(|bound| bound.at));
        self.interests.push(draws::interest(self.random, &edges));
        edges
    }
}
