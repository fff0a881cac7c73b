//! Copies definitions of flags and segments from another environment. State stays that of this one: whether a flag is switched on, its
//! rollout and its overrides. A flag that is new arrives switched off.
use alloc::{borrow::ToOwned, collections::BTreeSet, format, string::String, vec::Vec};

use sdk_core::{
    Compiler, DocumentError, Ruleset,
    json::{Place, quoted},
};
use serde::{Deserialize, Serialize, de::IgnoredAny};

use crate::{
    CommandOutcome, Consequence, CurrentState, Field, OwnerRows, Refusal, RefusalKind, RefusalPlace,
    change::{Action, Change},
    command::apply,
    consequences::{judge, plain_name},
    define, import,
    rows::{ChangeKind, RowKey, RowKind, Rows, refused, spelling, takes_state},
};

/// The state of a flag that arrives.
const SWITCHED_OFF: &str = r#"{"enabled":false}"#;

/// Definitions from another environment.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Definitions {
    /// The name of the environment that they are from.
    pub from: String,
    /// Its version, with its epoch.
    pub version: String,
    /// The keys of flags, each with the flag's definition as JSON, without its state.
    pub flags: Vec<(String, String)>,
    /// The names of segments, each with the segment as JSON.
    pub segments: Vec<(String, String)>,
    /// The aliases and variants that may go, as in [`Allowed::remove`](crate::Allowed::remove).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<String>,
}

/// The definitions of one kind with these names, as an environment's rows have them, each once: together they are no longer than the
/// document. The error is the place of the first one that they do not have, as a JSON pointer into the document.
pub fn definitions(rows: &Rows, kind: RowKind, names: &[String]) -> Result<Vec<(String, String)>, String> {
    let definition = |name: &String| {
        let key = RowKey::of(kind, name);
        rows.text(&key).map(|text| (name.clone(), text.to_owned())).ok_or_else(|| key.pointer())
    };
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    names.iter().filter(|name| seen.insert(name)).map(definition).collect()
}

/// The difference that a copy would make, and the reasons for refusing it.
pub struct Difference {
    /// The definitions, in the order of their names in the command.
    pub copied: Vec<Copied>,
    /// The errors that the document would have and does not have now; if there are any, the copy is refused.
    pub errors: Vec<DocumentError>,
    /// The losses that the copy would bring.
    pub consequences: Vec<Consequence>,
    /// A name in `remove` that allows nothing.
    unused: Option<String>,
    writes: Vec<(RowKey, Option<String>)>,
    ruleset: Option<Ruleset>,
}

/// A definition of a copy.
pub struct Copied {
    /// The row of the definition.
    pub key: RowKey,
    /// The kind of the difference; `None` if the two definitions differ in their spelling at most.
    pub kind: Option<ChangeKind>,
    /// The definition before, as JSON.
    pub old: Option<String>,
    /// The definition after, as JSON.
    pub new: String,
}

