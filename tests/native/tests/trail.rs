//! The records of overrides, applied one after another, lead to the stored overrides.
use control::{
    Allowed, Command, CommandOutcome, CurrentState, Supplies, apply,
    change::{Actor, Change},
    draft, execute,
    rows::{RowKey, RowKind, Rows, State},
};
use sdk_core::{BucketKey, Compiler, Millis, OwnerKind, Ruleset, compile};

fn actor() -> Actor {
    Actor { subject: "ann".into(), role: "admin".into(), on_behalf_of: None, reason: "why".into(), at: Millis(0) }
}

const KEY: &str = "000102030405060708090a0b0c0d0e0f";

fn document(flags: &str, overrides: &str) -> String {
    format!(r#"{{"schema":"twinflag/1","bucketKey":"{KEY}","flags":{flags},"overrides":{{"customers":{{"c-1":{overrides}}}}}}}"#)
}

/// The outcome of an import by a hub that draws the bucket key.
fn import(current: CurrentState<'_>, document: &str, state: State) -> CommandOutcome {
    let import = Command::Import { document: document.into(), state, allowed: Allowed::default() };
    let supplies = Supplies { bucket_key: Some(BucketKey::from_bytes([7; 16])), ..Supplies::default() };
    draft(current, &import, supplies, &actor(), &mut Compiler::new()).unwrap_or_default()
}

/// The records of importing a document over another: flag, old, new.
fn imported(before: &str, after: &str, state: State) -> Vec<(String, Option<String>, Option<String>)> {
    let held = Rows::split(before).unwrap();
    let ruleset = compile(before, None).unwrap().ruleset;
    let current = CurrentState { rows: &held, paged: &Rows::default(), ruleset: &ruleset };
    reported(&import(current, after, state).changes)
}

fn reported(changes: &[Change]) -> Vec<(String, Option<String>, Option<String>)> {
    let own = changes.iter().filter(|change| change.customer.is_some());
    own.map(|change| (change.flag.clone().unwrap_or_default(), change.old.clone(), change.new.clone())).collect()
}

fn record(flag: &str, old: Option<&str>, new: Option<&str>) -> (String, Option<String>, Option<String>) {
    (flag.into(), old.map(Into::into), new.map(Into::into))
}

/// The outcome of a command on these rows.
fn executed(rows: &Rows, ruleset: &Ruleset, command: &Command) -> CommandOutcome {
    execute(CurrentState { rows, paged: rows, ruleset }, command, Supplies::default(), &actor(), &mut Compiler::new()).unwrap()
}

#[test]
fn clearing_tells_of_overrides_of_flags_that_are_gone() {
    let text = document(r#"{"a":{}}"#, r#"{"a":true,"gone":{"b":false}}"#);
    let (mut rows, ruleset) = (Rows::split(&text).unwrap(), compile(&text, None).unwrap().ruleset);
    let command = Command::Clear { owner: OwnerKind::Customer, id: "c-1".into() };
    let outcome = executed(&rows, &ruleset, &command);
    assert_eq!(reported(&outcome.changes), [record("a", Some("\"on\""), None), record("gone.b", Some("false"), None)]);
    apply(&mut rows, &outcome.writes);
    assert_eq!(rows.text(&RowKey::of(RowKind::Customer, "c-1")), None);
}

#[test]
fn replacing_tells_of_overrides_of_flags_that_are_gone() {
    let before = document(r#"{"a":{}}"#, r#"{"a":true,"gone":{"b":false}}"#);
    let after = document(r#"{"a":{}}"#, r#"{"a":true}"#);
    assert_eq!(imported(&before, &after, State::Replace), [record("gone.b", Some("false"), None)]);
    assert_eq!(imported(&before, &before, State::Replace), []);
}

/// The leaf of a flag that goes stays where it is, and counts again when the flag is back: only the flag's own record tells of it.
#[test]
fn a_flag_that_goes_or_comes_takes_no_override_along() {
    let before = document(r#"{"a":{},"b":{}}"#, r#"{"b":true}"#);
    let after = document(r#"{"a":{},"c":{}}"#, r#"{"c":true}"#);
    assert_eq!(imported(&before, &after, State::Keep), [record("c", None, Some("\"on\""))]);
    let kept = document(r#"{"a":{},"c":{}}"#, r#"{"b":true,"c":true}"#);
    let back = document(r#"{"a":{},"b":{},"c":{},"d":{}}"#, r#"{"d":false}"#);
    assert_eq!(imported(&kept, &back, State::Keep), [record("d", None, Some("\"off\""))]);
}

/// Of two leaves for one flag the one under its whole key counts: a document's does not slip in beside one that is there.
#[test]
fn an_override_that_is_there_stays_however_it_is_spelled() {
    let before = document(r#"{"a":{}}"#, r#"{"s":{"b":true}}"#);
    let after = document(r#"{"a":{},"s.b":{}}"#, r#"{"s.b":false}"#);
    assert_eq!(imported(&before, &after, State::Keep), []);
    assert_eq!(imported(&before, &after, State::Replace), [record("s.b", Some("true"), Some("\"off\""))]);
    let both = document(r#"{"a":{}}"#, r#"{"s":{"b":true},"s.b":false}"#);
    let nested = document(r#"{"a":{}}"#, r#"{"s":{"b":true}}"#);
    assert_eq!(imported(&both, &nested, State::Replace), [record("s.b", Some("false"), Some("true"))]);
}

/// An empty name is a name of the path: a leaf below it is no override of the flag whose key is the rest of the path.
#[test]
fn what_stands_below_an_empty_name_is_nobodys_override() {
    let before = document(r#"{"b":{}}"#, r#"{"b":true}"#);
    let after = document(r#"{"a":{},"b":{}}"#, r#"{"":{"a":true}}"#);
    assert_eq!(imported(&before, &after, State::Keep), []);
    assert_eq!(imported(&before, &after, State::Replace), [record(".a", None, Some("true")), record("b", Some("\"on\""), None)]);
    let held = document(r#"{"a":{}}"#, r#"{"":{"a":true}}"#);
    let (rows, ruleset) = (Rows::split(&held).unwrap(), compile(&held, None).unwrap().ruleset);
    let command = Command::Override { owner: OwnerKind::Customer, id: "c-1".into(), tree: r#"{"a":false}"#.into() };
    let outcome = executed(&rows, &ruleset, &command);
    let texts: Vec<_> = outcome.writes.iter().map(|(_, text)| text.as_deref()).collect();
    assert_eq!(texts, [Some(r#"{"":{"a":true},"a":false}"#)]);
}

/// The names of the records of an import into rows.
fn names(held: &Rows, after: &str) -> Vec<String> {
    let key = held.bucket_key().unwrap_or(BucketKey::from_bytes([7; 16]));
    let ruleset = compile(&held.compose(false), Some(key)).unwrap().ruleset;
    let current = CurrentState { rows: held, paged: &Rows::default(), ruleset: &ruleset };
    let outcome = import(current, after, State::Keep);
    outcome.changes.iter().map(|change| change.flag.clone().or_else(|| change.pointer.clone()).unwrap()).collect()
}

#[test]
fn an_import_writes_no_row_without_a_record() {
    let rows = |flags| Rows::default().merge(Rows::split(&document(flags, "{}")).unwrap(), State::Keep).rows;
    let plain = rows(r#"{"a":{},"b":{}}"#);
    assert_eq!(names(&plain, &document(r#"{"a":{},"b":{}}"#, "{}")), Vec::<String>::new());
    // Another order of flags that stay, alone and beside other changes; a flag that comes tells of itself.
    assert_eq!(names(&plain, &document(r#"{"b":{},"a":{}}"#, "{}")), ["/flags"]);
    assert_eq!(names(&plain, &document(r#"{"b":{"owner":"ann"},"a":{}}"#, "{}")), ["/flags", "b"]);
    assert_eq!(names(&plain, &document(r#"{"a":{},"c":{},"b":{}}"#, "{}")), ["c"]);
    // A bucket key that was made, and a rollout whose stage begins with the import though its state stays.
    assert_eq!(names(&Rows::default(), r#"{"schema":"twinflag/1","flags":{"a":{}}}"#), ["/bucketKey", "a"]);
    let running = r#"{"a":{"rollout":{"status":"active","percentage":5}}}"#;
    assert_eq!(names(&rows(running), &document(running, "{}")), ["/flags/a"]);
}
