//! Explanations give the answers of the evaluation, and name the condition, the operand and the bucket that led to them.

use sdk_core::{Compiled, Context, ExplainedUnit, Identity, Millis, compile, specialise};

const DOCUMENT: &str = r#"{ "schema": "twinflag/1", "environment": "production", "bucketKey": "000102030405060708090a0b0c0d0e0f",
  "segments": { "eu-pro": { "all": [ { "attribute": "plan", "op": "in", "value": ["pro"] }, { "attribute": "geo.region", "op": "eq", "value": "EU" } ] } },
  "flags": { "base": {}, "newUi": { "prerequisites": [ { "flag": "base", "variants": ["off"] } ],
    "targets": [ { "attribute": "userId", "values": ["u1"], "variant": "on" } ],
    "rules": [ { "if": { "segment": "eu-pro" }, "serve": "on" },
               { "if": { "any": [ { "not": { "attribute": "age", "op": "lt", "value": 18 } }, { "attribute": "v", "op": "semverGte", "value": "1.2.3" } ] }, "serve": "off" } ],
    "rollout": { "status": "active", "percentage": 10, "deny": ["c-2"], "allow": ["c-1"] }, "unit": "customerId" } } }"#;

fn compiled() -> Compiled {
    let compiled = compile(DOCUMENT, None).unwrap();
    assert_eq!(compiled.errors, []);
    compiled
}

/// The explanation of `newUi`, one line a step: kind, pointer, and what was seen.
#[track_caller]
fn check(context: &str, expected: &[&str]) {
    let Compiled { ruleset, overrides, .. } = compiled();
    let context = Context::from_json(context);
    let explanation = ruleset.visitor(overrides.of(&context), &context, Millis(0)).explain("newUi", None);
    assert_eq!(explanation.evaluation, ruleset.evaluate(overrides.of(&context), "newUi", &context, Millis(0), None));
    let lines: Vec<String> = explanation
        .steps
        .iter()
        .map(|step| {
            let mut line = format!("{} {}", step.kind.as_str(), step.pointer);
            if let Some(variant) = &step.variant {
                line += &format!(" is {variant}");
            }
            if let Some(ExplainedUnit { attribute, value }) = &step.unit {
                line += &format!(" unit {attribute}={}", value.as_deref().unwrap_or("-"));
            }
            if let Some(bucket) = step.bucket {
                line += &format!(" bucket {bucket} of {:?}", step.bounds);
            }
            for check in &step.conditions {
                let test = check.attribute.as_ref().map_or(String::new(), |attribute| {
                    let none = || "-".into();
                    format!(" {attribute}={} {}", check.actual.clone().unwrap_or_else(none), check.operand.clone().unwrap_or_else(none))
                });
                line += &format!(" [{} {}{test}: {}]", check.pointer, check.op, check.held);
            }
            line + if step.answered { " ->" } else { "" }
        })
        .collect();
    assert_eq!(lines, expected);
}

#[test]
fn a_near_miss_names_the_condition_and_the_operand() {
    check(
        r#"{ "customerId": "c-9", "plan": "pro", "geo": { "region": "US" }, "age": 17, "v": "1.2.3-rc.1" }"#,
        &[
            "prerequisite /flags/newUi/prerequisites/0 is off",
            "overrides /overrides",
            "deny /flags/newUi/rollout/deny unit customerId=\"c-9\"",
            "allow /flags/newUi/rollout/allow unit customerId=\"c-9\"",
            "target /flags/newUi/targets/0 [/flags/newUi/targets/0 in userId=- [\"u1\"]: false]",
            "rule /flags/newUi/rules/0 [/segments/eu-pro/all/0 in plan=\"pro\" [\"pro\"]: true] \
             [/segments/eu-pro/all/1 eq geo.region=\"US\" \"EU\": false] [/segments/eu-pro all: false] [/flags/newUi/rules/0/if segment: false]",
            "rule /flags/newUi/rules/1 [/flags/newUi/rules/1/if/any/0/not lt age=17 18: true] [/flags/newUi/rules/1/if/any/0 not: false] \
             [/flags/newUi/rules/1/if/any/1 semverGte v=\"1.2.3-rc.1\" \"1.2.3\": false] [/flags/newUi/rules/1/if any: false]",
            // SipHash-2-4 of "c-9" under the flag's salt, by the reference in tests/reference.
            "percentage /flags/newUi/rollout/percentage unit customerId=\"c-9\" bucket 59586 of [10000]",
            "default /flags/newUi/default ->",
        ],
    );
}

#[test]
fn the_step_that_answers_is_the_last() {
    check(
        r#"{ "customerId": "c-2" }"#,
        &[
            "prerequisite /flags/newUi/prerequisites/0 is off",
            "overrides /overrides",
            "deny /flags/newUi/rollout/deny unit customerId=\"c-2\" ->",
        ],
    );
}