/// Compares definitions with those of the current rows.
pub fn difference(current: CurrentState<'_>, given: &Definitions, owners: Option<&dyn OwnerRows>, compiler: &mut Compiler) -> Difference {
    let rows = current.rows;
    let mut found =
        Difference { copied: Vec::new(), errors: Vec::new(), consequences: Vec::new(), unused: None, writes: Vec::new(), ruleset: None };
    for (section, kind, given) in [("segments", RowKind::Segment, &given.segments), ("flags", RowKind::Flag, &given.flags)] {
        let order_key = RowKey::of(RowKind::Order, section);
        let before = rows.text(&order_key).unwrap_or_default();
        let mut order = before.to_owned();
        for (name, text) in given {
            let key = RowKey::of(kind, name);
            let old = rows.text(&key).map(ToOwned::to_owned);
            // A definition that says something of a state, or is no object, would bring a state along.
            if kind == RowKind::Flag && !takes_state(text) {
                found.errors.push(DocumentError::at(Place::ROOT.name(section).name(name), "expected one object without a state"));
            }
            let change = match &old {
                None => Some(ChangeKind::Added),
                Some(held) => (!spelling::same(kind, held, text)).then_some(ChangeKind::Changed),
            };
            if change == Some(ChangeKind::Added) {
                order.extend([&*key.name, "\n"]);
                let state = RowKey::of(RowKind::State, name);
                match rows.text(&state).filter(|_| kind == RowKind::Flag) {
                    // A flag that was removed here would return with the state that it had, under another definition.
                    Some(state) => {
                        let place = Place::ROOT.name(section);
                        found.errors.push(DocumentError::at(place.name(name), define::archived(name, state)));
                    }
                    None if kind == RowKind::Flag => found.writes.push((state, Some(SWITCHED_OFF.to_owned()))),
                    None => {}
                }
            }
            if change.is_some() {
                found.writes.push((key.clone(), Some(text.clone())));
            }
            if let Some(refused) = refused::key_of(&key).filter(|refused| rows.text(refused).is_some()) {
                found.writes.push((refused, None));
            }
            found.copied.push(Copied { key, kind: change, old, new: text.clone() });
        }
        if order != before {
            found.writes.push((order_key, Some(order)));
        }
    }
    let mut after = rows.clone();
    apply(&mut after, &found.writes);
    if rows.bucket_key().is_none() {
        found.errors.push(DocumentError::at(Place::ROOT, "there is no document to copy into: import one first"));
        return found;
    }
    let judged = judge(current, &after, &given.remove, &[], owners, compiler);
    found.errors.extend(judged.errors);
    (found.consequences, found.unused, found.ruleset) = (judged.consequences, judged.unused, judged.ruleset);
    found
}

