//! Each operator alone, and with each option that it takes: generated tests compile, are explained as the document writes them, and list
//! the moments at which they change.

use std::collections::BTreeSet;

use sdk_core::{ApplicableOverrides, Context, Millis, Ruleset, TestOptions, compile, json::canonical::canonical_text};
use serde_json::Value;
use tests_identity::generate::{
    conditions::{self, Condition},
    json::Json,
    operators::{Modifier, OPERATORS, Operator},
    random::Random,
};

/// Generated tests for each form of each operator.
const TESTS: usize = 100;

/// From this many milliseconds on, either way, tables list no moment.
const LIMIT: u64 = 1 << 53;

/// Gives `check` generated tests of every operator, without an option and with each one.
fn for_each_form(seed: u64, mut check: impl FnMut(&mut Random, &'static Operator, Option<Modifier>, Condition)) {
    let mut random = Random::new(seed);
    for operator in OPERATORS {
        for modifier in core::iter::once(None).chain(operator.modifiers.iter().copied().map(Some)) {
            for _ in 0..TESTS {
                let condition = conditions::test(&mut random, operator, modifier);
                check(&mut random, operator, modifier, condition);
            }
        }
    }
}

/// A ruleset with one flag, `f`, which is on where the test holds.
#[track_caller]
fn ruled(test: &Json) -> Ruleset {
    sound(test).unwrap_or_else(|| panic!("no test is {}", test.written()))
}

/// As [`ruled`]; `None` where the test has an error.
fn sound(test: &Json) -> Option<Ruleset> {
    let rule = format!(r#"{{"if":{},"serve":"on"}}"#, test.written());
    let document = format!(r#"{{"schema":"twinflag/1","bucketKey":"{}","flags":{{"f":{{"rules":[{rule}]}}}}}}"#, "0".repeat(32));
    let compiled = compile(&document, None).expect("the error is the flag's");
    compiled.errors.is_empty().then_some(compiled.ruleset)
}

/// An operand that differs from another one only where the two compare otherwise: lists are sets, and texts in lower case where
/// `folds`.
fn comparable(operand: Value, folds: bool) -> Value {
    match operand {
        Value::String(text) if folds => Value::String(text.chars().flat_map(char::to_lowercase).collect()),
        Value::Array(items) => {
            let mut items: Vec<Value> = items.into_iter().map(|item| comparable(item, folds)).collect();
            items.sort_by_key(Value::to_string);
            items.dedup();
            Value::Array(items)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => operand,
    }
}

#[test]
fn an_explanation_shows_the_operator_its_options_and_its_operand() {
    for_each_form(1, |_, operator, modifier, Condition { json, .. }| {
        let context = Context::new();
        let ruleset = ruled(&json);
        let explanation = ruleset.visitor(ApplicableOverrides::NONE, &context, Millis(0)).explain("f", None);
        let [shown] = explanation.steps.iter().flat_map(|step| &step.conditions).collect::<Vec<_>>()[..] else {
            panic!("one condition is shown of {}", json.written());
        };
        let is_set = |option: &str| json.member(option).is_some_and(|value| value.as_raw() != Some("false"));
        let options = TestOptions { ignore_case: is_set("ignoreCase"), loose: is_set("loose"), as_number: is_set("as") };
        assert_eq!((shown.op, shown.options), (operator.name, options), "{}", json.written());
        assert!(modifier.is_none_or(|modifier| is_set(modifier.name())), "{}", json.written());
        let read = |text: &str| comparable(serde_json::from_str(text).expect("an operand is JSON"), options.ignore_case);
        let written = json.member("value").map(|value| canonical_text(&value.written()).expect("an operand is JSON"));
        assert_eq!(shown.operand.as_deref().map(read), written.as_deref().map(read), "{}", json.written());
    });
}

/// The whole milliseconds at and beside a generated value, where it is a number or a time.
fn near(value: &Json) -> impl Iterator<Item = i64> {
    let raw = value.as_raw().unwrap_or_default();
    let time = || Millis::from_rfc3339(raw.trim_matches('"')).map(|time| time.0);
    #[expect(clippy::cast_possible_truncation, reason = "a number past those of 64 bits is past the limit, too")]
    let number = raw.parse().ok().map(|number: f64| number.floor() as i64);
    let beside = |floor: i64| [-1, 0, 1, 2].map(|step| floor.saturating_add(step));
    number.or_else(time).into_iter().flat_map(beside).filter(|moment| moment.unsigned_abs() < LIMIT)
}

/// Of two moments between which the answer changes, the ruleset lists one past the first, up to the second.
#[test]
fn a_test_of_now_lists_the_moments_at_which_it_changes() {
    let mut changing = BTreeSet::new();
    for_each_form(2, |_, operator, _, Condition { mut json, interests }| {
        json.put("attribute", Json::text("now"));
        let ruleset = ruled(&json);
        let holds = |now: i64| ruleset.at(Millis(now)).boolean("f", &Context::new(), false);
        let asked: BTreeSet<i64> = interests.iter().flat_map(|interest| &interest.values).flat_map(near).collect();
        for (before, after) in asked.iter().zip(asked.iter().skip(1)).filter(|(before, after)| holds(**before) != holds(**after)) {
            let listed = ruleset.moments().any(|moment| *before < moment.0 && moment.0 <= *after);
            assert!(listed, "none from {before} to {after} of {}", json.written());
            changing.insert(operator.name);
        }
    });
    let known = ["after", "before", "eq", "gt", "gte", "in", "lt", "lte", "neq", "notIn"];
    assert!(changing.is_superset(&known.into()), "{changing:?}");
}

/// The operand of `one` with one entry of `other`'s in place of its own; the whole of `other`'s where they are no lists.
fn mixed(random: &mut Random, one: &Json, other: &Json) -> Json {
    match (one, other) {
        (Json::List(one), Json::List(other)) if !one.is_empty() && !other.is_empty() => {
            let mut items = one.clone();
            items[random.below(one.len())] = random.pick(other).clone();
            Json::List(items)
        }
        _ => other.clone(),
    }
}

/// A flag that does not differ answers the same; so of two operators, two operands, or two ways of comparing with one, none may be
/// forgotten.
#[test]
fn a_flag_differs_where_another_operator_operand_or_option_changes_an_answer() {
    let mut changing = BTreeSet::new();
    for_each_form(3, |random, operator, modifier, condition| {
        let alike: Vec<_> = OPERATORS.iter().filter(|other| other.family == operator.family).collect();
        let next = random.pick(&alike);
        let modifier = modifier.filter(|modifier| next.modifiers.contains(modifier) && random.one_in(2));
        let beside = conditions::test(random, next, modifier);
        let (one, mut other) = (condition.json, beside.json);
        if let [Some(operand), Some(next)] = [&one, &other].map(|test| test.member("value").cloned()) {
            other.put("value", if random.one_in(2) { mixed(random, &operand, &next) } else { operand });
        }
        let rulesets = [one, other].map(|mut test| {
            test.put("attribute", Json::text("x"));
            sound(&test).map(|ruleset| (test.written(), ruleset))
        });
        let [Some((one, before)), Some((other, after))] = rulesets else { return };
        let values = condition.interests.iter().chain(&beside.interests).flat_map(|interest| &interest.values);
        for value in values {
            let context = Context::from_json(&Json::object([("x", value.clone())]).written());
            let [held, holds] = [&before, &after].map(|ruleset| ruleset.at(Millis(0)).boolean("f", &context, false));
            if held != holds {
                assert!(before.differing(&after).contains("f"), "{one} and {other}");
                changing.insert(operator.name);
            }
        }
    });
    let known: BTreeSet<&str> = OPERATORS.iter().map(|operator| operator.name).filter(|name| *name != "exists").collect();
    assert_eq!(changing, known);
}
