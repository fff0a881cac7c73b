//! Programs for a visitor whose organization the edge knows and the page does not.
use sdk_core::{Audience, Context, ErrorCode, Millis, OwnerKind, Program, compile, specialise};

const DOCUMENT: &str = r#"{
    "schema": "twinflag/1",
    "bucketKey": "000102030405060708090a0b0c0d0e0f",
    "flags": {
        "overridden": {},
        "listed": { "rules": [{ "if": { "attribute": "organizationId", "op": "in", "value": ["org-acme", "org-two"] }, "serve": "on" }] },
        "both": { "rules": [{ "if": { "all": [
            { "attribute": "organizationId", "op": "eq", "value": "org-acme" },
            { "attribute": "plan", "op": "in", "value": ["pro", "team"] }
        ] }, "serve": "on" }] },
        "drawn": { "unit": "organizationId", "rollout": { "status": "active", "tier": 3, "percentage": 50 } }
    },
    "overrides": { "organizations": { "org-acme": { "overridden": true } } }
}"#;
const CUSTOMER: &str = r#"{"customerId":"acme-1"}"#;
/// The words of a page about the organization of a customer that the edge knows.
const STATED: [&str; 4] = [
    CUSTOMER,
    r#"{"customerId":"acme-1","organizationId":"org-acme"}"#,
    r#"{"customerId":"acme-1","organizationId":"org-other"}"#,
    r#"{"customerId":"acme-1","organizationId":["org-acme"]}"#,
];

fn made(known: &Context, stated: &Context) -> Program {
    let compiled = compile(DOCUMENT, None).unwrap();
    assert_eq!(compiled.errors.len(), 0, "{:?}", compiled.errors);
    let audience = Audience { stated: Some(stated), ..Audience::default() };
    specialise(&compiled.ruleset, compiled.overrides.of(known), known, audience).unwrap()
}

#[test]
fn a_program_answers_for_the_known_organization_whatever_the_page_states() {
    let compiled = compile(DOCUMENT, None).unwrap();
    for organization in ["org-acme", "org-two", "org-three"] {
        for stated in STATED.map(Context::from_json) {
            let known = stated.clone().without(&["organizationId"]).string("organizationId", organization);
            assert_eq!(OwnerKind::Organization.id(&known).as_deref(), Some(organization));
            let program = made(&known, &stated);
            for plan in ["pro", "free"] {
                for flag in ["overridden", "listed", "both", "drawn"] {
                    let expected = compiled.ruleset.evaluate(
                        compiled.overrides.of(&known),
                        flag,
                        &known.clone().string("plan", plan),
                        Millis(0),
                        None,
                    );
                    let answer = program.run(flag, &stated.clone().string("plan", plan), Millis(0), None);
                    assert_eq!((answer.variant(), answer.layer()), (expected.variant(), expected.layer()), "{flag} {organization} {plan}");
                }
            }
        }
    }
}

#[test]
fn a_program_is_for_the_visitor_that_the_page_states() {
    let known = Context::from_json(STATED[1]);
    for (place, stated) in STATED.map(Context::from_json).iter().enumerate() {
        let program = made(&known, stated);
        for (other_place, other) in STATED.map(Context::from_json).iter().enumerate() {
            let is_refused = program.run("listed", other, Millis(0), None).error_code() == Some(ErrorCode::ProviderNotReady);
            assert_eq!(is_refused, place != other_place, "{place} {other_place}");
        }
    }
}

#[test]
fn a_program_depends_on_the_organization_by_its_answers_alone() {
    // Two organizations that every flag answers alike.
    let known = |organization| Context::from_json(CUSTOMER).string("organizationId", organization);
    for stated in STATED.map(Context::from_json) {
        let bytes = ["org-three", "org-four"].map(|organization| {
            let compiled = compile(&DOCUMENT.replace(r#""percentage": 50"#, r#""percentage": 0"#), None).unwrap();
            let audience = Audience { stated: Some(&stated), ..Audience::default() };
            let known = known(organization);
            specialise(&compiled.ruleset, compiled.overrides.of(&known), &known, audience).unwrap().to_bytes()
        });
        assert!(bytes[0] == bytes[1]);
    }
}
