//! The experiments of the guide `docs/flags.md`, over 100,000 users: the document is the very one that is shown there.

use std::collections::BTreeMap;

use sdk_core::{BucketKey, Compiled, Context, Millis, compile};

const GUIDE: &str = include_str!("../../../docs/flags.md");
const USERS: u32 = 100_000;
const FLAGS: [&str; 3] = ["new_search", "new_checkout", "button_colour"];

fn compiled() -> Compiled {
    let (_, document) = GUIDE.split_once("cat > /tmp/experiments.json <<'JSON'\n").expect("the guide shows the document");
    let (document, _) = document.split_once("\nJSON\n").expect("the document ends");
    let compiled = compile(document, None).unwrap();
    assert_eq!(compiled.errors, []);
    compiled
}

/// The variants of the three flags for each user, and whether the bucket under the holdout's salt is one of its ten in a hundred.
fn answers() -> impl Iterator<Item = ([String; 3], bool)> {
    let compiled = compiled();
    let draw = BucketKey::from_hex("000102030405060708090a0b0c0d0e0f").unwrap().subkey(b"holdout-2026");
    (0..USERS).map(move |number| {
        let user = format!("user-{number}");
        let context = Context::new().string("userId", &user);
        let variant = |flag| {
            let evaluation = compiled.ruleset.evaluate(compiled.overrides.of(&context), flag, &context, Millis(0), None);
            evaluation.variant().unwrap_or_else(|| panic!("{flag} of {user}")).into()
        };
        (FLAGS.map(variant), draw.bucket(user.as_bytes()) < 10_000)
    })
}

/// A binomial's three sigma.
#[track_caller]
fn check_share(of: &str, counted: u32, all: u32, share: f64) {
    let expected = f64::from(all) * share;
    let off = (f64::from(counted) - expected).abs();
    assert!(off <= 3.0 * (expected * (1.0 - share)).sqrt(), "{of}: {counted} of {all}, expected {expected}");
}

#[test]
fn exclusive_groups_never_overlap_and_the_holdout_sees_no_experiment() {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    let mut held_out = 0;
    for ([search, checkout, colour], is_held_out) in answers() {
        if is_held_out {
            assert_eq!([&search, &checkout, &colour], ["off", "off", "grey"]);
            held_out += 1;
        } else {
            // The two groups are all there is, so whoever is not in one is in the other.
            assert_ne!(search, checkout);
        }
        for (flag, variant) in FLAGS.into_iter().zip([search, checkout, colour]) {
            *counts.entry(format!("{flag} {variant}")).or_default() += 1;
        }
    }
    let left = USERS - held_out;
    check_share("the holdout", held_out, USERS, 0.1);
    check_share("new_search", counts["new_search on"], left, 0.5);
    check_share("new_checkout", counts["new_checkout on"], left, 0.5);
    check_share("green", counts["button_colour green"], left, 0.1);
    check_share("blue", counts["button_colour blue"], left, 0.1);
}

#[test]
fn more_exposure_changes_the_variant_of_nobody_who_was_exposed() {
    let text = GUIDE.split_once("<<'JSON'\n").and_then(|(_, rest)| rest.split_once("\nJSON\n")).unwrap().0;
    let wider = text.replacen("\"to\": 20,", "\"to\": 60,", 1);
    assert_ne!(text, wider);
    let wider = compile(&wider, None).unwrap();
    let mut joined = 0;
    for (number, ([_, _, before], _)) in (0..USERS).zip(answers()) {
        let context = Context::new().string("userId", &format!("user-{number}"));
        let evaluation = wider.ruleset.evaluate(wider.overrides.of(&context), "button_colour", &context, Millis(0), None);
        match before.as_str() {
            "grey" => joined += u32::from(evaluation.variant() != Some("grey")),
            exposed => assert_eq!(evaluation.variant(), Some(exposed), "user-{number}"),
        }
    }
    // Nine in ten are not held out, and of these four in ten more are exposed.
    check_share("those who joined", joined, USERS, 0.36);
}
