//! The vectors on native Rust: evaluation and programs answer as expected, and documents have the expected errors.

use std::{fs, path::Path};

use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};
use tests_native::LineRunner;

#[derive(Deserialize)]
struct Topic<'t> {
    #[serde(borrow, default)]
    documents: std::collections::BTreeMap<String, &'t RawValue>,
    #[serde(borrow, default)]
    cases: Vec<Case<'t>>,
    #[serde(borrow, default)]
    refusals: Vec<Refusal<'t>>,
    #[serde(default)]
    buckets: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Case<'t> {
    /// Unread: it may spell strings that are no text.
    #[serde(borrow)]
    description: &'t RawValue,
    document: String,
    flag: String,
    #[serde(borrow, default, deserialize_with = "present")]
    context: Option<&'t RawValue>,
    context_text: Option<String>,
    #[serde(borrow, default, deserialize_with = "present")]
    default: Option<&'t RawValue>,
    #[serde(borrow)]
    now: Option<&'t RawValue>,
    #[serde(borrow)]
    known: Option<&'t RawValue>,
    #[serde(default)]
    bucket: bool,
    #[serde(default)]
    step: bool,
    #[serde(default)]
    metadata: bool,
    #[serde(borrow)]
    expected: &'t RawValue,
}

#[derive(Deserialize)]
struct Refusal<'t> {
    #[serde(borrow)]
    description: &'t RawValue,
    text: Option<String>,
    #[serde(borrow)]
    document: Option<&'t RawValue>,
    refused: bool,
    pointer: Option<String>,
    errors: Option<Vec<String>>,
    flags: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Row {
    key: String,
    salt: String,
    unit: String,
    subkey: [String; 2],
    bucket: u32,
    murmur: Option<u32>,
}

fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    Deserialize::deserialize(deserializer).map(Some)
}

/// The text of a document that is given as it is, or as `{"text": …}`.
fn document_text(raw: &RawValue) -> String {
    match serde_json::from_str::<Map<String, Value>>(raw.get()) {
        Ok(members) if members.len() == 1 => match members.get("text") {
            Some(Value::String(text)) => text.clone(),
            _ => raw.get().into(),
        },
        _ => raw.get().into(),
    }
}

fn line(case: &Case<'_>) -> String {
    let mut line = format!("{{\"flag\":{}", Value::from(case.flag.clone()));
    let context = case.context_text.as_deref().or(case.context.map(RawValue::get));
    let members = [("context", context), ("default", case.default.map(RawValue::get)), ("now", case.now.map(RawValue::get))];
    for (name, text) in members.into_iter().chain([("known", case.known.map(RawValue::get))]) {
        if let Some(text) = text {
            line.push_str(&format!(",\"{name}\":{text}"));
        }
    }
    for (name, _) in [("bucket", case.bucket), ("step", case.step), ("metadata", case.metadata)].iter().filter(|(_, asked)| *asked) {
        line.push_str(&format!(",\"{name}\":true"));
    }
    line.push('}');
    line.replace('\n', " ")
}

/// Runs a check on every topic and tells how many cases it had.
fn topics(mut check: impl FnMut(&str, &Topic<'_>) -> usize) -> usize {
    let folder = Path::new("../vectors");
    let mut names: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| {
        name.starts_with(|first: char| first.is_ascii_digit()) && Path::new(name).extension().is_some_and(|extension| extension == "json")
    });
    names.sort();
    let index = fs::read_to_string(folder.join("index.json")).unwrap();
    let mut cases = 0;
    for name in names {
        assert!(index.contains(&format!("\"{name}\"")), "{name} is not in index.json");
        let text = fs::read_to_string(folder.join(&name)).unwrap();
        let topic: Topic<'_> = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        cases += check(&name, &topic);
    }
    cases
}

