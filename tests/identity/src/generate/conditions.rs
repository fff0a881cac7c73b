//! Conditions: every operator with operands and with the values that decide it.

use super::{
    json::Json,
    pools::{
        ADDRESS_NAMES, ADDRESSES, LIST_NAMES, NETWORKS, NO_VERSIONS, NUMBER_NAMES, NUMBERS, ODD, PATTERNS, PIECES, TEXT_NAMES, TEXTS,
        TIME_NAMES, VERSION_NAMES, VERSIONS,
    },
    random::Random,
    times,
};

/// Every operator. Those that take `ignoreCase` stand first.
pub const OPERATORS: [&str; 23] = [
    "eq",
    "neq",
    "in",
    "notIn",
    "contains",
    "startsWith",
    "endsWith",
    "lt",
    "lte",
    "gt",
    "gte",
    "before",
    "after",
    "semverEq",
    "semverGt",
    "semverGte",
    "semverLt",
    "semverLte",
    "semverCaret",
    "semverTilde",
    "matches",
    "cidr",
    "exists",
];

/// How many of [`OPERATORS`] take `ignoreCase`.
pub const TAKE_CASE: usize = 7;

/// An attribute and values that some condition, list or draw looks for.
#[derive(Clone, Debug)]
pub struct Interest {
    /// The name, dotted or not.
    pub attribute: String,
    /// Values to give it.
    pub values: Vec<Json>,
}

/// A condition and what decides it.
#[derive(Clone, Debug)]
pub struct Condition {
    /// As documents write it.
    pub json: Json,
    /// The attributes it looks at.
    pub interests: Vec<Interest>,
}

/// A test with this operator.
pub fn test(random: &mut Random, operator: &str, ignore_case: bool) -> Condition {
    let (attribute, operand, mut values) = match operator {
        "eq" | "neq" => equal(random, ignore_case),
        "in" | "notIn" => listed(random, ignore_case),
        "contains" | "startsWith" | "endsWith" => piece(random, operator, ignore_case),
        "lt" | "lte" | "gt" | "gte" => number(random),
        "before" | "after" => time(random),
        "matches" => pattern(random),
        "cidr" => network(random),
        "exists" => {
            let values = (0..4).map(|_| Json::raw(*random.pick(ODD))).collect();
            (*random.pick(TEXT_NAMES), None, values)
        }
        _ => version(random, operator),
    };
    if random.one_in(3) {
        values.push(Json::raw(*random.pick(ODD)));
    }
    let mut json = Json::object([("attribute", Json::text(attribute)), ("op", Json::text(operator))]);
    if let Some(operand) = operand {
        json.put("value", operand);
    }
    if ignore_case {
        json.put("ignoreCase", Json::raw("true"));
    }
    Condition { json, interests: vec![Interest { attribute: attribute.into(), values }] }
}

/// A condition that nests at most this many levels and may name these segments.
pub fn condition(random: &mut Random, levels: usize, segments: &[(String, Condition)]) -> Condition {
    if levels > 1 && random.one_in(2) {
        return match random.below(8) {
            0..3 => several(random, "all", levels, segments),
            3..6 => several(random, "any", levels, segments),
            6 => not(condition(random, levels - 1, segments)),
            _ if segments.is_empty() => not(condition(random, levels - 1, segments)),
            _ => segment(random, segments),
        };
    }
    let operator = random.below(OPERATORS.len());
    let ignore_case = operator < TAKE_CASE && random.one_in(2);
    test(random, OPERATORS[operator], ignore_case)
}

/// Conditions of which all, or any, must hold.
pub fn several(random: &mut Random, form: &str, levels: usize, segments: &[(String, Condition)]) -> Condition {
    let count = *random.pick(&[0, 1, 2, 2, 2, 3]);
    let parts: Vec<_> = (0..count).map(|_| condition(random, levels - 1, segments)).collect();
    let (list, interests): (_, Vec<_>) = parts.into_iter().map(|part| (part.json, part.interests)).unzip();
    Condition { json: Json::object([(form, Json::List(list))]), interests: interests.concat() }
}

/// The opposite.
pub fn not(inner: Condition) -> Condition {
    Condition { json: Json::object([("not", inner.json)]), interests: inner.interests }
}

/// Membership of one of the segments, of which there must be one.
pub fn segment(random: &mut Random, segments: &[(String, Condition)]) -> Condition {
    let (name, condition) = random.pick(segments);
    Condition { json: Json::object([("segment", Json::text(name))]), interests: condition.interests.clone() }
}

