//! Programs for clients that do not state some attributes themselves.
use sdk_core::{Audience, Context, ErrorCode, Identity, Millis, Program, Value, compile, specialise};

const DOCUMENT: &str = r#"{
    "schema": "twinflag/1",
    "bucketKey": "000102030405060708090a0b0c0d0e0f",
    "private": ["plan.name"],
    "flags": {
        "paid": { "rules": [{ "if": { "attribute": "plan", "op": "in", "value": ["pro", "team"] }, "serve": "on" }] },
        "pathed": { "rules": [{ "if": { "attribute": "plan.name", "op": "eq", "value": "pro" }, "serve": "on" }] }
    }
}"#;

fn made(known: &str, vouched: &[&str]) -> Program {
    let compiled = compile(DOCUMENT, None).unwrap();
    let known = Context::from_json(known);
    let vouched: Vec<String> = vouched.iter().map(ToString::to_string).collect();
    let audience = Audience { vouched: &vouched, ..Audience::default() };
    specialise(&compiled.ruleset, compiled.overrides.of(&known), &known, audience).unwrap()
}

fn value(program: &Program, flag: &str, context: &str) -> Result<bool, ErrorCode> {
    let context = Context::from_json(context);
    let answer = program.run(flag, &context, Millis(0), None);
    match answer.error_code() {
        Some(code) => Err(code),
        None => Ok(answer.value() == Some(Value::Boolean(true))),
    }
}

#[test]
fn a_vouched_attribute_settles_a_program_also_by_its_absence() {
    let nobody = made("{}", &["plan"]);
    assert_eq!(value(&nobody, "paid", r#"{"plan":null}"#), Ok(false));
    assert_eq!(value(&nobody, "paid", r#"{"plan":"pro"}"#), Err(ErrorCode::ProviderNotReady));
    let paying = made(r#"{"plan":"pro"}"#, &["plan"]);
    assert_eq!([r#"{"plan":"pro"}"#, r#"{"plan":"pro","userId":"u"}"#].map(|stated| value(&paying, "paid", stated)), [Ok(true); 2]);
    assert_eq!(value(&paying, "paid", "{}"), Err(ErrorCode::ProviderNotReady));
    // The control: a page states the attribute itself.
    let open = made("{}", &[]);
    assert_eq!(value(&open, "paid", r#"{"plan":"team"}"#), Ok(true));
}

#[test]
fn a_private_path_into_a_vouched_attribute_is_not_asked_for() {
    let compiled = compile(DOCUMENT, None).unwrap();
    let made = |vouched: &[String]| {
        let audience = Audience { vouched, ..Audience::from(Identity::Vouched) };
        specialise(&compiled.ruleset, compiled.overrides.of(&Context::new()), &Context::new(), audience).unwrap()
    };
    let stated = r#"{"plan.name":"pro"}"#;
    assert_eq!(value(&made(&["plan".to_owned()]), "pathed", stated), Ok(false));
    // The control: for another audience the name must be told, because it is private.
    assert_eq!(value(&made(&[]), "pathed", stated), Err(ErrorCode::ProviderNotReady));
}

#[test]
fn no_path_leads_into_a_vouched_attribute() {
    let stated = ["{}", r#"{"plan.name":"pro"}"#, r#"{"planner":"pro"}"#];
    assert_eq!(stated.map(|stated| value(&made("{}", &["plan"]), "pathed", stated)), [Ok(false); 3]);
    assert_eq!(stated.map(|stated| value(&made("{}", &[]), "pathed", stated)), [Ok(false), Ok(true), Ok(false)]);
    // Another attribute whose name begins alike is the page's.
    assert_eq!(value(&made("{}", &["pla"]), "pathed", r#"{"plan.name":"pro"}"#), Ok(true));
    let object = made(r#"{"plan":{"name":"pro"}}"#, &["plan"]);
    let stated = [r#"{"plan":{"name":"pro"}}"#, r#"{"plan":{"name":"pro"},"plan.name":"basic"}"#];
    assert_eq!(stated.map(|stated| value(&object, "pathed", stated)), [Ok(true); 2]);
}
