//! A compiler that has seen other versions of a document answers as one that has seen none, and so do the rows of the document.

use std::collections::BTreeMap;

use sdk_core::{
    BucketKey, Compiled, CompiledFlag, CompiledSegment, Compiler, Context, DocumentError, Environment, FlagState, Millis, link,
};
use serde_json::{Value, json, value::RawValue};
use tests_identity::{Line, Lines};

/// Versions of a document: as it is, with some flags' salts changed, with flags killed, with rollouts, under another environment's
/// name, under another bucket key, and as it is again. One that is no JSON to another reader stays as it is.
fn versions(text: &str) -> Vec<String> {
    let Ok(document) = serde_json::from_str::<Value>(text) else { return vec![text.to_owned()] };
    let version = |change: &dyn Fn(&mut Value)| {
        let mut version = document.clone();
        change(&mut version);
        version
    };
    let flags = |version: &mut Value, nth: usize, member: &str, value: &Value| {
        let flags = version.get_mut("flags").and_then(Value::as_object_mut);
        for flag in flags.into_iter().flat_map(|flags| flags.values_mut()).step_by(nth).filter_map(Value::as_object_mut) {
            flag.insert(member.into(), value.clone());
        }
    };
    let changed = [
        version(&|version| flags(version, 1_000, "salt", &json!("another"))),
        version(&|version| flags(version, 2, "enabled", &json!(false))),
        version(&|version| flags(version, 3, "rollout", &json!({"status": "active", "percentage": 37, "allow": [1, "two"]}))),
        version(&|version| version["environment"] = json!("renamed")),
        version(&|version| version["bucketKey"] = json!("0f0e0d0c0b0a09080706050403020100")),
    ];
    let changed = changed.iter().map(Value::to_string);
    [text.to_owned()].into_iter().chain(changed).chain([text.to_owned()]).collect()
}

/// A document's segments and flags, each compiled by itself and each state apart, linked.
fn linked(document: &Value) -> Result<Compiled, DocumentError> {
    let section = |name: &str| document.get(name).and_then(Value::as_object).into_iter().flatten();
    let segments = section("segments").map(|(name, segment)| CompiledSegment::compile(name, &segment.to_string()));
    let flags = section("flags").map(|(key, flag)| {
        let (mut definition, mut state) = (flag.clone(), json!({}));
        for name in ["enabled", "rollout"] {
            if let Some(value) = definition.as_object_mut().and_then(|members| members.remove(name)) {
                state[name] = value;
            }
        }
        CompiledFlag::compile(key, &definition.to_string()).map(|flag| (flag, FlagState::read(key, &state.to_string())))
    });
    let (segments, flags) = (segments.collect::<Result<Vec<_>, _>>()?, flags.collect::<Result<Vec<_>, _>>()?);
    let private: Vec<String> =
        document["private"].as_array().into_iter().flatten().filter_map(|name| Some(name.as_str()?.into())).collect();
    let key = document["bucketKey"].as_str().and_then(BucketKey::from_hex).expect("the document compiles");
    let environment = Environment { name: document["environment"].as_str(), key, private: &private };
    link(&environment, &segments, flags.iter().map(|(flag, state)| (flag, state)))
}

/// Compares what a document compiles to with its linked rows. The rows list errors of segments first.
fn check_rows(text: &str, pairs: &mut Vec<(Compiled, Compiled)>) {
    // As text again: without the members that stand twice and in the order of the rows.
    let Ok(document) = serde_json::from_str::<Value>(text) else { return };
    let Ok(whole) = sdk_core::compile(&document.to_string(), None) else { return };
    let mut rows = linked(&document).expect("the document is within its limits");
    let of_overrides = |error: &DocumentError| error.pointer.starts_with("/overrides");
    let mut expected: Vec<_> = whole.errors.iter().filter(|error| !of_overrides(error)).collect();
    expected.sort();
    let mut errors: Vec<_> = rows.errors.iter().collect();
    errors.sort();
    assert_eq!((errors, &rows.warnings), (expected, &whole.warnings), "{document}");
    assert!(rows.ruleset.flag_keys().eq(whole.ruleset.flag_keys()), "{document}");
    rows.overrides = whole.overrides.clone();
    pairs.push((rows, whole));
}

fn answers(compiled: &Compiled, context: &Context) -> Vec<String> {
    let own = compiled.overrides.of(context);
    let mut visitor = compiled.ruleset.visitor(own, context, Millis(1_700_000_000_000));
    visitor.evaluate_all().map(|answer| format!("{:?} {:?} {}", answer.value(), answer.variant(), answer.reason().as_str())).collect()
}

#[test]
fn versions_through_one_compiler_and_their_rows_answer_as_each_by_itself() {
    let (mut compiler, mut pairs, mut documents, mut asked) = (Compiler::new(), Vec::new(), 0, 0);
    for line in Lines::new(11, 20_000).with_strangers(true) {
        match line {
            Line::Document(text) => {
                let line: BTreeMap<String, &RawValue> = serde_json::from_str(&text).unwrap();
                pairs.clear();
                for text in versions(line["document"].get()) {
                    check_rows(&text, &mut pairs);
                    match (compiler.compile(&text, None), sdk_core::compile(&text, None)) {
                        (Ok(kept), Ok(fresh)) => {
                            assert_eq!(
                                (&kept.errors, kept.error_count, &kept.warnings),
                                (&fresh.errors, fresh.error_count, &fresh.warnings)
                            );
                            assert!(kept.ruleset.flag_keys().eq(fresh.ruleset.flag_keys()), "{text}");
                            pairs.push((kept, fresh));
                            documents += 1;
                        }
                        (kept, fresh) => assert_eq!(kept.err(), fresh.err(), "{text}"),
                    }
                }
            }
            Line::Question(text, _) => {
                let line: BTreeMap<String, &RawValue> = serde_json::from_str(&text).unwrap();
                let context = line.get("context").map_or_else(Context::new, |context| Context::from_json(context.get()));
                for (kept, fresh) in &pairs {
                    assert_eq!(answers(kept, &context), answers(fresh, &context), "of {text}");
                    asked += 1;
                }
            }
        }
    }
    assert!(documents > 300 && asked > 100_000, "{documents} documents, {asked} questions");
}
