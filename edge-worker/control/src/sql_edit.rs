//! Rows that were changed by SQL, in the tables that follow the hub: each becomes a change like any other, with its record.
use alloc::{format, string::String, vec::Vec};

use sdk_core::{Compiler, OwnerKind, json::quoted, stage::Status};

use crate::{
    CommandOutcome, CurrentState, Refusal,
    change::{Action, Actor, Change},
    leaves::Leaves,
    lifecycle::Rollout,
    overrides,
    rollout_commands::{described, event},
    rollout_overrides,
    rows::{RowKey, RowKind},
    state_row,
};

/// A row as SQL left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SqlEdit {
    /// The kill switch and the rollout of a flag.
    State {
        /// The key of the flag.
        flag: String,
        /// The state as documents write it; `None` if no table has a row of the flag any more.
        state: Option<String>,
    },
    /// The overrides of an owner.
    Owner {
        /// The kind of the owner.
        owner: OwnerKind,
        /// The id of the owner.
        id: String,
        /// All overrides of the owner as JSON, a tree or dotted keys; `None` if there are none.
        tree: Option<String>,
    },
}

/// Takes a row that SQL changed: the rows to write and their records; nothing if the hub has the row so already. SQL needs no permission of
/// the hub, so neither locks nor the life cycle of a rollout stand against it; only what no document could say is refused. The overrides
/// that belong to a rollout follow as they do after a command. `current` has the rows of their owners where the edit is of a state.
pub fn edited_by_sql(current: CurrentState<'_>, edit: &SqlEdit, actor: &Actor, compiler: &mut Compiler) -> Result<CommandOutcome, Refusal> {
    let mut outcome = match edit {
        SqlEdit::State { flag, state } => state_edited(current, flag, state.as_deref().unwrap_or("{}"), actor, compiler),
        SqlEdit::Owner { owner, id, tree: None } => overrides::clear(current, *owner, id, actor),
        SqlEdit::Owner { owner, id, tree: Some(tree) } => owner_edited(current, *owner, id, tree, actor),
    }?;
    rollout_overrides::release(current, &mut outcome);
    Ok(outcome)
}

/// Replaces all overrides of an owner: leaves that the new tree does not have are removed.
fn owner_edited(current: CurrentState<'_>, owner: OwnerKind, id: &str, tree: &str, actor: &Actor) -> Result<CommandOutcome, Refusal> {
    let before = current.paged.text(&RowKey::of(owner.into(), id)).unwrap_or("{}");
    let (held, given) = (Leaves::of(current.ruleset, owner, id, before), Leaves::of(current.ruleset, owner, id, tree));
    let kept = given.names();
    let gone: Vec<String> =
        held.names().into_iter().filter(|name| !kept.contains(name)).map(|name| format!("{}:null", quoted(&name))).collect();
    let members = tree.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).map(str::trim).unwrap_or_default();
    match (members.is_empty(), gone.is_empty()) {
        (true, _) => overrides::clear(current, owner, id, actor),
        (false, true) => overrides::set(current, owner, id, tree, actor),
        (false, false) => overrides::set(current, owner, id, &format!("{{{},{members}}}", gone.join(",")), actor),
    }
}

