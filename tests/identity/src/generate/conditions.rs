//! Conditions: tests, percentages, segments and their combinations, with the values that decide them.

use sdk_core::BucketKey;

use super::{
    decimals,
    draws::Drawing,
    json::Json,
    operands::{self, Parts},
    operators::{Family, Modifier, OPERATORS, Operator},
    percentages,
    pools::ODD,
    random::Random,
    versions,
};

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

/// The segments that a condition may name, and how its percentages draw.
#[derive(Clone, Copy)]
pub struct Scope<'s> {
    /// The document's key.
    pub key: BucketKey,
    /// Sound segments.
    pub segments: &'s [(String, Condition)],
    /// How the flag around them draws; a segment has none.
    pub flag: Option<Drawing<'s>>,
}

/// A test with this operator and, at most, this option.
pub fn test(random: &mut Random, operator: &Operator, modifier: Option<Modifier>) -> Condition {
    let Parts { attribute, operand, mut values } = parts(random, operator, modifier);
    if random.one_in(3) {
        values.push(Json::raw(*random.pick(ODD)));
    }
    let mut json = Json::object([("attribute", Json::text(attribute)), ("op", Json::text(operator.name))]);
    if let Some(operand) = operand {
        json.put("value", operand);
    }
    for possible in operator.modifiers {
        if modifier == Some(*possible) {
            json.put(possible.name(), Json::raw(possible.value()));
        } else if *possible != Modifier::AsNumber && random.one_in(12) {
            // Numbers have no letter case.
            json.put(possible.name(), Json::raw(if modifier == Some(Modifier::AsNumber) { "true" } else { "false" }));
        }
    }
    Condition { json, interests: vec![Interest { attribute: attribute.into(), values }] }
}

fn parts(random: &mut Random, operator: &Operator, modifier: Option<Modifier>) -> Parts {
    if modifier == Some(Modifier::AsNumber) {
        return decimals::parts(random, operator.family == Family::Membership);
    }
    let ignore_case = modifier == Some(Modifier::IgnoreCase);
    match operator.family {
        Family::Equality => operands::equal(random, ignore_case),
        Family::Membership => operands::listed(random, ignore_case),
        Family::Containment if random.one_in(3) => operands::member(random, ignore_case),
        Family::Containment | Family::Affix => operands::piece(random),
        Family::Intersection => operands::members(random, ignore_case),
        Family::Order => operands::number(random),
        Family::Time => operands::time(random),
        Family::Version if modifier == Some(Modifier::Loose) => versions::loose(random),
        Family::Version => versions::strict(random, operator.name == "semverCaret"),
        Family::Pattern => operands::pattern(random),
        Family::Network => operands::network(random),
        Family::Presence => operands::nothing(random),
    }
}

/// A condition that nests at most this many levels.
pub fn condition(random: &mut Random, levels: usize, scope: Scope<'_>) -> Condition {
    if levels > 1 && random.one_in(2) {
        return match random.below(8) {
            0..3 => several(random, "all", levels, scope),
            3..6 => several(random, "any", levels, scope),
            6 => not(condition(random, levels - 1, scope)),
            _ if scope.segments.is_empty() => not(condition(random, levels - 1, scope)),
            _ => segment(random, scope.segments),
        };
    }
    if random.one_in(12) {
        return percentages::condition(random, scope).0;
    }
    let operator = random.pick(OPERATORS);
    let modifier = if operator.modifiers.is_empty() || random.one_in(2) { None } else { Some(*random.pick(operator.modifiers)) };
    test(random, operator, modifier)
}

/// Conditions of which all, or any, must hold.
pub fn several(random: &mut Random, form: &str, levels: usize, scope: Scope<'_>) -> Condition {
    let count = *random.pick(&[0, 1, 2, 2, 2, 3]);
    let parts = (0..count).map(|_| condition(random, levels - 1, scope)).collect();
    combined(form, parts)
}

fn combined(form: &str, parts: Vec<Condition>) -> Condition {
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

/// A condition on membership of every segment of the document: each named once, in any order, some of them negated.
pub fn segments(random: &mut Random, segments: &[(String, Condition)]) -> Condition {
    let mut order: Vec<_> = segments.iter().map(core::slice::from_ref).collect();
    random.shuffle(&mut order);
    let parts: Vec<_> = order
        .into_iter()
        .map(|one| {
            let member = segment(random, one);
            if random.one_in(3) { not(member) } else { member }
        })
        .collect();
    combined(if random.one_in(2) { "all" } else { "any" }, parts)
}
