use alloc::{format, string::String};

use sdk_core::{Compiler, Millis};

use crate::{
    Allowed, Command, CommandOutcome, CurrentState, Refusal, RefusalKind, Supplies, apply,
    change::Actor,
    execute,
    rows::{RowKind, Rows, State},
    sound_rows::compile_what_serves,
    state_row,
};

const KEY: &str = "000102030405060708090a0b0c0d0e0f";
const OTHER_KEY: &str = "ff0102030405060708090a0b0c0d0e0f";

fn document(key: &str, enabled: bool, override_of_c1: &str) -> String {
    format!(
        r#"{{"schema":"twinflag/1","bucketKey":"{key}","flags":{{"a":{{"enabled":{enabled}}}}},
            "overrides":{{"customers":{{"c-1":{{"a":"{override_of_c1}"}}}}}}}}"#
    )
}

fn import(rows: &Rows, document: String, state: State, allowed: Allowed) -> Result<CommandOutcome, Refusal> {
    let ruleset = compile_what_serves(rows, &mut Compiler::new()).unwrap().ruleset;
    let current = CurrentState { rows, paged: rows, ruleset: &ruleset };
    let command = Command::Import { document, state, allowed };
    let actor = Actor { subject: "ada".into(), role: "admin".into(), on_behalf_of: None, reason: "a deploy".into(), at: Millis(7) };
    execute(current, &command, Supplies::default(), &actor, &mut Compiler::new())
}

/// The rows of a hub with a flag that is switched off, and an override that gives it on.
fn held() -> Rows {
    Rows::default().merge(Rows::split(&document(KEY, false, "on")).unwrap(), State::Replace).rows
}

#[test]
fn an_import_keeps_the_state_of_the_hub_unless_it_replaces_it() {
    for (state, enabled, override_of_c1) in [(State::Keep, false, "on"), (State::Replace, true, "off")] {
        let mut rows = held();
        let outcome = import(&rows, document(KEY, true, "off"), state, Allowed::default()).unwrap();
        apply(&mut rows, &outcome.writes);
        assert_eq!(state_row::enabled(rows.get(RowKind::State, "a").unwrap_or("{}")), enabled, "{state:?}");
        let given = rows.get(RowKind::Customer, "c-1").unwrap();
        assert_eq!(given, format!(r#"{{"a":"{override_of_c1}"}}"#), "{state:?}");
    }
}

#[test]
fn another_bucket_key_is_imported_only_by_its_beginning() {
    let with = |named: Option<&str>| {
        let allowed = Allowed { new_bucket_key: named.map(Into::into), ..Allowed::default() };
        import(&held(), document(OTHER_KEY, false, "on"), State::Keep, allowed).err().map(|refusal| refusal.kind)
    };
    assert_eq!(with(None), Some(RefusalKind::OtherBucketKey));
    assert_eq!(with(Some("00010203")), Some(RefusalKind::Invalid));
    assert_eq!(with(Some("ff010203")), None);
}
