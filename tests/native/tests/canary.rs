//! A program holds no ids of lists, no overrides of others, no bucket key and no names that operators gave: none may leave the edge.

use std::fmt::Write as _;

use sdk_core::{Audience, Context, Identity, compile, specialise};

const KEY: &str = "0011aa22bb33cc44dd55ee66ff778899";
const CANARIES: usize = 2_000;

fn canary(kind: &str, number: usize) -> String {
    format!("canary-{kind}-{number:05}")
}

fn list(kind: &str) -> String {
    let entries: Vec<String> = (0..CANARIES).map(|number| format!("\"{}\"", canary(kind, number))).collect();
    format!("[{}]", entries.join(","))
}

/// A document in which every place that may hold an id or a name holds canaries.
fn document() -> String {
    let mut owners = String::new();
    for number in 0..CANARIES {
        let comma = if number == 0 { "" } else { "," };
        let _ = write!(owners, "{comma}\"{}\":{{\"lists\":\"private-variant\"}}", canary("owner", number));
    }
    format!(
        r#"{{"schema":"twinflag/1","environment":"canary-environment","bucketKey":"{KEY}","private":["email","groups"],
        "segments":{{"canary-segment":{{"attribute":"email","op":"in","value":{segment}}}}},
        "flags":{{
          "lists":{{"type":"string","description":"canary-description","owner":"canary-person","tags":["canary-tag"],"metadata":{{"told":"to everybody"}},
            "variants":{{"off":"plain","on":"shown","private-variant":"canary-value"}},"salt":"canary-salt",
            "targets":[{{"attribute":"userId","values":{target},"variant":"on"}}],
            "rules":[{{"name":"canary-rule","if":{{"segment":"canary-segment"}},"serve":"on"}},
                     {{"name":"canary-case","if":{{"attribute":"email","op":"notIn","value":{folded},"ignoreCase":true}},"serve":"on"}},
                     {{"name":"canary-members","if":{{"attribute":"groups","op":"hasAny","value":{members}}},"serve":"on"}},
                     {{"name":"canary-share","if":{{"percentage":{{"to":50,"salt":"canary-shared","unit":"userId"}}}},"serve":"on"}},
                     {{"name":"canary-other","if":{{"attribute":"customerId","op":"eq","value":"canary-customer"}},"serve":"private-variant"}},
                     {{"name":"canary-split","if":{{"attribute":"plan","op":"eq","value":"pro"}},"serve":{{"split":[{{"variant":"on","weight":50000}},{{"variant":"off","weight":50000}}]}}}}],
            "rollout":{{"status":"active","percentage":10,"allow":{allow},"deny":{deny}}},"environments":{{"canary-staging":"on"}}}}}},
        "overrides":{{"customers":{{{owners}}},"organizations":{{{owners}}}}}}}"#,
        segment = list("segment"),
        target = list("target"),
        folded = list("FOLDED"),
        members = list("member"),
        allow = list("allow"),
        deny = list("deny"),
    )
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle))
}

#[test]
fn nothing_of_anybody_else_is_in_a_program() {
    let compiled = compile(&document(), None).unwrap();
    assert_eq!(compiled.errors, []);
    let key = u128::from_str_radix(KEY, 16).unwrap().to_be_bytes();
    for known in [
        "{}",
        r#"{"customerId":"c-1"}"#,
        r#"{"customerId":"c-1","userId":"u-1","plan":"pro","email":"a@b.c"}"#,
        r#"{"targetingKey":"u-1"}"#,
    ] {
        for identity in [Identity::Open, Identity::Vouched] {
            let context = Context::from_json(known);
            let program = specialise(&compiled.ruleset, compiled.overrides.of(&context), &context, identity).unwrap();
            let (bytes, json) = (program.to_bytes(), program.to_json());
            assert!(!contains(&bytes, b"canary"), "{known}: a canary in the bytes");
            assert!(!contains(json.as_bytes(), b"canary"), "{known}: a canary in the JSON: {json}");
            assert!(!contains(&bytes, &key) && !contains(&bytes, KEY.as_bytes()), "{known}: the key");
            let mut reversed = key;
            reversed.reverse();
            assert!(!contains(&bytes, &reversed), "{known}: the key, backwards");
            // The control: the same search finds the strings that a program does hold.
            assert!(contains(&bytes, b"lists"), "{known}: the flag's key is missing");
            assert!(contains(&bytes, b"to everybody"), "{known}: metadata, which is public, is missing");
        }
    }
}

#[test]
fn a_vouched_identity_leaves_no_fingerprints_of_itself() {
    let compiled = compile(&document(), None).unwrap();
    let known = Context::from_json(r#"{"customerId":"c-1","targetingKey":"u-1"}"#);
    let size = |identity| specialise(&compiled.ruleset, compiled.overrides.of(&known), &known, identity).unwrap().to_bytes().len();
    // Open: six lists of two thousand fingerprints, 8 bytes each. Vouched: none of them.
    assert!(size(Identity::Open) > 5 * CANARIES * 8, "{} bytes", size(Identity::Open));
    assert!(size(Identity::Vouched) < 1_000, "{} bytes", size(Identity::Vouched));
}

#[test]
fn a_flag_outside_the_audience_leaves_its_steps_alone_in_the_program() {
    let document = format!(
        r#"{{"schema":"twinflag/1","bucketKey":"{KEY}","flags":{{
          "seen":{{"tags":["page"],"prerequisites":[{{"flag":"canary-hidden","variants":["canary-on"]}}]}},
          "canary-hidden":{{"type":"string","aliases":["canary-alias"],"variants":{{"canary-on":"canary-value","off":"canary-other"}},"on":"canary-on",
            "metadata":{{"canary-name":"canary-told"}},"rules":[{{"if":{{"attribute":"plan","op":"eq","value":"canary-plan"}},"serve":"canary-on"}}]}}}}}}"#
    );
    let compiled = compile(&document, None).unwrap();
    assert_eq!(compiled.errors, []);
    let program = |tags: &[String]| {
        let (context, audience) = (Context::new(), Audience { tags, ..Audience::default() });
        specialise(&compiled.ruleset, compiled.overrides.of(&context), &context, audience).unwrap()
    };
    let tags = ["page".to_owned()];
    assert!(!contains(&program(&tags).to_bytes(), b"canary") && !contains(program(&tags).to_json().as_bytes(), b"canary"));
    // The control: an audience without tags gets the names.
    for name in ["canary-hidden", "canary-alias", "canary-on", "canary-value", "canary-told"] {
        assert!(contains(&program(&[]).to_bytes(), name.as_bytes()), "{name}");
    }
}