#[test]
fn a_question_at_fault_has_no_steps() {
    let Compiled { ruleset, overrides, .. } = compiled();
    let context = Context::new();
    let explanation = ruleset.visitor(overrides.of(&context), &context, Millis(0)).explain("unknown", None);
    assert_eq!(explanation.steps, []);
    assert_eq!(explanation.to_json(Some("1")), r#"{"evaluation":{"errorCode":"FLAG_NOT_FOUND","reason":"ERROR","value":1},"steps":[]}"#);
}

#[test]
fn a_list_is_shown_in_one_order_whatever_the_key() {
    for key in ["000102030405060708090a0b0c0d0e0f", "ffeeddccbbaa99887766554433221100", "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f"] {
        let rule = r#"{"if":{"attribute":"plan","op":"notIn","value":["pro",7,"enterprise",true,"basic"]},"serve":"on"}"#;
        let document = format!(r#"{{"schema":"twinflag/1","bucketKey":"{key}","flags":{{"f":{{"rules":[{rule}]}}}}}}"#);
        let Compiled { ruleset, overrides, .. } = compile(&document, None).unwrap();
        let context = Context::new().string("plan", "pro");
        let explanation = ruleset.visitor(overrides.of(&context), &context, Millis(0)).explain("f", None);
        let operands: Vec<_> = explanation.steps.iter().flat_map(|step| &step.conditions).map(|check| check.operand.as_deref()).collect();
        assert_eq!(operands, [Some(r#"["basic","enterprise","pro",7,true]"#)]);
    }
}

/// Compiles a test of the document, and compares it as an explanation shows it for a context, and as the flag and a program
/// describe it up to its operand: a program has a fingerprint there.
#[track_caller]
fn check_options(test: &str, context: &str, explained: &str, described: &str) {
    let document = format!(
        r#"{{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f","flags":{{"f":{{"rules":[{{"if":{test},"serve":"on"}}]}}}}}}"#
    );
    let Compiled { ruleset, overrides, errors, .. } = compile(&document, None).unwrap();
    assert_eq!(errors, []);
    let context = Context::from_json(context);
    let explanation = ruleset.visitor(overrides.of(&context), &context, Millis(0)).explain("f", None).to_json(None);
    assert!(explanation.contains(&format!(r#""conditions":[{explained}]"#)), "{explained} in {explanation}");
    let program = specialise(&ruleset, overrides.of(&Context::new()), &Context::new(), Identity::Open).unwrap();
    for json in [ruleset.flag("f").unwrap().to_json(), program.to_json()] {
        assert!(json.contains(&format!(r#""if":{described},"value""#)), "{described} in {json}");
    }
}

#[test]
fn options_of_a_test_are_explained_and_described() {
    check_options(
        r#"{"attribute":"x","op":"endsWith","value":"@Example.com","ignoreCase":true}"#,
        r#"{"x":"a@EXAMPLE.com"}"#,
        r#"{"actual":"a@EXAMPLE.com","attribute":"x","held":true,"ignoreCase":true,"op":"endsWith","operand":"@example.com","pointer":"/flags/f/rules/0/if"}"#,
        r#"{"attribute":"x","ignoreCase":true,"op":"endsWith""#,
    );
    check_options(
        r#"{"attribute":"x","op":"semverGte","value":"17.1","loose":true}"#,
        r#"{"x":"v17.1.0"}"#,
        r#"{"actual":"v17.1.0","attribute":"x","held":true,"loose":true,"op":"semverGte","operand":"17.1","pointer":"/flags/f/rules/0/if"}"#,
        r#"{"attribute":"x","loose":true,"op":"semverGte""#,
    );
    check_options(
        r#"{"attribute":"x","op":"lt","value":18,"as":"number"}"#,
        r#"{"x":"17.5"}"#,
        r#"{"actual":"17.5","as":"number","attribute":"x","held":true,"op":"lt","operand":18,"pointer":"/flags/f/rules/0/if"}"#,
        r#"{"as":"number","attribute":"x","op":"lt""#,
    );
    check_options(
        r#"{"attribute":"x","op":"in","value":[7],"as":"number","ignoreCase":true}"#,
        r#"{"x":"7.0"}"#,
        r#"{"actual":"7.0","as":"number","attribute":"x","held":true,"ignoreCase":true,"op":"in","operand":[7],"pointer":"/flags/f/rules/0/if"}"#,
        r#"{"as":"number","attribute":"x","ignoreCase":true,"op":"in""#,
    );
    check_options(
        r#"{"attribute":"x","op":"contains","value":"A","ignoreCase":false}"#,
        r#"{"x":"cat"}"#,
        r#"{"actual":"cat","attribute":"x","held":false,"op":"contains","operand":"A","pointer":"/flags/f/rules/0/if"}"#,
        r#"{"attribute":"x","op":"contains""#,
    );
}