/// Copies definitions over the current rows.
pub(crate) fn carry_out(
    current: CurrentState<'_>,
    given: &Definitions,
    owners: Option<&dyn OwnerRows>,
    compiler: &mut Compiler,
) -> Result<CommandOutcome, Refusal> {
    let Difference { copied, errors, consequences, unused, writes, ruleset } = difference(current, given, owners, compiler);
    if let Some(first) = errors.first() {
        let all: Vec<String> = errors.iter().map(|error| format!("{error}")).collect();
        let refusal = Refusal::new(RefusalKind::CopyRefused, RefusalPlace::Document(first.pointer.clone()), all.join("; "));
        return Err(Refusal { consequences, ..refusal });
    }
    if let Some(name) = unused {
        return Err(Refusal::invalid(Field::Remove, import::unused(&name)));
    }
    if writes.is_empty() {
        return Ok(CommandOutcome::default());
    }
    let from = format!(r#"{{"environment":{},"version":{}}}"#, quoted(&given.from), quoted(&given.version));
    let json = |text: &String| serde_json::from_str::<IgnoredAny>(text).is_ok().then(|| text.clone());
    let change = |Copied { key, kind, old, new }: Copied| {
        kind?;
        let of_flag = key.kind == RowKind::Flag;
        Some(Change {
            flag: of_flag.then(|| plain_name(&key.name)),
            pointer: (!of_flag).then(|| key.pointer()),
            old: old.as_ref().and_then(json),
            new: json(&new),
            copied_from: Some(from.clone()),
            ..Change::new(Action::DefinitionCopied)
        })
    };
    let mut changes: Vec<Change> = copied.into_iter().filter_map(change).collect();
    let mended = writes.iter().filter(|(key, _)| key.kind == RowKind::Refused);
    changes.extend(mended.map(|(key, _)| Change { pointer: Some(key.pointer()), ..Change::new(Action::DefinitionRefused) }));
    Ok(CommandOutcome { writes, changes, ruleset, consequences, ..CommandOutcome::default() })
}

#[cfg(test)]
mod tests {
    use alloc::{string::ToString as _, vec};

    use sdk_core::{Millis, compile};

    use super::*;
    use crate::{Command, Supplies, change::Actor, execute, rows::State};

    const TARGET: &str = r#"{"schema":"twinflag/1","environment":"production","bucketKey":"000102030405060708090a0b0c0d0e0f",
        "segments":{"eu":{"attribute":"country","op":"eq","value":"fr"}},
        "flags":{"a":{"default":"off","enabled":false},"b":{"default":"off"},"bad":{"type":"colour"}},
        "overrides":{"customers":{"c-1":{"b":true}}}}"#;

    /// The rows of a hub that has imported the document.
    fn target() -> Rows {
        Rows::default().merge(Rows::split(TARGET).unwrap(), State::Replace).rows
    }

    fn given(flags: &[(&str, &str)], segments: &[(&str, &str)]) -> Definitions {
        let owned = |list: &[(&str, &str)]| list.iter().map(|(name, text)| ((*name).to_string(), (*text).to_string())).collect();
        let (from, version) = ("staging".into(), "0a1b2c3d4e5f.7".into());
        Definitions { from, version, flags: owned(flags), segments: owned(segments), remove: Vec::new() }
    }

    fn copy(rows: &Rows, given: Definitions) -> Result<CommandOutcome, Refusal> {
        let ruleset = compile(TARGET, None).unwrap().ruleset;
        let current = CurrentState { rows, paged: &Rows::default(), ruleset: &ruleset };
        let (subject, role, reason) = ("ada".into(), "admin".into(), "why".into());
        let actor = Actor { subject, role, on_behalf_of: None, reason, at: Millis(7) };
        execute(current, &Command::Copy(given), Supplies::default(), &actor, &mut Compiler::new())
    }

    fn after(given: Definitions) -> Rows {
        let mut rows = target();
        let writes = copy(&rows, given).unwrap().writes;
        apply(&mut rows, &writes);
        rows
    }

    #[test]
    fn definitions_come_and_state_stays() {
        let rows = after(given(
            &[("a", r#"{"default":"on"}"#), ("new", r#"{"default":"on","rules":[{"if":{"segment":"us"},"serve":"on"}]}"#)],
            &[("us", r#"{"attribute":"country","op":"eq","value":"us"}"#)],
        ));
        let text = |kind, name: &str| rows.text(&RowKey::of(kind, name));
        assert_eq!(text(RowKind::Flag, "a"), Some(r#"{"default":"on"}"#));
        assert_eq!(text(RowKind::State, "a"), Some(r#"{"enabled":false}"#));
        assert_eq!(text(RowKind::State, "new"), Some(r#"{"enabled":false}"#));
        assert_eq!(text(RowKind::Order, "flags"), Some("a\nb\nbad\nnew\n"));
        assert_eq!(text(RowKind::Order, "segments"), Some("eu\nus\n"));
        assert_eq!(text(RowKind::Customer, "c-1"), Some(r#"{"b":true}"#));
        assert_eq!(text(RowKind::Member, "environment"), Some(r#""production""#));
    }

    #[test]
    fn every_record_tells_where_a_definition_is_from() {
        let rows = target();
        let outcome = copy(&rows, given(&[("a", r#"{ "default": "off" }"#), ("b", r#"{"default":"on"}"#)], &[])).unwrap();
        let told: Vec<_> = outcome.changes.iter().map(|change| (change.flag.as_deref(), change.copied_from.as_deref())).collect();
        // The other flag differs in its spelling alone.
        assert_eq!(told, [(Some("b"), Some(r#"{"environment":"staging","version":"0a1b2c3d4e5f.7"}"#))]);
        assert!(copy(&rows, given(&[("a", r#"{"default":"off"}"#)], &[])).unwrap().writes.is_empty());
    }

    #[test]
    fn a_new_error_behind_those_that_are_kept_counts() {
        let flags: Vec<String> = (0..1_100).map(|number| format!(r#""f{number}":{{"type":"colour"}}"#)).collect();
        let document = TARGET.replace(r#""bad":{"type":"colour"}"#, &flags.join(","));
        let rows = Rows::default().merge(Rows::split(&document).unwrap(), State::Replace).rows;
        let refused = |text: &str| copy(&rows, given(&[("new", text)], &[])).err().map(|refusal| refusal.kind);
        assert_eq!(refused(r#"{"type":"colour"}"#), Some(RefusalKind::CopyRefused));
        assert_eq!(refused(r#"{"default":"on"}"#), None);
    }

    #[test]
    fn all_that_is_missing_is_told_and_nothing_is_copied() {
        let rows = target();
        let rule = r#"{"rules":[{"if":{"segment":"nowhere"},"serve":"on"}]}"#;
        let prerequisite = r#"{"prerequisites":[{"flag":"absent","variants":["on"]}]}"#;
        let refusal = copy(&rows, given(&[("a", rule), ("b", prerequisite)], &[])).err().unwrap();
        assert_eq!(refusal.kind, RefusalKind::CopyRefused);
        for part in ["/flags/a/", "/flags/b/", "nowhere", "absent"] {
            assert!(refusal.detail.contains(part), "{}", refusal.detail);
        }
        assert!(!refusal.detail.contains("/flags/bad"), "an error that is there already does not count: {}", refusal.detail);
    }

    #[test]
    fn an_error_that_is_there_already_may_move() {
        let needs = |flags: [&str; 2]| {
            let flags = flags.map(|flag| format!(r#"{{"flag":"{flag}","variants":["on"]}}"#)).join(",");
            format!(r#"{{"prerequisites":[{flags}]}}"#)
        };
        let mut rows = target();
        rows.insert(RowKey::of(RowKind::Flag, "b"), needs(["absent", "a"]));
        assert!(copy(&rows, given(&[("b", &needs(["a", "absent"]))], &[])).is_ok());
        assert!(copy(&rows, given(&[("b", &needs(["absent", "absent"]))], &[])).is_err());
    }

    #[test]
    fn a_definition_brings_no_state_along() {
        let rows = target();
        for text in [r#"{"enabled":true}"#, r#"{"rollout":{}}"#, "{},{}", "7", ""] {
            let refused = copy(&rows, given(&[("new", text)], &[])).err();
            assert_eq!(refused.map(|refusal| refusal.kind), Some(RefusalKind::CopyRefused), "{text}");
        }
    }

    #[test]
    fn a_flag_that_was_removed_takes_no_copy() {
        let mut rows = target();
        rows.insert(RowKey::of(RowKind::State, "gone"), r#"{"rollout":{"status":"active","percentage":50}}"#.into());
        let refusal = copy(&rows, given(&[("gone", r#"{"default":"off"}"#)], &[])).err().unwrap();
        assert_eq!(refusal.kind, RefusalKind::CopyRefused);
        assert!(refusal.detail.contains("/flags/gone: ") && refusal.detail.contains("active at 50 %"), "{}", refusal.detail);
        // A segment keeps no state.
        rows.insert(RowKey::of(RowKind::State, "us"), "{}".into());
        assert!(copy(&rows, given(&[], &[("us", r#"{"attribute":"country","op":"eq","value":"us"}"#)])).is_ok());
    }

    #[test]
    fn only_what_an_environment_has_can_be_copied() {
        let rows = target();
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_string()).collect::<Vec<_>>();
        let found = definitions(&rows, RowKind::Flag, &names(&["a", "b"]));
        assert_eq!(found, Ok(vec![("a".into(), r#"{"default":"off"}"#.into()), ("b".into(), r#"{"default":"off"}"#.into())]));
        assert_eq!(definitions(&rows, RowKind::Flag, &names(&["b", "a", "b", "b"])).map(|found| found.len()), Ok(2));
        assert_eq!(definitions(&rows, RowKind::Flag, &names(&["a", "x/y"])), Err("/flags/x~1y".into()));
        assert_eq!(definitions(&rows, RowKind::Segment, &names(&["us"])), Err("/segments/us".into()));
        assert!(copy(&Rows::default(), given(&[], &[])).is_err());
    }
}
