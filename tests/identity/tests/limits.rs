//! The generator stands exactly at the limits, and exactly one past them.

use std::collections::BTreeSet;

use serde_json::Value;
use tests_identity::generate::{limits, metadata, random::Random};

/// How often each thing stands in a context, over all depths: members, items, and bytes of names and texts.
fn size(value: &Value) -> [usize; 3] {
    let add = |[a, b, c]: [usize; 3], [d, e, f]: [usize; 3]| [a + d, b + e, c + f];
    match value {
        Value::Object(members) => members.iter().map(|(name, value)| add(size(value), [1, 0, name.len()])).fold([0; 3], add),
        Value::Array(items) => items.iter().map(|item| add(size(item), [0, 1, 0])).fold([0; 3], add),
        Value::String(text) => [0, 0, text.len()],
        Value::Null | Value::Bool(_) | Value::Number(_) => [0; 3],
    }
}

#[test]
fn contexts_reach_a_limit_or_pass_it_by_one() {
    let (mut random, limits, mut met) = (Random::new(1), [1_000, 10_000, 65_536], BTreeSet::new());
    for _ in 0..200 {
        let text = limits::context(&mut random);
        let sizes = size(&serde_json::from_str(&text).expect("a context is JSON"));
        let at: Vec<_> = (0..3).filter(|kind| sizes[*kind] >= limits[*kind]).collect();
        assert_eq!(at.len(), 1, "{sizes:?}");
        assert!(sizes[at[0]] <= limits[at[0]] + 1, "{sizes:?}");
        met.insert((at[0], sizes[at[0]] - limits[at[0]]));
    }
    assert_eq!(met.len(), 6, "{met:?}");
}

#[test]
fn metadata_is_as_long_as_it_is_said_to_be() {
    for bytes in [64, 4_096, 4_097] {
        let value: Value = serde_json::from_str(&metadata::filled(bytes).written()).expect("metadata is JSON");
        assert_eq!(value["n"].as_f64(), Some(100.0));
        assert_eq!(format!("{{\"a\":{},\"n\":100}}", value["a"]).len(), bytes);
    }
}
