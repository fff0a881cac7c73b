//! A flag that does not differ between two rulesets answers the same in both: generated documents are changed at random and asked.

use std::collections::BTreeSet;

use sdk_core::{ApplicableOverrides, Compiled, Context, Millis, Ruleset, compile};
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};
use tests_identity::{Line, Lines, generate::random::Random};

#[derive(Deserialize)]
struct Document<'l> {
    #[serde(borrow)]
    document: &'l RawValue,
}

#[derive(Deserialize)]
struct Question<'l> {
    #[serde(borrow)]
    context: Option<&'l RawValue>,
    now: Option<f64>,
}

/// A generated document and the contexts and moments of the questions about it.
struct Case {
    document: String,
    questions: Vec<(Context, Millis)>,
}

/// Documents that are sound and stay so when their members are sorted.
fn cases(seed: u64, lines: usize) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in Lines::new(seed, lines).with_strangers(true) {
        match line {
            Line::Document(text) => {
                let document = serde_json::from_str::<Document<'_>>(&text).map_or("{}", |line| line.document.get());
                cases.push(Case { document: document.into(), questions: Vec::new() });
            }
            Line::Question(text, _) => {
                let (Ok(question), Some(case)) = (serde_json::from_str::<Question<'_>>(&text), cases.last_mut()) else { continue };
                let context = question.context.map_or_else(Context::new, |context| Context::from_json(context.get()));
                #[expect(clippy::cast_possible_truncation, reason = "a moment is whole and within 2^53")]
                case.questions.push((context, Millis(question.now.unwrap_or_default() as i64)));
            }
        }
    }
    cases
}

/// The keys of flags whose answers differ for one of the questions, by asking for each.
fn answering_otherwise<'r>(one: &'r Ruleset, other: &'r Ruleset, questions: &[(Context, Millis)]) -> BTreeSet<&'r str> {
    let keys: BTreeSet<&str> = one.flag_keys().chain(other.flag_keys()).collect();
    let mut differing = BTreeSet::new();
    for (context, now) in questions {
        let mut visitors = [one, other].map(|ruleset| ruleset.visitor(ApplicableOverrides::NONE, context, *now));
        for key in &keys {
            let [one, other] = visitors.each_mut().map(|visitor| visitor.evaluate(key, None));
            if one != other || one.flag_key() != other.flag_key() {
                differing.insert(*key);
            }
        }
    }
    differing
}

/// Changes one flag or segment of a document, or takes it away.
fn change(document: &mut Map<String, Value>, random: &mut Random) {
    let section = if random.one_in(3) { "segments" } else { "flags" };
    let Some(Value::Object(members)) = document.get_mut(section) else { return };
    let names: Vec<String> = members.keys().cloned().collect();
    if names.is_empty() {
        return;
    }
    let [name, other] = [0; 2].map(|_| names[random.below(names.len())].clone());
    match (random.below(4), members.get(&other).cloned()) {
        (0, _) => drop(members.remove(&name)),
        (1, Some(value)) => drop(members.insert(name, value)),
        (_, value) => {
            let Some(Value::Object(flag)) = members.get_mut(&name) else { return };
            let parts: Vec<String> = flag.keys().cloned().collect();
            let Some(part) = (!parts.is_empty()).then(|| parts[random.below(parts.len())].clone()) else { return };
            match value.as_ref().and_then(|other| other.get(&part)) {
                Some(value) if other != name => drop(flag.insert(part, value.clone())),
                Some(_) | None => drop(flag.remove(&part)),
            }
        }
    }
}

fn sorted(text: &str) -> Option<Map<String, Value>> {
    serde_json::from_str(text).ok()
}

fn written(document: &Map<String, Value>) -> String {
    serde_json::to_string(document).expect("a value is written")
}

#[test]
fn a_flag_that_does_not_differ_answers_the_same() {
    let (mut random, mut differed, mut same, mut unseen) = (Random::new(5), 0, 0, 0);
    for case in cases(21, 60_000) {
        let (Ok(Compiled { ruleset: before, .. }), Some(document)) = (compile(&case.document, None), sorted(&case.document)) else {
            continue;
        };
        for _ in 0..4 {
            let mut changed = document.clone();
            change(&mut changed, &mut random);
            let Ok(Compiled { ruleset: after, .. }) = compile(&written(&changed), None) else { continue };
            let told = before.differing(&after);
            assert_eq!(told, after.differing(&before), "{}", case.document);
            let seen = answering_otherwise(&before, &after, &case.questions);
            assert!(seen.is_subset(&told), "{:?} of {} and {}", seen.difference(&told), case.document, written(&changed));
            differed += seen.len();
            unseen += told.len() - seen.len();
            same += before.len().saturating_sub(told.len());
        }
    }
    assert!(differed > 300 && same > 3_000, "{differed} differed, {unseen} may, {same} are the same");
}

/// Sorting the members of a document numbers flags, segments and variants otherwise, and changes no answer.
#[test]
fn a_document_whose_members_are_sorted_does_not_differ() {
    let mut compared = 0;
    for case in cases(22, 100_000) {
        let (Ok(before), Some(document)) = (compile(&case.document, None), sorted(&case.document)) else { continue };
        // What is left out for standing twice, and what aliases or cycles leave out, goes by the order of members.
        if !before.errors.is_empty() {
            continue;
        }
        let after = compile(&written(&document), None).expect("a sound document stays sound").ruleset;
        // Of two variants with one boolean value, an override that says the value names the first.
        let is_ambiguous = |key: &&str| {
            let values = before.ruleset.flag(key).into_iter().flat_map(|flag| flag.variants()).map(|(_, value)| value).collect::<Vec<_>>();
            [true, false].map(sdk_core::Value::Boolean).iter().any(|boolean| values.iter().filter(|value| *value == boolean).count() > 1)
        };
        let differing: Vec<&str> = before.ruleset.differing(&after).into_iter().filter(|key| !is_ambiguous(key)).collect();
        let dependants = |key: &&str| {
            before
                .ruleset
                .flag_keys()
                .filter(|other| is_ambiguous(other))
                .any(|other| before.ruleset.dependants_of_flag(other).contains(key))
        };
        assert!(differing.iter().all(dependants), "{differing:?} of {}", case.document);
        compared += before.ruleset.len();
    }
    assert!(compared > 300, "{compared}");
}
