//! Operands of tests, each with an attribute and with values on both sides of it.

use super::{
    json::Json,
    pools::{ADDRESS_NAMES, ADDRESSES, LIST_NAMES, NETWORKS, NUMBER_NAMES, NUMBERS, ODD, PATTERNS, PIECES, TEXT_NAMES, TEXTS, TIME_NAMES},
    random::Random,
    times,
};

/// The parts of a test, and what to put to it.
pub struct Parts {
    /// The attribute's name.
    pub attribute: &'static str,
    /// The operand, where the operator takes one.
    pub operand: Option<Json>,
    /// Values of the attribute.
    pub values: Vec<Json>,
}

impl Parts {
    /// An operand for one of these attributes.
    pub fn new(random: &mut Random, attributes: &[&'static str], operand: Json, values: Vec<Json>) -> Self {
        Self { attribute: random.pick::<&str>(attributes), operand: Some(operand), values }
    }
}

/// A string, a number or a boolean, and values beside it.
fn scalar(random: &mut Random, cased: bool) -> (Json, Vec<Json>) {
    match random.below(if cased { 20 } else { 8 }) {
        0 => {
            let raw = *random.pick(&["true", "false"]);
            (Json::raw(raw), vec![Json::raw("true"), Json::raw("false"), Json::text(raw)])
        }
        1 | 2 => {
            let raw = *random.pick(NUMBERS);
            (Json::raw(raw), vec![Json::raw(raw), respelled(raw, 0), respelled(raw, 1), Json::raw(*random.pick(NUMBERS)), Json::text(raw)])
        }
        _ => {
            let text = *random.pick(TEXTS);
            (Json::text(text), vec![Json::text(text), cased_otherwise(random, text), Json::text(random.pick::<&str>(TEXTS))])
        }
    }
}

/// One scalar.
pub fn equal(random: &mut Random, ignore_case: bool) -> Parts {
    let (operand, mut values) = scalar(random, ignore_case);
    values.push(operand.clone());
    Parts::new(random, TEXT_NAMES, operand, values)
}

/// A list of scalars for a scalar; none, too.
pub fn listed(random: &mut Random, ignore_case: bool) -> Parts {
    let (mut entries, mut values): (_, Vec<_>) = (Vec::new(), (0..3).map(|_| Json::text(random.pick::<&str>(TEXTS))).collect());
    for _ in 0..*random.pick(&[0, 1, 2, 3, 3, 4, 7]) {
        let (entry, near) = scalar(random, ignore_case);
        entries.push(entry);
        values.extend(near.into_iter().take(2));
    }
    Parts::new(random, TEXT_NAMES, Json::List(entries), values)
}

/// A scalar for a list.
pub fn member(random: &mut Random, ignore_case: bool) -> Parts {
    let (operand, near) = scalar(random, ignore_case);
    let (other, _) = scalar(random, ignore_case);
    let mut values: Vec<_> = near.iter().map(|value| Json::List(vec![other.clone(), value.clone()])).collect();
    values.extend([Json::List(vec![operand.clone()]), Json::List(vec![]), Json::List(vec![Json::List(vec![operand.clone()]), other])]);
    Parts::new(random, LIST_NAMES, operand, values)
}

/// A list of scalars for a list: some entries stand twice, some lists have all of them, some one, some none.
pub fn members(random: &mut Random, ignore_case: bool) -> Parts {
    let (mut entries, mut near) = (vec![], vec![]);
    for _ in 0..*random.pick(&[0, 1, 1, 2, 2, 3, 4]) {
        let (entry, beside) = scalar(random, ignore_case);
        for _ in 0..if random.one_in(5) { 2 } else { 1 } {
            entries.push(entry.clone());
        }
        near.push(beside);
    }
    let (other, _) = scalar(random, ignore_case);
    let mut values = vec![Json::List(vec![]), Json::List(vec![other.clone()]), other.clone()];
    for _ in 0..4 {
        let mut list: Vec<_> = near.iter().map(|beside| random.pick(&beside[..2]).clone()).collect();
        values.push(Json::List(list.clone()));
        list.push(other.clone());
        random.shuffle(&mut list);
        values.push(Json::List(list.clone()));
        list.truncate(list.len() / 2);
        values.push(Json::List(list));
    }
    values.push(Json::List(vec![Json::List(entries.clone())]));
    values.extend(entries.first().cloned());
    Parts::new(random, LIST_NAMES, Json::List(entries), values)
}

/// A text for texts that hold it, or do not.
pub fn piece(random: &mut Random) -> Parts {
    let pool = if random.one_in(2) { TEXTS } else { PIECES };
    let core = *random.pick(pool);
    let (before, after) = (*random.pick(PIECES), *random.pick(PIECES));
    let mut values: Vec<Json> = [core.into(), format!("{before}{core}"), format!("{core}{after}"), format!("{before}{core}{after}")]
        .into_iter()
        .flat_map(|text: String| [Json::text(&text), cased_otherwise(random, &text)])
        .collect();
    values.push(Json::text(random.pick::<&str>(TEXTS)));
    Parts::new(random, TEXT_NAMES, Json::text(core), values)
}

/// A number.
pub fn number(random: &mut Random) -> Parts {
    let raw = *random.pick(NUMBERS);
    let mut values: Vec<_> = [-1, 0, 1].into_iter().map(|step| respelled(raw, step)).collect();
    values.extend([Json::raw(raw), Json::raw(*random.pick(NUMBERS)), Json::raw(*random.pick(NUMBERS)), Json::text(raw)]);
    Parts::new(random, NUMBER_NAMES, Json::raw(raw), values)
}

/// A time.
pub fn time(random: &mut Random) -> Parts {
    let millis = times::some(random);
    let operand = times::spelled(random, millis);
    let mut values: Vec<_> = [-1, 0, 1].into_iter().map(|step| times::spelled(random, millis + step)).collect();
    values.extend([Json::raw(millis.to_string()), Json::raw(format!("{millis}.5")), Json::text(random.pick::<&str>(times::NO_TIMES))]);
    let other = times::some(random);
    values.push(times::spelled(random, other));
    Parts::new(random, TIME_NAMES, operand, values)
}

/// A pattern.
pub fn pattern(random: &mut Random) -> Parts {
    let (pattern, found, missed) = random.pick(PATTERNS);
    let mut values: Vec<_> = found.iter().chain(*missed).map(|text| Json::text(text)).collect();
    values.push(Json::text(random.pick::<&str>(TEXTS)));
    Parts::new(random, TEXT_NAMES, Json::text(pattern), values)
}

/// A list of networks.
pub fn network(random: &mut Random) -> Parts {
    let networks: Vec<_> = (0..random.between(1, 4)).map(|_| *random.pick(NETWORKS)).collect();
    let mut values: Vec<_> = (0..4).map(|_| Json::text(random.pick::<&str>(ADDRESSES))).collect();
    values.extend(networks.iter().map(|network| Json::text(network.split('/').next().unwrap_or_default())));
    Parts::new(random, ADDRESS_NAMES, Json::texts(&networks), values)
}

/// No operand.
pub fn nothing(random: &mut Random) -> Parts {
    let mut values: Vec<_> = (0..4).map(|_| Json::raw(*random.pick(ODD))).collect();
    values.push(Json::raw("null"));
    Parts { attribute: random.pick::<&str>(TEXT_NAMES), operand: None, values }
}

/// The same text in another letter case.
fn cased_otherwise(random: &mut Random, text: &str) -> Json {
    Json::text(&if random.one_in(2) { text.to_uppercase() } else { text.to_lowercase() })
}

/// The double that stands this many steps from the one nearest to `raw`, spelled with an exponent.
pub fn respelled(raw: &str, steps: i64) -> Json {
    let number: f64 = raw.parse().unwrap_or_default();
    let moved =
        if number == 0.0 { f64::from_bits(steps.unsigned_abs()) } else { f64::from_bits(number.to_bits().wrapping_add_signed(steps)) };
    Json::raw(format!("{:e}", if moved.is_finite() { moved } else { number }))
}
