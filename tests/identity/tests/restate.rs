//! A ruleset whose flags were restated one after the other answers as one that was compiled with these states, and makes the same programs
//! byte for byte.

use std::collections::BTreeMap;

use sdk_core::{Audience, Compiled, Compiler, Context, Identity, Millis, compile, specialise};
use serde_json::{Map, Value, json, value::RawValue};
use tests_identity::{Line, Lines};

/// Draws numbers: Knuth's linear congruential generator, its upper bits.
struct Draws(u64);

impl Draws {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % end
    }
}

/// The changes of states: kills, revivals, and rollouts with every status, at the ends of the percentage and between, with lists and without.
fn edit(flag: &mut Map<String, Value>, draws: &mut Draws) {
    let units = ["u-1", "7", "one"];
    let statuses = ["planned", "active", "paused", "completed", "rolled_back"];
    match draws.below(4) {
        0 => _ = flag.insert("enabled".into(), json!(false)),
        1 => _ = flag.insert("enabled".into(), json!(true)),
        2 => _ = flag.remove("rollout"),
        _ => {
            let percentages = [0.0, 12.5, 50.0, 100.0];
            let mut rollout = json!({ "status": statuses[draws.below(5)], "percentage": percentages[draws.below(4)] });
            if draws.below(3) == 0 {
                rollout["tier"] = json!(draws.below(5));
            }
            for name in ["allow", "deny"] {
                if draws.below(3) == 0 {
                    rollout[name] = json!([units[draws.below(3)], 12]);
                }
            }
            flag.insert("rollout".into(), rollout);
        }
    }
}

/// The document with its flags' states changed twelve times, restated where that is possible and compiled anew where not, every third time
/// beside what it compiles to by itself.
fn restated(document: &mut Value, draws: &mut Draws, [restated, compiled]: &mut [usize; 2]) -> Vec<(Compiled, Compiled)> {
    let (mut compiler, mut pairs) = (Compiler::new(), Vec::new());
    let Ok(mut held) = compiler.compile(&document.to_string(), None) else { return pairs };
    for number in 1..=12 {
        let Some(flags) = document.get_mut("flags").and_then(Value::as_object_mut).filter(|flags| !flags.is_empty()) else { break };
        let place = draws.below(flags.len());
        let Some((key, Value::Object(flag))) = flags.iter_mut().nth(place) else { continue };
        edit(flag, draws);
        let change = compiler.restate(&held.ruleset, key, &Value::Object(flag.clone()).to_string());
        if change.is_some_and(|change| held.ruleset.restate(&change)) {
            *restated += 1;
        } else {
            *compiled += 1;
            held = compiler.compile(&document.to_string(), None).expect("a state refuses no document");
        }
        if number % 3 == 0 {
            pairs.push((held.clone(), compile(&document.to_string(), None).expect("a state refuses no document")));
        }
    }
    pairs
}

#[test]
fn restated_flags_answer_and_make_programs_as_compiled_ones_do() {
    let (mut draws, mut counts, mut pairs, mut asked) = (Draws(29), [0; 2], Vec::new(), 0);
    for line in Lines::new(23, 6_000) {
        match line {
            Line::Document(text) => {
                let line: BTreeMap<String, &RawValue> = serde_json::from_str(&text).unwrap();
                let document = serde_json::from_str::<Value>(line["document"].get()).ok().filter(Value::is_object);
                pairs = document.map_or_else(Vec::new, |mut document| restated(&mut document, &mut draws, &mut counts));
            }
            Line::Question(text, _) => {
                let line: BTreeMap<String, &RawValue> = serde_json::from_str(&text).unwrap();
                let context = line.get("context").map_or_else(Context::new, |context| Context::from_json(context.get()));
                let known = line.get("known").map_or_else(|| context.clone(), |known| Context::from_json(known.get()));
                for (held, fresh) in &pairs {
                    let own = fresh.overrides.of(&context);
                    for now in [0, 1_700_000_000_000] {
                        let (mut one, mut other) =
                            (held.ruleset.visitor(own, &context, Millis(now)), fresh.ruleset.visitor(own, &context, Millis(now)));
                        assert!(one.evaluate_all().eq(other.evaluate_all()), "of {text}");
                    }
                    let of_known = fresh.overrides.of(&known);
                    for identity in [Identity::Open, Identity::Vouched] {
                        let [one, other] = [held, fresh].map(|compiled| {
                            specialise(&compiled.ruleset, of_known, &known, Audience::from(identity)).map(|program| program.to_bytes())
                        });
                        assert_eq!(one, other, "{identity:?} of {text}");
                    }
                    asked += 1;
                }
            }
        }
    }
    let [restated, compiled] = counts;
    assert!(asked > 10_000 && restated > 100 && compiled > 20, "{asked} asked, {restated} restated, {compiled} compiled");
}

