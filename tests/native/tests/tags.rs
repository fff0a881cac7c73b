//! A key with tags gets answers of flags with one of its tags only, and nothing of other flags leaves the edge but open prerequisites.

use sdk_core::{ApplicableOverrides, Audience, Context, ErrorCode, Millis, Program, Ruleset, compile, specialise};

const NOW: Millis = Millis(1_800_000_000_000);
/// Hidden flags have `hid` in every name and value. Of them only `gate` is a prerequisite of a visible flag, and it is open only while the
/// plan is unknown.
const DOCUMENT: &str = r#"{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f","flags":{
    "hid.gate":{"type":"string","tags":["hid-team"],"aliases":["hidGate"],"variants":{"hidOn":"hid value","hidOff":"hid other","hidSpare":"hid spare"},"on":"hidOn","off":"hidOff",
        "targets":[{"attribute":"userId","values":["hid-user-1","hid-user-2"],"variant":"hidOn"}],
        "rules":[{"if":{"attribute":"plan","op":"eq","value":"hid-pro"},"serve":"hidOn"}]},
    "hid.alone":{"tags":["hid-team"],"rules":[{"if":{"attribute":"mail","op":"endsWith","value":"@hid.example"},"serve":"on"}]},
    "hid.untagged":{"rules":[{"if":{"attribute":"mail","op":"contains","value":"hid"},"serve":"on"}]},
    "hid.later":{"tags":["hid-team"],"prerequisites":[{"flag":"shop.new","variants":["on"]}]},
    "shop.new":{"tags":["other","shop"],"aliases":["shopNew"],"prerequisites":[{"flag":"hid.gate","variants":["hidOn"]}],"default":"on"},
    "shop.plain":{"tags":["shop"],"default":"on"}}}"#;

fn ruleset() -> Ruleset {
    let compiled = compile(DOCUMENT, None).unwrap();
    assert_eq!(compiled.errors, []);
    compiled.ruleset
}

fn program(ruleset: &Ruleset, known: &str, tags: &[String]) -> Program {
    specialise(ruleset, ApplicableOverrides::NONE, &Context::from_json(known), Audience { tags, ..Audience::default() }).unwrap()
}

fn shop() -> [String; 1] {
    ["shop".to_owned()]
}

#[test]
fn what_is_not_seen_is_not_found() {
    let (ruleset, context, tags) = (ruleset(), Context::from_json(r#"{"plan":"hid-pro"}"#), shop());
    let mut visitor = ruleset.visitor(ApplicableOverrides::NONE, &context, NOW).seeing(&tags);
    for key in ["hid.gate", "hidGate", "hid.alone", "hid.untagged", "hid.later", "absent"] {
        assert_eq!(visitor.evaluate(key, None).error_code(), Some(ErrorCode::FlagNotFound), "{key}");
    }
    // Its prerequisite counts.
    assert_eq!(visitor.evaluate("shopNew", None).variant(), Some("on"));
    let keys: Vec<_> = visitor.evaluate_all().map(|answer| answer.flag_key().to_owned()).collect();
    assert_eq!(keys, ["shop.new", "shop.plain"]);
    assert_eq!(ruleset.visitor(ApplicableOverrides::NONE, &context, NOW).seeing(&[]).evaluate_all().count(), ruleset.len());
}

#[test]
fn a_program_holds_nothing_of_what_is_not_seen_but_what_is_waited_for() {
    let ruleset = ruleset();
    for (known, waits) in
        [("{}", true), (r#"{"plan":"basic"}"#, true), (r#"{"plan":"basic","userId":"u"}"#, false), (r#"{"userId":"hid-user-1"}"#, false)]
    {
        let program = program(&ruleset, known, &shop());
        let (bytes, json) = (program.to_bytes(), program.to_json());
        for text in [&String::from_utf8_lossy(&bytes).to_lowercase(), &json.to_lowercase()] {
            assert!(!text.contains("hid"), "{known}: {text}");
            assert!(text.contains("shop.new"), "{known}");
        }
        assert_eq!(json.contains("\"#0\""), waits, "{known}: {json}");
        let keys: Vec<_> = program.flag_keys().collect();
        assert_eq!(keys, ["shop.new", "shop.plain"]);
        assert_eq!(Program::from_bytes(&bytes).unwrap().to_bytes(), bytes);
    }
}

#[test]
fn a_program_answers_like_the_rules() {
    let (ruleset, tags) = (ruleset(), shop());
    for known in ["{}", r#"{"plan":"hid-pro"}"#, r#"{"userId":"hid-user-1"}"#] {
        let program = program(&ruleset, known, &tags);
        for more in
            ["{}", r#"{"plan":"hid-pro"}"#, r#"{"plan":"basic","userId":"hid-user-2"}"#, r#"{"userId":"hid-user-1"}"#, r#"{"userId":"u"}"#]
        {
            let whole = known.trim_end_matches('}').to_owned()
                + if known == "{}" || more == "{}" { "" } else { "," }
                + more.trim_start_matches('{').trim_end_matches('}')
                + "}";
            let context = Context::from_json(&whole);
            for key in ["shop.new", "shopNew", "shop.plain", "hid.gate", "hidGate", ""] {
                let mut visitor = ruleset.visitor(ApplicableOverrides::NONE, &context, NOW).seeing(&tags);
                let (expected, found) = (visitor.evaluate(key, None), program.run(key, &context, NOW, None));
                // A name twice: the last counts, and then nothing of the program holds.
                if found.error_code() != Some(ErrorCode::ProviderNotReady) {
                    assert_eq!(
                        (found.variant(), found.error_code(), found.reason()),
                        (expected.variant(), expected.error_code(), expected.reason()),
                        "{whole} {key}"
                    );
                }
            }
        }
    }
}
