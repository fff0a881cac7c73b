//! The generator: lines that depend on nothing but their seed.

use std::collections::BTreeSet;

use serde_json::Value;
use tests_identity::{
    Line, Lines,
    count::{Asked, Counts, Mark},
    generate::probes::PROBES,
};

fn texts(seed: u64, pairs: usize) -> Vec<String> {
    let text = |line| match line {
        Line::Document(text) | Line::Question(text, _) => text,
    };
    Lines::new(seed, pairs).map(text).collect()
}

#[test]
fn the_same_seed_has_the_same_lines_and_another_has_others() {
    assert_eq!(texts(1, 3_000), texts(1, 3_000));
    assert_ne!(texts(1, 3_000), texts(2, 3_000));
}

#[test]
fn fewer_lines_are_the_beginning_of_more() {
    let (fewer, more) = (texts(3, 777), texts(3, 3_000));
    assert_eq!(fewer, more[..fewer.len()]);
}

#[test]
fn there_are_as_many_questions_as_asked_for() {
    for pairs in [0, 1, 777] {
        assert_eq!(Lines::new(5, pairs).filter(|line| matches!(line, Line::Question(..))).count(), pairs);
    }
}

#[test]
fn every_line_is_one_line_of_json() {
    for text in texts(6, 5_000) {
        assert!(!text.contains(['\n', '\r']), "{text}");
        // What `serde_json` refuses to read as a value: lone surrogates and numbers past the largest double.
        let is_odd = text.contains("\\ud") || text.contains("\\ude00") || text.contains("e999") || text.contains("e400");
        assert!(is_odd || serde_json::from_str::<Value>(&text).is_ok(), "{text}");
    }
}

#[test]
fn a_short_run_asks_about_every_probe() {
    let asked = Lines::new(2, 10_000).filter_map(|line| match line {
        Line::Question(_, asked) => asked.mark.probe.map(|probe| probe.name.as_str()),
        Line::Document(_) => None,
    });
    assert_eq!(asked.collect::<BTreeSet<_>>(), PROBES.iter().map(|probe| probe.name.as_str()).collect());
}

#[test]
fn steps_metadata_and_broken_prerequisites_are_counted_where_they_are_told() {
    let mut counts = Counts::default();
    let mark = Mark { broken: Some("unknown"), ..Mark::default() };
    let asked = Asked { mark: mark.into(), near: false };
    counts.add(&asked, r#"{"layer":"kill","metadata":{"team":"chat"},"reason":"PREREQUISITE_FAILED","step":2,"variant":"off"}"#);
    counts.add(&asked, r#"{"errorCode":"TARGETING_KEY_MISSING","reason":"ERROR","step":9}"#);
    counts.add(&asked, r#"{"layer":"kill","reason":"DISABLED","variant":"off"}"#);
    let of = |what, name| counts.of(what, name);
    assert_eq!([of("step", "kill"), of("step", "TARGETING_KEY_MISSING"), of("told", "metadata"), of("broken", "unknown")], [1; 4]);
}

#[test]
fn what_was_never_answered_is_missing() {
    let mut counts = Counts::default();
    for _ in 0..1_000 {
        counts.add(&Asked::default(), "{\"layer\":\"default\",\"reason\":\"STATIC\",\"value\":true,\"variant\":\"on\"}");
    }
    let missing = counts.missing(false);
    assert!(missing.contains(&"reason SPLIT: 0 answers, expected at least 1".into()), "{missing:?}");
    assert!(missing.contains(&"edge at a bound: 0 answers, expected at least 2".into()), "{missing:?}");
    assert!(!missing.iter().any(|sentence| sentence.contains("STATIC") || sentence.contains("PROVIDER_NOT_READY")), "{missing:?}");
    assert_eq!(counts.missing(true).len(), missing.len() + 1);
}
