//! A document through rows evaluates as it did; an import keeps state and reports its changes.

use std::{fs, path::Path};

use control::rows::{RowKey, RowKind, Rows, State};
use sdk_core::{BucketKey, Compiled, Context, OwnerKind, compile};
use serde::Deserialize;
use serde_json::{Map, Value, value::RawValue};
use tests_native::LineRunner;

const KEY: &str = "000102030405060708090a0b0c0d0e0f";

fn document(flags: &str, more: &str) -> String {
    format!(r#"{{"schema":"twinflag/1","bucketKey":"{KEY}","flags":{flags}{more}}}"#)
}

fn compiled(text: &str) -> Compiled {
    compile(text, BucketKey::from_hex(KEY)).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn pointers(compiled: &Compiled) -> Vec<&str> {
    let mut pointers: Vec<&str> = compiled.errors.iter().map(|error| error.pointer.as_str()).collect();
    pointers.sort_unstable();
    pointers
}

/// A document through rows is the same ruleset with the same overrides and, unless a section of overrides is at fault, the
/// same errors; and each owner alone gets the same as in the whole.
#[track_caller]
fn check_same(text: &str) {
    let Ok(whole) = compile(text, None) else { return };
    let rows = Rows::split(text).expect("a document is an object");
    let composed = rows.compose(true);
    assert!(composed.len() <= text.len(), "{} bytes became {}: {text}", text.len(), composed.len());
    let again = compiled(&composed);
    let keys = |compiled: &Compiled| compiled.ruleset.flag_keys().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(keys(&again), keys(&whole), "{text}");
    assert_eq!(again.overrides, whole.overrides, "{text}");
    let of_flags = |compiled: &Compiled| {
        pointers(compiled).into_iter().filter(|at| !at.starts_with("/overrides")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(of_flags(&again), of_flags(&whole), "{text}");
    assert_eq!(Rows::split(&composed).as_ref(), Some(&rows), "{text}");
    assert!(rows.writes(&Rows::split(&composed).unwrap()).is_empty());

    let ruleset = compiled(&rows.compose(false)).ruleset;
    for (key, tree) in rows.iter() {
        let Some(kind) = key.kind.owner() else { continue };
        // No context has an id that is no text, or that holds U+0000.
        let id = serde_json::from_str::<String>(&format!("\"{}\"", key.name)).ok().filter(|id| !id.contains('\0'));
        let Some(id) = id else { continue };
        let (alone, errors) = ruleset.owner_overrides(kind, &id, tree);
        assert_eq!(whole.overrides.get(kind, &id).cloned().unwrap_or_default(), alone, "{text}");
        for error in errors {
            assert!(whole.errors.contains(&error), "{error} is not in {:?}", whole.errors);
        }
    }
}

#[derive(Deserialize)]
struct Topic<'t> {
    #[serde(borrow, default)]
    documents: std::collections::BTreeMap<String, &'t RawValue>,
    #[serde(borrow, default)]
    refusals: Vec<Refusal<'t>>,
}

#[derive(Deserialize)]
struct Refusal<'t> {
    text: Option<String>,
    #[serde(borrow)]
    document: Option<&'t RawValue>,
}

/// All documents of the vectors.
fn documents() -> Vec<String> {
    let folder = Path::new("../vectors");
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if !path.file_name().unwrap().to_string_lossy().starts_with(|first: char| first.is_ascii_digit()) {
            continue;
        }
        let text = fs::read_to_string(path).unwrap();
        let topic: Topic<'_> = serde_json::from_str(&text).unwrap();
        found.extend(topic.documents.values().map(|raw| match serde_json::from_str::<Map<String, Value>>(raw.get()) {
            Ok(members) if members.len() == 1 && members.contains_key("text") => members["text"].as_str().unwrap().to_owned(),
            _ => raw.get().to_owned(),
        }));
        found.extend(topic.refusals.into_iter().filter_map(|refusal| refusal.text.or_else(|| Some(refusal.document?.get().to_owned()))));
    }
    found
}

#[test]
fn documents_of_the_vectors_stay_what_they_are() {
    let documents = documents();
    assert!(documents.len() > 100, "{}", documents.len());
    for text in &documents {
        check_same(text);
    }
}

#[test]
fn faults_stay_what_they_are() {
    for flags in [
        r#"{"a":{},"a":{},"a.b":{},"c":{"aliases":["a"]}}"#,
        r#"{"a":{"enabled":true,"enabled":false},"b":{"prerequisites":[{"flag":"a","variants":["on"]}]}}"#,
        r#"{"\ud800":{},"\ud800":{},"a\u0000":{},"":{},"é\"\\\n":{},"\u00e9":{}}"#,
        r#"{"a":[],"b":null,"c":"{}","d":{"enabled":"yes"},"e":{"rollout":7},"f":{"x":"\u0000"},"g":{"\ud800":1}}"#,
        r#"{"z":{},"a":{},"m":{ "enabled" : false , "rollout" : { } }}"#,
    ] {
        check_same(&document(flags, ""));
    }
    for more in [
        r#","segments":{"s":{"all":[]},"s":{"any":[]}}"#,
        r#","overrides":{"customers":{"c":{"a":true}},"customers":{"c":{"a":false}},"x":1}"#,
        r#","overrides":{"customers":{"c":{"a":true},"c":{"a":false},"d":{"a":true},"e":[],"f":{"a":"\u0000"},"g\u0000":{"a":true},"\ud800":{}}}"#,
        r#","overrides":{"customers":5,"organizations":{"o\/\u00e9":{"a":true,"b":{"c":1}}}}"#,
        r#","segments":{},"overrides":{},"environment":"e","private":[ "p" ]"#,
    ] {
        check_same(&document(r#"{"a":{"default":"on"}}"#, more));
    }
}

#[test]
fn answers_of_rows_are_answers_of_the_text() {
    let mut asked = 0;
    for text in documents() {
        let Ok(whole) = compile(&text, None) else { continue };
        let composed = Rows::split(&text).unwrap().compose(true);
        let (mut runner, mut again) = (LineRunner::default(), LineRunner::default());
        let on_one_line = |text: &str| format!(r#"{{"document":{}}}"#, text.replace(['\n', '\r'], " "));
        runner.answer(&on_one_line(&text));
        again.answer(&on_one_line(&composed));
        for key in whole.ruleset.flag_keys() {
            for context in ["{}", r#"{"customerId":"c-9","organizationId":"o-1","targetingKey":"u-1","userId":"u-2"}"#] {
                let line = format!(r#"{{"flag":"{key}","context":{context},"bucket":true}}"#);
                assert_eq!(runner.answer(&line), again.answer(&line), "{line} {text}");
                asked += 1;
            }
        }
    }
    assert!(asked > 500, "{asked}");
}

/// Imports one document over another; returns the composed result, the changes, and the places that are kept.
fn import(held: &str, given: &str, state: State) -> (Value, Vec<String>, Vec<String>) {
    let empty = Rows::default();
    let held = empty.merge(Rows::split(held).unwrap(), State::Keep).rows;
    let merged = held.merge(Rows::split(given).unwrap(), state);
    let changes = held.changes(&merged.rows).into_iter().map(|change| format!("{} {}", change.kind.as_str(), change.pointer)).collect();
    (serde_json::from_str(&merged.rows.compose(true)).unwrap(), changes, merged.kept)
}

fn strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn state_is_kept_and_definitions_are_not() {
    let held = document(r#"{"a":{"enabled":false,"rollout":{"status":"active","percentage":7}},"gone":{}}"#, "");
    let given = document(r#"{"a":{"enabled":true,"description":"new"},"b":{"enabled":false}}"#, "");
    let (now, changes, kept) = import(&held, &given, State::Keep);
    assert_eq!(
        now["flags"]["a"],
        serde_json::json!({ "description": "new", "enabled": false, "rollout": { "status": "active", "percentage": 7 } })
    );
    assert_eq!(now["flags"]["b"], serde_json::json!({ "enabled": false }));
    assert_eq!(changes, strings(&["removed /flags/gone", "changed /flags/a", "added /flags/b"]));
    assert_eq!(kept, strings(&["/flags/a/enabled", "/flags/a/rollout"]));

    let (now, changes, kept) = import(&held, &given, State::Replace);
    assert_eq!(
        now["flags"]["a"],
        serde_json::json!({ "enabled": true, "description": "new" }).as_object().map(|a| Value::Object(a.clone())).unwrap()
    );
    assert!(
        changes.contains(&"removed /flags/a/rollout".to_owned()) && changes.contains(&"changed /flags/a/enabled".to_owned()),
        "{changes:?}"
    );
    assert_eq!(kept, strings(&[]));
}

#[test]
fn state_that_is_none_is_not_kept() {
    let held = document(r#"{"a":{"enabled":"yes","rollout":{"status":"?"}},"b":{"rollout":{"percentage":101}}}"#, "");
    let (now, _, kept) = import(&held, &document(r#"{"a":{"enabled":false,"rollout":{}},"b":{}}"#, ""), State::Keep);
    assert_eq!(now["flags"], serde_json::json!({ "a": { "enabled": false, "rollout": {} }, "b": {} }));
    assert_eq!(kept, strings(&[]));
}

#[test]
fn a_killed_flag_stays_killed_through_a_document_that_spoils_it() {
    let killed = Rows::default().merge(Rows::split(&document(r#"{"a":{"enabled":false}}"#, "")).unwrap(), State::Keep).rows;
    for spoilt in [r#"{"a":[]}"#, r#"{"a":{},"a":{}}"#, r#"{"a":{"enabled":true,"enabled":true}}"#] {
        let spoilt = killed.merge(Rows::split(&document(spoilt, "")).unwrap(), State::Keep).rows;
        assert_eq!(compiled(&spoilt.compose(true)).ruleset.len(), 0);
        let mended = spoilt.merge(Rows::split(&document(r#"{"a":{"enabled":true}}"#, "")).unwrap(), State::Keep).rows;
        assert!(mended.compose(true).contains(r#""a":{"enabled":false}"#), "{}", mended.compose(true));
    }
}

#[test]
fn overrides_are_kept_and_a_new_flag_brings_its_own() {
    let held = document(r#"{"t.a":{}}"#, r#","overrides":{"customers":{"c":{"t":{"a":true}},"d":{"t.a":true}}}"#);
    let given = document(
        r#"{"t.a":{},"t.b":{"aliases":["bee"]}}"#,
        r#","overrides":{"customers":{"c":{"t":{"a":false,"b":true}},"e":{"t":{"a":true,"b":false}},"f":{"t.a":true},"g":{"bee":true}}}"#,
    );
    let (now, changes, kept) = import(&held, &given, State::Keep);
    let expected = serde_json::json!({ "c": { "t": { "a": true, "b": true } }, "d": { "t.a": true }, "e": { "t": { "b": false } }, "g": { "bee": true } });
    assert_eq!(now["overrides"]["customers"], expected);
    assert_eq!(kept, strings(&["/overrides/customers/c", "/overrides/customers/e", "/overrides/customers/f"]));
    assert!(
        changes.contains(&"changed /overrides/customers/c".to_owned()) && changes.contains(&"added /overrides/customers/g".to_owned()),
        "{changes:?}"
    );
    let (now, _, kept) = import(&held, &given, State::Replace);
    assert_eq!(now["overrides"], serde_json::from_str::<Value>(&given).unwrap()["overrides"]);
    assert_eq!(kept, strings(&[]));
    let (now, changes, kept) = import(&held, &document(r#"{"t.a":{}}"#, ""), State::Keep);
    assert_eq!(now, serde_json::from_str::<Value>(&held).unwrap());
    assert_eq!((changes, kept), (strings(&[]), strings(&[])));
}

/// Checks that importing `given` over `held` changes nothing, or, if not `equal`, something.
#[track_caller]
fn check_equal(held: &str, given: &str, equal: bool) {
    let (_, changes, _) = import(&document(held, ""), &document(given, ""), State::Replace);
    assert_eq!(changes.is_empty(), equal, "{changes:?}");
}

#[test]
fn spelling_is_no_change() {
    check_equal(
        r#"{"a":{"owner":"é","metadata":{"x":1,"y":[1e2]}}}"#,
        r#"{ "a" : {"metadata":{"y":[100.0],"x":1},"owner":"\u00e9"} }"#,
        true,
    );
    check_equal(r#"{"a":{},"b":{}}"#, r#"{"b":{},"a":{}}"#, false);
    check_equal(r#"{"a":{"rollout":{"percentage":1}}}"#, r#"{"a":{"rollout":{"percentage":1.0}}}"#, true);
    // The order of two variants with the value `true` decides which of them an override `true` names.
    let variants = |names: [&str; 2]| format!(r#"{{"a":{{"variants":{{"{}":true,"{}":true}},"on":"x","off":"y"}}}}"#, names[0], names[1]);
    check_equal(&variants(["x", "y"]), &variants(["y", "x"]), false);
}

#[test]
fn a_document_without_a_key_keeps_the_one_in_force() {
    let rows = |text: &str| Rows::split(text).unwrap();
    let mut held = Rows::default().merge(rows(r#"{"schema":"twinflag/1","flags":{}}"#), State::Keep).rows;
    assert_eq!(held.bucket_key(), None);
    held.insert(RowKey::of(RowKind::BucketKey, ""), "ff".repeat(16));
    let keyless = held.merge(rows(r#"{"schema":"twinflag/1","flags":{"a":{}}}"#), State::Keep).rows;
    assert_eq!(keyless.bucket_key(), BucketKey::from_hex(&"ff".repeat(16)));
    let keyed = keyless.merge(rows(&document("{}", "")), State::Keep).rows;
    assert_eq!(keyed.bucket_key(), BucketKey::from_hex(KEY));
    assert_eq!(keyed.merge(rows(r#"{"schema":"twinflag/1","flags":{}}"#), State::Keep).rows.bucket_key(), BucketKey::from_hex(KEY));
}

#[test]
fn pages_are_even_and_stay_where_they_are() {
    let page = |kind: OwnerKind, id: String| RowKey::of(kind.into(), &id).page().unwrap();
    let mut counts = vec![0_u32; 1_024];
    for number in 0..102_400 {
        counts[usize::from(page(OwnerKind::Customer, format!("c-{number}")))] += 1;
    }
    assert!(counts.iter().all(|count| (50..160).contains(count)), "{counts:?}");
    // Stored in every hub.
    assert_eq!([page(OwnerKind::Customer, "c-9".into()), page(OwnerKind::Organization, "c-9".into())], [634, 958]);
    assert_eq!(RowKey::of(RowKind::Flag, "a").page(), None);
}

#[test]
fn an_owner_is_found_by_its_unit_text() {
    let context = Context::from_json(r#"{"customerId":42,"organizationId":""}"#);
    assert_eq!(OwnerKind::Customer.id(&context).as_deref(), Some("42"));
    assert_eq!(OwnerKind::Organization.id(&context), None);
}