fn state_edited(
    current: CurrentState<'_>,
    flag: &str,
    state: &str,
    actor: &Actor,
    compiler: &mut Compiler,
) -> Result<CommandOutcome, Refusal> {
    let key = current.flag(flag)?;
    let text = current.rows.get(RowKind::State, key).unwrap_or("{}");
    let course = current.rows.get(RowKind::Course, key);
    let (was_enabled, is_enabled) = (state_row::enabled(text), state_row::enabled(state));
    let before = state_row::rollout(text, course);
    let next = next_rollout(before.as_ref(), state, actor);
    let mut changes = Vec::new();
    let mut after = String::from(text);
    if was_enabled != is_enabled {
        let json = |value: bool| Some(format!(r#"{{"enabled":{value}}}"#));
        let action = if is_enabled { Action::FlagRevived } else { Action::FlagKilled };
        changes.push(Change {
            flag: Some(key.into()),
            old_value: Some(was_enabled),
            new_value: Some(is_enabled),
            old: json(was_enabled),
            new: json(is_enabled),
            ..Change::new(action)
        });
        after = state_row::with_enabled(&after, is_enabled);
    }
    let mut writes = Vec::new();
    let mut events = Vec::new();
    let is_rolled_back = |rollout: &Rollout| rollout.status == Status::RolledBack;
    let rolls_back = next.as_ref().is_some_and(is_rolled_back) && !before.as_ref().is_some_and(is_rolled_back);
    if let Some(next) = next.filter(|next| before.as_ref() != Some(next)) {
        changes.push(Change {
            flag: Some(key.into()),
            old: before.as_ref().map(described),
            new: Some(described(&next)),
            ..Change::new(Action::StateImported)
        });
        after = state_row::with_rollout(&after, &next);
        writes.push((RowKey::of(RowKind::Course, key), Some(state_row::write_course(&next.course))));
        let feature = current.feature(key).map_or_else(|| key.into(), |feature| feature.name);
        events.extend(event(key, feature, before.as_ref(), &next));
    }
    if changes.is_empty() {
        return Ok(CommandOutcome::default());
    }
    writes.push((RowKey::of(RowKind::State, key), Some(after)));
    let mut outcome = current.compiled(key, writes, changes, compiler)?;
    if rolls_back {
        rollout_overrides::roll_back(current, key, actor, &mut outcome)?;
    }
    Ok(CommandOutcome { events, ..outcome })
}

/// The rollout that SQL left. A planned rollout of 0 % without lists is what the tables have for a flag that has none.
fn next_rollout(before: Option<&Rollout>, state: &str, actor: &Actor) -> Option<Rollout> {
    let read = state_row::rollout(state, None)?;
    let mut next = Rollout {
        guard: read.guard.or(before.and_then(|before| before.guard)),
        course: before.map(|before| before.course).unwrap_or_default(),
        ..read
    };
    let Some(before) = before else {
        let is_none = next == Rollout::default();
        next.course.created_at = Some(actor.at);
        return (!is_none).then_some(next);
    };
    if (before.tier, before.percentage, before.status) != (next.tier, next.percentage, next.status) {
        next.course.stage_since = Some(actor.at);
        next.course.started_at = next.course.started_at.or(Some(actor.at));
    }
    Some(next)
}

#[cfg(test)]
mod tests {
    use sdk_core::Millis;

    use super::*;
    use crate::{Command, Supplies, apply, execute, rows::Rows};

    const DOCUMENT: &str = r#"{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f","flags":{"chat":{},"a.b":{}}}"#;

    fn by() -> Actor {
        Actor { subject: "sql:ann".into(), role: "sql".into(), on_behalf_of: None, reason: "errors".into(), at: Millis(7_000) }
    }

    /// The outcome of edits one after another, each on the rows that the one before left.
    fn edited(edits: &[SqlEdit]) -> (Rows, Result<CommandOutcome, Refusal>) {
        edited_in(Rows::split(DOCUMENT).unwrap(), edits)
    }

    /// [`edited`], beginning with these rows.
    fn edited_in(mut rows: Rows, edits: &[SqlEdit]) -> (Rows, Result<CommandOutcome, Refusal>) {
        let mut compiler = Compiler::new();
        let mut last = Ok(CommandOutcome::default());
        for edit in edits {
            let ruleset = compiler.compile(&rows.compose(true), None).unwrap().ruleset;
            let current = CurrentState { rows: &rows, paged: &rows, ruleset: &ruleset };
            last = edited_by_sql(current, edit, &by(), &mut compiler);
            if let Ok(outcome) = &last {
                let writes = outcome.writes.clone();
                apply(&mut rows, &writes);
            }
        }
        (rows, last)
    }

    fn state(flag: &str, state: &str) -> SqlEdit {
        SqlEdit::State { flag: flag.into(), state: Some(state.into()) }
    }

    fn customer(tree: Option<&str>) -> SqlEdit {
        SqlEdit::Owner { owner: OwnerKind::Customer, id: "c".into(), tree: tree.map(Into::into) }
    }

    fn actions(outcome: &CommandOutcome) -> Vec<(&'static str, Option<&str>)> {
        outcome.changes.iter().map(|change| (change.action.as_str(), change.flag.as_deref())).collect()
    }

    #[test]
    fn a_kill_switch_that_sql_turns_is_recorded_as_by_a_command() {
        let (rows, outcome) = edited(&[state("chat", r#"{"enabled":false,"rollout":{"status":"planned","percentage":0}}"#)]);
        assert_eq!(actions(&outcome.unwrap()), [("flag.kill", Some("chat"))]);
        assert_eq!(rows.get(RowKind::State, "chat"), Some(r#"{"enabled":false}"#));
    }

    #[test]
    fn a_rollout_that_sql_writes_is_taken_with_a_new_stage_whatever_the_life_cycle_says() {
        let running = r#"{"enabled":true,"rollout":{"status":"active","tier":4,"percentage":100,"guard":{"method":"threshold"}}}"#;
        let emergency = r#"{"enabled":true,"rollout":{"status":"rolled_back","tier":0,"percentage":0}}"#;
        let (rows, outcome) = edited(&[state("chat", running), state("chat", emergency)]);
        let outcome = outcome.unwrap();
        assert_eq!(actions(&outcome), [("import.state", Some("chat"))]);
        assert_eq!(outcome.events.iter().map(|event| event.name).collect::<Vec<_>>(), ["rollback"]);
        let text = rows.get(RowKind::State, "chat").unwrap();
        // The tables do not have the guard, so the edit leaves it as it is.
        assert!(text.contains(r#""status":"rolled_back""#) && text.contains(r#""method":"threshold""#), "{text}");
        assert!(rows.get(RowKind::Course, "chat").unwrap().contains(r#""stageSince":7000"#));
        let (_, again) = edited(&[state("chat", running), state("chat", running)]);
        assert!(again.unwrap().writes.is_empty());
    }

    #[test]
    fn the_overrides_of_a_rollout_follow_what_sql_does_to_it_and_to_them() {
        let system = Actor { subject: "robot".into(), role: "service".into(), on_behalf_of: Some("system".into()), ..by() };
        let set = |id: &str, tree: &str| Command::Override { owner: OwnerKind::Customer, id: id.into(), tree: tree.into() };
        let (mut compiler, (mut rows, _)) =
            (Compiler::new(), edited(&[state("chat", r#"{"rollout":{"status":"active","tier":4,"percentage":100}}"#)]));
        for (actor, command) in [
            (&system, set("c", r#"{"chat":true,"a.b":true}"#)),
            (&system, set("d", r#"{"chat":true}"#)),
            (&by(), set("e", r#"{"chat":true}"#)),
        ] {
            let ruleset = compiler.compile(&rows.compose(true), None).unwrap().ruleset;
            let current = CurrentState { rows: &rows, paged: &rows, ruleset: &ruleset };
            let writes = execute(current, &command, Supplies::default(), actor, &mut compiler).unwrap().writes;
            apply(&mut rows, &writes);
        }
        let of_rollout = |rows: &Rows| rows.of(RowKind::RolloutOverride).count();
        assert_eq!(of_rollout(&rows), 2);
        // An override that SQL changes belongs to nobody from then on; another one of its owner says nothing of it.
        let (after, _) = edited_in(rows.clone(), &[customer(Some(r#"{"chat":true,"a":{"b":false}}"#))]);
        assert_eq!(of_rollout(&after), 2);
        let (after, _) = edited_in(rows.clone(), &[customer(Some(r#"{"chat":false,"a":{"b":true}}"#))]);
        assert_eq!(of_rollout(&after), 1);
        let (after, _) = edited_in(rows.clone(), &[customer(None)]);
        assert_eq!(of_rollout(&after), 1);
        // A rollback in SQL removes those that belong to the rollout, and a pause none.
        let paused = state("chat", r#"{"rollout":{"status":"paused","tier":4,"percentage":100}}"#);
        let (after, _) = edited_in(rows.clone(), &[paused]);
        assert_eq!(of_rollout(&after), 2);
        let (after, outcome) = edited_in(rows, &[state("chat", r#"{"rollout":{"status":"rolled_back","tier":0,"percentage":0}}"#)]);
        let removed = ("override.remove", Some("chat"));
        assert_eq!(actions(&outcome.unwrap()), [("import.state", Some("chat")), removed, removed]);
        assert_eq!(of_rollout(&after), 0);
        let left: Vec<_> = after.of(RowKind::Customer).collect();
        assert_eq!(left, [("c", r#"{"a":{"b":true}}"#), ("e", r#"{"chat":true}"#)]);
    }

    #[test]
    fn a_planned_rollout_of_nothing_is_no_rollout() {
        let (_, outcome) = edited(&[state("chat", r#"{"enabled":true,"rollout":{"status":"planned","percentage":0}}"#)]);
        assert!(outcome.unwrap().changes.is_empty());
    }

    #[test]
    fn a_flag_that_no_document_defines_is_refused() {
        let (_, outcome) = edited(&[state("other", r#"{"enabled":false}"#)]);
        assert!(matches!(outcome, Err(Refusal { kind: crate::RefusalKind::FlagNotFound, .. })));
    }

    #[test]
    fn a_tree_that_sql_writes_replaces_the_whole_tree_of_the_owner() {
        let (rows, outcome) = edited(&[customer(Some(r#"{"chat":true,"a":{"b":false}}"#)), customer(Some(r#"{"a.b":true}"#))]);
        assert_eq!(actions(&outcome.unwrap()), [("override.remove", Some("chat")), ("override.set", Some("a.b"))]);
        let tree = rows.text(&RowKey::of(RowKind::Customer, "c")).unwrap();
        assert!(!tree.contains("chat") && tree.contains("true"), "{tree}");
        for emptied in [customer(None), customer(Some(" {} "))] {
            let (rows, outcome) = edited(&[customer(Some(r#"{"chat":true}"#)), emptied]);
            assert_eq!(actions(&outcome.unwrap()), [("override.remove", Some("chat"))]);
            assert_eq!(rows.text(&RowKey::of(RowKind::Customer, "c")), None);
        }
    }
}
