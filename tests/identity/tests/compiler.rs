//! A compiler that has seen other versions of a document answers as one that has seen none.

use std::collections::BTreeMap;

use sdk_core::{Compiled, Compiler, Context, Millis};
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

fn answers(compiled: &Compiled, context: &Context) -> Vec<String> {
    let own = compiled.overrides.of(context);
    let mut visitor = compiled.ruleset.visitor(own, context, Millis(1_700_000_000_000));
    visitor.evaluate_all().map(|answer| format!("{:?} {:?} {}", answer.value(), answer.variant(), answer.reason().as_str())).collect()
}

#[test]
fn versions_through_one_compiler_answer_as_each_by_itself() {
    let (mut compiler, mut pairs, mut documents, mut asked) = (Compiler::new(), Vec::new(), 0, 0);
    for line in Lines::new(11, 20_000).with_strangers(true) {
        match line {
            Line::Document(text) => {
                let line: BTreeMap<String, &RawValue> = serde_json::from_str(&text).unwrap();
                pairs.clear();
                for text in versions(line["document"].get()) {
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
    assert!(documents > 300 && asked > 50_000, "{documents} documents, {asked} questions");
}