type Parts = (&'static str, Option<Json>, Vec<Json>);

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

fn equal(random: &mut Random, ignore_case: bool) -> Parts {
    let (operand, mut values) = scalar(random, ignore_case);
    values.push(operand.clone());
    (*random.pick(TEXT_NAMES), Some(operand), values)
}

fn listed(random: &mut Random, ignore_case: bool) -> Parts {
    let (mut entries, mut values) = (Vec::new(), vec![Json::text(random.pick::<&str>(TEXTS))]);
    for _ in 0..*random.pick(&[0, 1, 2, 3, 3, 4, 7]) {
        let (entry, near) = scalar(random, ignore_case);
        entries.push(entry);
        values.extend(near.into_iter().take(2));
    }
    (*random.pick(TEXT_NAMES), Some(Json::List(entries)), values)
}

fn piece(random: &mut Random, operator: &str, ignore_case: bool) -> Parts {
    if operator == "contains" && random.one_in(3) {
        let (operand, near) = scalar(random, ignore_case);
        let (other, _) = scalar(random, ignore_case);
        let mut values: Vec<_> = near.iter().map(|value| Json::List(vec![other.clone(), value.clone()])).collect();
        values.extend([Json::List(vec![operand.clone()]), Json::List(vec![]), Json::List(vec![Json::List(vec![operand.clone()]), other])]);
        return (*random.pick(LIST_NAMES), Some(operand), values);
    }
    let pool = if random.one_in(2) { TEXTS } else { PIECES };
    let core = *random.pick(pool);
    let (before, after) = (*random.pick(PIECES), *random.pick(PIECES));
    let mut values: Vec<Json> = [core.into(), format!("{before}{core}"), format!("{core}{after}"), format!("{before}{core}{after}")]
        .into_iter()
        .flat_map(|text: String| [Json::text(&text), cased_otherwise(random, &text)])
        .collect();
    values.push(Json::text(random.pick::<&str>(TEXTS)));
    (*random.pick(TEXT_NAMES), Some(Json::text(core)), values)
}

fn number(random: &mut Random) -> Parts {
    let raw = *random.pick(NUMBERS);
    let mut values: Vec<_> = [-1, 0, 1].into_iter().map(|step| respelled(raw, step)).collect();
    values.extend([Json::raw(raw), Json::raw(*random.pick(NUMBERS)), Json::raw(*random.pick(NUMBERS)), Json::text(raw)]);
    (*random.pick(NUMBER_NAMES), Some(Json::raw(raw)), values)
}

fn time(random: &mut Random) -> Parts {
    let millis = times::some(random);
    let operand = times::spelled(random, millis);
    let mut values: Vec<_> = [-1, 0, 1].into_iter().map(|step| times::spelled(random, millis + step)).collect();
    values.extend([Json::raw(millis.to_string()), Json::raw(format!("{millis}.5")), Json::text(random.pick::<&str>(times::NO_TIMES))]);
    let other = times::some(random);
    values.push(times::spelled(random, other));
    (*random.pick(TIME_NAMES), Some(operand), values)
}

fn version(random: &mut Random, operator: &str) -> Parts {
    // Where a caret stands, zeros matter.
    let zeros = VERSIONS.iter().take_while(|version| version.starts_with('0')).count();
    let place = if operator == "semverCaret" && random.one_in(2) { random.below(zeros) } else { random.below(VERSIONS.len()) };
    let operand = VERSIONS[place];
    let mut values: Vec<_> = VERSIONS[place.saturating_sub(2)..VERSIONS.len().min(place + 3)].iter().map(|text| Json::text(text)).collect();
    values.extend([Json::text(operand), Json::text(&format!("{operand}.1")), Json::text(random.pick::<&str>(VERSIONS))]);
    values.extend([Json::text(random.pick::<&str>(VERSIONS)), Json::text(random.pick::<&str>(NO_VERSIONS))]);
    (*random.pick(VERSION_NAMES), Some(Json::text(operand)), values)
}

fn pattern(random: &mut Random) -> Parts {
    let (pattern, found, missed) = random.pick(PATTERNS);
    let mut values: Vec<_> = found.iter().chain(*missed).map(|text| Json::text(text)).collect();
    values.push(Json::text(random.pick::<&str>(TEXTS)));
    (*random.pick(TEXT_NAMES), Some(Json::text(pattern)), values)
}

fn network(random: &mut Random) -> Parts {
    let networks: Vec<_> = (0..random.between(1, 4)).map(|_| *random.pick(NETWORKS)).collect();
    let mut values: Vec<_> = (0..4).map(|_| Json::text(random.pick::<&str>(ADDRESSES))).collect();
    values.extend(networks.iter().map(|network| Json::text(network.split('/').next().unwrap_or_default())));
    (*random.pick(ADDRESS_NAMES), Some(Json::texts(&networks)), values)
}

/// The same text in another letter case.
fn cased_otherwise(random: &mut Random, text: &str) -> Json {
    Json::text(&if random.one_in(2) { text.to_uppercase() } else { text.to_lowercase() })
}

/// The double that stands this many steps from the one nearest to `raw`, spelled with an exponent.
fn respelled(raw: &str, steps: i64) -> Json {
    let number: f64 = raw.parse().unwrap_or_default();
    let moved =
        if number == 0.0 { f64::from_bits(steps.unsigned_abs()) } else { f64::from_bits(number.to_bits().wrapping_add_signed(steps)) };
    Json::raw(format!("{:e}", if moved.is_finite() { moved } else { number }))
}