#[test]
fn a_ruleset_is_restated_until_its_room_is_used_up() {
    let state = |enabled: bool| format!(r#"{{"default":"on","enabled":{enabled}}}"#);
    let document = |enabled: bool| {
        format!(r#"{{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f","flags":{{"a":{}}}}}"#, state(enabled))
    };
    let mut compiler = Compiler::new();
    let mut ruleset = compiler.compile(&document(true), None).unwrap().ruleset;
    let is_on = |ruleset: &sdk_core::Ruleset| ruleset.at(Millis(0)).boolean("a", &Context::new(), false);
    let before = ruleset.heap_bytes();
    let mut times = 0;
    while let Some(change) = compiler.restate(&ruleset, "a", &state(times % 2 == 1)) {
        assert!(ruleset.restate(&change));
        times += 1;
        assert_eq!(is_on(&ruleset), times % 2 == 0);
    }
    // A killed flag takes a dozen words at most: its room is 64 KiB, and the tables grow by no more.
    assert!(times > 64 * 1_024 / 64, "{times}");
    assert!(ruleset.heap_bytes() - before <= 64 * 1_024 + 4, "{} bytes more", ruleset.heap_bytes() - before);
    // Compiling makes room again.
    ruleset = compiler.compile(&document(true), None).unwrap().ruleset;
    assert!(compiler.restate(&ruleset, "a", &state(false)).is_some());
}

#[test]
fn a_change_of_other_flags_or_definitions_restates_nothing() {
    let document = |flags: &str| format!(r#"{{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f","flags":{{{flags}}}}}"#);
    let mut compiler = Compiler::new();
    let mut ruleset = compiler.compile(&document(r#""a":{"default":"on"},"b":{}"#), None).unwrap().ruleset;
    for text in [r#"{"enabled":false}"#, r#"{"default":"on","enabled":"no"}"#, r#"{"default":"on","rollout":{"tier":7}}"#, "7", "{"] {
        assert!(compiler.restate(&ruleset, "a", text).is_none(), "{text}");
    }
    let killed = r#"{"default":"on","enabled":false}"#;
    assert!(compiler.restate(&ruleset, "c", killed).is_none());
    let change = compiler.restate(&ruleset, "a", killed).unwrap();
    let mut other = compile(&document(r#""b":{},"a":{"default":"on"}"#), None).unwrap().ruleset;
    assert!(!other.restate(&change), "the numbers of its flags differ");
    assert!(ruleset.restate(&change));
}

#[test]
fn a_text_that_no_document_could_hold_restates_nothing() {
    let document =
        |flag: &str| format!(r#"{{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f","flags":{{"a":{flag}}}}}"#);
    let text = r#"{"default":"on","enabled":false,"rollout":{"status":"active","percentage":12.5e0,"allow":[]}}"#;
    let mut compiler = Compiler::new();
    let ruleset = compiler.compile(&document(r#"{"default":"on","rollout":{"allow":[]}}"#), None).unwrap().ruleset;
    let is_on = |ruleset: &sdk_core::Ruleset| ruleset.at(Millis(0)).boolean("a", &Context::new(), false);
    assert!(is_on(&ruleset));
    let [mut restated, mut refused] = [0, 0];
    // The text is cut short, loses a character, and gets another one, at every place.
    for at in 0..text.len() {
        let (before, rest) = text.split_at(at);
        let after = &rest[1..];
        let changed = ["", "}", "]", ",", ":", "\"", "x", "0", " "].map(|character| format!("{before}{character}{after}"));
        for changed in changed.iter().map(String::as_str).chain([before]) {
            let compiled = compile(&document(changed), None).ok().filter(|compiled| compiled.errors.is_empty());
            let Some(change) = compiler.restate(&ruleset, "a", changed) else {
                refused += 1;
                continue;
            };
            let mut ruleset = ruleset.clone();
            assert!(ruleset.restate(&change), "{changed}");
            let compiled = compiled.unwrap_or_else(|| panic!("{changed} is restated, and compiles to nothing"));
            assert_eq!(is_on(&ruleset), is_on(&compiled.ruleset), "{changed}");
            restated += 1;
        }
    }
    assert!(restated > 5 && refused > 500, "{restated} restated, {refused} refused");
}