fn answers(mut runner: impl FnMut() -> LineRunner, asks: impl Fn(&Case<'_>) -> bool) -> usize {
    let mut wrong = Vec::new();
    let cases = topics(|name, topic| {
        let mut cases = 0;
        for (document, raw) in &topic.documents {
            let mut runner = runner();
            assert_eq!(runner.answer(&format!("{{\"document\":{}}}", document_text(raw))), None);
            for case in topic.cases.iter().filter(|case| &case.document == document && asks(case)) {
                let expected = sdk_core::json::canonical::canonical_text(case.expected.get()).unwrap();
                let line = line(case);
                let answer = runner.answer(&line).unwrap_or_default();
                if answer != expected {
                    wrong.push(format!("{name}: {}\n  {line}\n  expected {expected}\n  answered {answer}", case.description));
                }
                cases += 1;
            }
        }
        cases
    });
    report(&wrong, cases);
    cases
}

/// Panics with the first things that are wrong, each cut to a length that can be read.
fn report(wrong: &[String], cases: usize) {
    let first: Vec<String> = wrong.iter().take(20).map(|why| why.chars().take(600).collect()).collect();
    assert!(wrong.is_empty(), "{} of {cases}:\n{}", wrong.len(), first.join("\n"));
}

#[test]
fn evaluation_answers_as_expected() {
    let cases = answers(LineRunner::default, |case| case.known.is_none());
    assert!(cases >= 3_500, "only {cases} cases");
}

#[test]
fn programs_answer_as_expected() {
    let cases = answers(LineRunner::by_program, |_| true);
    assert!(cases >= 3_500, "only {cases} cases");
}

#[test]
fn documents_are_refused_and_reported_as_expected() {
    let mut wrong = Vec::new();
    let cases = topics(|name, topic| {
        for case in &topic.refusals {
            let text = case.text.clone().unwrap_or_else(|| case.document.unwrap().get().into());
            if let Err(why) = refusal(case, &text) {
                wrong.push(format!("{name}: {}: {why}", case.description));
            }
        }
        topic.refusals.len()
    });
    report(&wrong, cases);
    assert!(cases >= 450, "only {cases} cases");
}

/// Compares the errors of a document with the expected ones; the error is a sentence about the difference.
fn refusal(case: &Refusal<'_>, text: &str) -> Result<(), String> {
    match (sdk_core::compile(text, None), case.refused) {
        (Err(error), true) => match &case.pointer {
            Some(pointer) if *pointer != error.pointer => Err(format!("expected {pointer}, got {error}")),
            _ => Ok(()),
        },
        (Ok(compiled), false) => {
            let mut errors: Vec<String> = compiled.errors.iter().map(|error| error.pointer.clone()).collect();
            errors.sort();
            // Two things can be wrong with one place.
            errors.dedup();
            let mut flags: Vec<String> = compiled.ruleset.flag_keys().map(String::from).collect();
            flags.sort();
            match (&case.errors, &case.flags) {
                (Some(expected), _) if *expected != errors => Err(format!("expected {expected:?}, got {:?}", compiled.errors)),
                (_, Some(expected)) if *expected != flags => Err(format!("expected {expected:?}, got {flags:?}")),
                _ => Ok(()),
            }
        }
        (Ok(compiled), true) => Err(format!("expected a refusal, got errors {:?}", compiled.errors)),
        (Err(error), false) => Err(format!("refused: {error}")),
    }
}

#[test]
fn buckets_are_the_published_ones() {
    let rows = topics(|name, topic| {
        for row in &topic.buckets {
            let question = serde_json::json!({ "bucket": { "key": row.key, "salt": row.salt, "unit": row.unit } }).to_string();
            let expected = serde_json::json!({ "bucket": row.bucket, "subkey": row.subkey }).to_string();
            assert_eq!(LineRunner::default().answer(&question), Some(expected), "{name}");
            if let Some(murmur) = row.murmur {
                assert_eq!(sdk_core::bucket::murmurhash_js_bucket(row.unit.as_bytes()), murmur * 1000, "{name}: {}", row.unit);
            }
        }
        topic.buckets.len()
    });
    assert!(rows >= 300, "only {rows} rows");
}
