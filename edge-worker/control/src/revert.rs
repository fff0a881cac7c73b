//! Reverts a change: writes the rows of its version back as they were before, as a new change.
//!
//! A revert is judged like any other change of definitions. It is refused where a newer change wrote the same row, so that it takes back
//! nothing but what it names.
use alloc::{
    borrow::ToOwned,
    collections::{BTreeMap, BTreeSet},
    format,
    string::{String, ToString as _},
    vec::Vec,
};

use sdk_core::{Compiler, Millis};
use serde::{Deserialize, Serialize};

use crate::{
    CommandOutcome, ConsequenceKind, CurrentState, Field, Refusal, RefusalKind, RefusalPlace, Supplies,
    change::{Action, Actor, Change},
    consequences::{Judged, judge, plain_name},
    import,
    lifecycle::{Course, Rollout},
    organization_of,
    row_records::{Difference, owner_changes},
    rows::{BUCKET_KEY, RowKey, RowKind, Rows, refused::SECTIONS, spelling},
    state_row,
};

/// A change to revert, as its command names it.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Revert {
    /// The id of the change. All rows that its version wrote are reverted.
    pub change: String,
    /// The flags, segments, aliases and variants that may go, as in [`Allowed::remove`](crate::Allowed::remove). A flag or a segment that
    /// the change added goes without being named, unless it has overrides by now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<String>,
}

/// The rows that a change wrote, from the history of the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reverted {
    /// The version that the change made.
    pub version: u32,
    /// The rows of kinds that this release knows.
    pub rows: Vec<RevertedRow>,
    /// True if the change wrote rows of other kinds, too.
    pub has_unknown_rows: bool,
}

/// A row that a change wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RevertedRow {
    /// The key of the row.
    pub key: RowKey,
    /// The text before the change; `None` if there was no such row.
    pub before: Option<String>,
    /// The text that the change wrote; `None` if it removed the row.
    pub written: Option<String>,
    /// The newest version that gave the row another text.
    pub newest: u32,
}

impl RevertedRow {
    fn is(&self, text: Option<&str>, held: Option<&str>) -> bool {
        match (text, held) {
            (Some(text), Some(held)) => spelling::same(self.key.kind, text, held),
            (text, held) => text == held,
        }
    }
}

/// Carries out a revert.
pub(crate) fn carry_out(
    current: CurrentState<'_>,
    revert: &Revert,
    supplies: &Supplies<'_>,
    actor: &Actor,
    compiler: &mut Compiler,
) -> Result<CommandOutcome, Refusal> {
    let Revert { change, remove } = revert;
    let Some(reverted) = supplies.reverted else {
        return Err(Refusal::new(RefusalKind::ChangeNotFound, RefusalPlace::Command, format!("no change has the id {change:?}")));
    };
    if let Some(why) = obstacle(reverted) {
        return Err(Refusal::new(RefusalKind::NotRevertible, RefusalPlace::Command, why));
    }
    let mut held = current.rows.clone();
    held.append(current.paged.clone());
    let after = rows_after(&held, reverted, actor.at)?;
    let writes: Vec<(RowKey, Option<String>)> =
        held.writes(&after).into_iter().map(|(key, text)| (key.clone(), text.map(ToOwned::to_owned))).collect();
    if writes.is_empty() {
        return Ok(CommandOutcome::default());
    }
    let mut outcome = CommandOutcome::default();
    if writes.iter().any(|(key, _)| key.page().is_none()) {
        // Flags that come back come back with the overrides that they had.
        let comes = |(key, text): &&(RowKey, Option<String>)| key.kind == RowKind::Flag && text.is_some() && held.text(key).is_none();
        let returned: Vec<String> = writes.iter().filter(comes).map(|(key, _)| plain_name(&key.name)).collect();
        let Judged { errors, mut consequences, unused, ruleset } = judge(current, &after, remove, &returned, supplies.owners, compiler);
        for found in &mut consequences {
            // The change itself added what goes, and nothing was built on it.
            found.is_allowed |= found.kind == ConsequenceKind::Removed && found.overrides == 0;
        }
        if consequences.iter().all(|found| found.is_allowed)
            && let Some(first) = errors.first()
        {
            let all: Vec<String> = errors.iter().map(|error| format!("{}: {}", error.pointer, error.message)).collect();
            return Err(Refusal::new(RefusalKind::DefinitionRefused, RefusalPlace::Document(first.pointer.clone()), all.join("; ")));
        }
        if let Some(name) = unused {
            return Err(Refusal::invalid(Field::Remove, import::unused(&name)));
        }
        outcome = CommandOutcome { ruleset, consequences, ..outcome };
    } else if let Some(name) = remove.first() {
        return Err(Refusal::invalid(Field::Remove, import::unused(name)));
    }
    let ruleset = outcome.ruleset.as_ref().unwrap_or(current.ruleset);
    let difference = Difference { before: &held, after: &after, written: writes.iter().map(|(key, _)| key).collect() };
    let mut changes = Vec::new();
    for (key, text) in &writes {
        if let Some(owner) = key.kind.owner() {
            owner_changes([(Some(current.ruleset), &held), (Some(ruleset), &after)], owner, key, actor.at, &mut changes);
            if let (Some(tree), Ok(id)) = (text, serde_json::from_str::<String>(&format!("\"{}\"", key.name))) {
                let (_, errors) = ruleset.owner_overrides(owner, &id, tree);
                outcome.warnings.extend(errors.into_iter().map(|error| format!("{}: {}", error.pointer, error.message)));
            }
        } else if key.kind == RowKind::Membership {
            let customer = plain_name(&key.name);
            let organization = organization_of(&after, &customer);
            let (old, new) = (held.text(key).map(ToOwned::to_owned), text.clone());
            changes.push(Change { customer: Some(customer), organization, old, new, ..Change::new(Action::CustomerAssigned) });
        } else {
            changes.extend(difference.record(key, text.as_deref()));
        }
    }
    for made in &mut changes {
        // The trail of an organization ends where a customer was assigned to another one, by whatever command.
        if made.action != Action::CustomerAssigned {
            made.action = Action::Reverted;
        }
        made.reverts = Some(change.clone());
    }
    Ok(CommandOutcome { writes, changes, ..outcome })
}

/// The reason why a change cannot be reverted at all; `None` if it can.
fn obstacle(reverted: &Reverted) -> Option<String> {
    if reverted.has_unknown_rows {
        return Some("a later release made this change, with rows that this one does not know".to_string());
    }
    if reverted.rows.is_empty() {
        return Some("the change wrote nothing that this release could put back".to_string());
    }
    if reverted.rows.iter().all(|row| row.key.kind == RowKind::Schedule) {
        return Some("a schedule that was added, cancelled or refused stays so: cancel it, or schedule the command again".to_string());
    }
    let of_row = |row: &RevertedRow| match row.key.kind {
        RowKind::Key => Some("a key that was made, rotated or revoked stays so: make another key, or revoke this one"),
        RowKind::Webhook => Some("a webhook that was made, changed or removed stays so: change it, or make another"),
        RowKind::Environment => Some("an environment that was registered or closed stays so: close it, or register it again"),
        RowKind::BreakGlass => Some("a use of the break-glass token stays in the trail"),
        RowKind::Epoch => Some("clients forgot what they held of the earlier epoch, which does not come back"),
        RowKind::BucketKey => Some("the change brought the bucket key, by which units are drawn: import a document with another one"),
        RowKind::Member if row.key.name == BUCKET_KEY || row.key.name == "environment" => {
            Some("the change named the environment or its bucket key: import a document with other ones")
        }
        RowKind::Member
        | RowKind::Order
        | RowKind::Segment
        | RowKind::Flag
        | RowKind::State
        | RowKind::Customer
        | RowKind::Organization
        | RowKind::Course
        | RowKind::Membership
        | RowKind::RolloutOverride
        // The schedule of a command ends with it, and is passed over below.
        | RowKind::Schedule
        | RowKind::Refused => None,
    };
    reverted.rows.iter().find_map(of_row).map(Into::into)
}

/// The rows with those of the change as they were before it. Refuses a row that a newer change wrote.
fn rows_after(held: &Rows, reverted: &Reverted, now: Millis) -> Result<Rows, Refusal> {
    let mut after = held.clone();
    let states: BTreeMap<&str, bool> = (reverted.rows.iter().filter(|row| row.key.kind == RowKind::State))
        .map(|row| (row.key.name.as_str(), row.is(row.before.as_deref(), held.text(&row.key))))
        .collect();
    for row in &reverted.rows {
        // The names of definitions come and go with these, and a course is as its state is.
        if matches!(row.key.kind, RowKind::Order | RowKind::Schedule)
            || row.key.kind == RowKind::Course && states.get(row.key.name.as_str()) == Some(&true)
        {
            continue;
        }
        let now = held.text(&row.key);
        if row.is(row.before.as_deref(), now) {
            continue;
        }
        if row.newest > reverted.version {
            let what = shown(&row.key);
            let detail = format!("version {} changed {what} again: what it wrote would be lost, so revert that change first", row.newest);
            let refusal = Refusal::new(RefusalKind::RevertConflict, RefusalPlace::Document(row.key.pointer()), detail);
            return Err(Refusal { newer: Some(row.newest), ..refusal });
        }
        // The state of an archived flag waits for its return.
        let is_state = matches!(row.key.kind, RowKind::State | RowKind::Course);
        if is_state && row.before.is_none() && held.get(RowKind::Flag, &row.key.name).is_none() {
            continue;
        }
        put(&mut after, &row.key, row.before.as_deref());
    }
    for row in reverted.rows.iter().filter(|row| row.key.kind == RowKind::State) {
        begin_stage(held, &mut after, &row.key.name, now);
    }
    for (section, kind) in SECTIONS {
        let key = RowKey::of(RowKind::Order, section);
        let row = reverted.rows.iter().find(|row| row.key == key);
        let order = order(held, &after, (section, kind), row);
        put(&mut after, &key, (!order.is_empty()).then_some(&order));
    }
    Ok(after)
}

fn put(rows: &mut Rows, key: &RowKey, text: Option<&str>) {
    match text {
        Some(text) => rows.insert(key.clone(), text.into()),
        None => rows.remove(key),
    }
}

/// Begins a stage for a rollout that stands elsewhere after the revert: outcomes of the stage that goes do not count in it.
fn begin_stage(held: &Rows, after: &mut Rows, name: &str, now: Millis) {
    let read = |rows: &Rows| state_row::rollout(rows.get(RowKind::State, name)?, rows.get(RowKind::Course, name));
    let Some(rollout) = read(after) else { return };
    if read(held).as_ref().map(Rollout::stage) != Some(rollout.stage()) {
        let course = Course { stage_since: Some(now), ..rollout.course };
        after.insert(RowKey { kind: RowKind::Course, name: name.into() }, state_row::write_course(&course));
    }
}

/// The names of a section's definitions after a revert: in the order before the change, or in the present one if that is newer.
fn order(held: &Rows, after: &Rows, (section, kind): (&'static str, RowKind), row: Option<&RevertedRow>) -> String {
    let own = |row: &RevertedRow| row.is(row.written.as_deref(), held.text(&row.key));
    let before = row.and_then(|row| row.before.as_deref()).unwrap_or_default();
    let first: Vec<&str> = if row.is_some_and(own) { before.lines().collect() } else { held.names(section).collect() };
    let mut seen = BTreeSet::new();
    let is_there = |name: &&str| after.get(kind, name).is_some();
    let mut out = String::new();
    for name in first.into_iter().chain(held.names(section)).chain(before.lines()).filter(is_there) {
        if seen.insert(name) {
            out.extend([name, "\n"]);
        }
    }
    out
}

/// A row in words.
fn shown(key: &RowKey) -> String {
    let name = plain_name(&key.name);
    match key.kind {
        RowKind::Customer => format!("the overrides of the customer {name:?}"),
        RowKind::Organization => format!("the overrides of the organization {name:?}"),
        RowKind::Membership => format!("the organization of the customer {name:?}"),
        RowKind::Flag | RowKind::Refused => format!("the definition {}", key.pointer()),
        RowKind::Segment => format!("the segment {name:?}"),
        RowKind::State | RowKind::Course => format!("the state of the flag {name:?}"),
        RowKind::Member | RowKind::Order | RowKind::BucketKey => format!("the document's {name}"),
        RowKind::Key
        | RowKind::Webhook
        | RowKind::Environment
        | RowKind::BreakGlass
        | RowKind::Schedule
        | RowKind::RolloutOverride
        | RowKind::Epoch => format!("{name:?}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Command, execute, rows::State, sound_rows::compile_what_serves};

    const FLAG: RowKind = RowKind::Flag;
    /// The version of the change that the tests revert.
    const VERSION: u32 = 9;

    fn hub(flags: &str) -> Rows {
        let document = format!(r#"{{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f","flags":{flags}}}"#);
        Rows::default().merge(Rows::split(&document).unwrap(), State::Replace).rows
    }

    fn row(kind: RowKind, name: &str, before: Option<&str>, written: Option<&str>) -> RevertedRow {
        RevertedRow { key: RowKey::of(kind, name), before: before.map(Into::into), written: written.map(Into::into), newest: VERSION }
    }

    fn reverting(rows: &Rows, reverted: Vec<RevertedRow>) -> Result<CommandOutcome, Refusal> {
        reverting_with(rows, &Rows::default(), reverted)
    }

    fn reverting_with(rows: &Rows, paged: &Rows, reverted: Vec<RevertedRow>) -> Result<CommandOutcome, Refusal> {
        let ruleset = compile_what_serves(rows, &mut Compiler::new()).unwrap().ruleset;
        let current = CurrentState { rows, paged, ruleset: &ruleset };
        let reverted = Reverted { version: VERSION, rows: reverted, has_unknown_rows: false };
        let supplies = Supplies { reverted: Some(&reverted), ..Supplies::default() };
        let command = Command::Revert(Revert { change: "c".into(), remove: Vec::new() });
        execute(current, &command, supplies, &Actor::system("a test", Millis(7)), &mut Compiler::new())
    }

    fn written(outcome: &CommandOutcome) -> Vec<(&str, Option<&str>)> {
        outcome.writes.iter().map(|(key, text)| (key.name.as_str(), text.as_deref())).collect()
    }

    #[test]
    fn only_what_no_newer_change_wrote_is_put_back() {
        let rows = hub(r#"{"a":{"default":"on"}}"#);
        let (off, on) = (Some(r#"{"default":"off"}"#), Some(r#"{"default":"on"}"#));
        let outcome = reverting(&rows, [row(FLAG, "a", off, on)].into()).unwrap();
        assert_eq!(written(&outcome), [("a", off)]);
        assert_eq!((outcome.changes[0].action, outcome.changes[0].reverts.as_deref()), (Action::Reverted, Some("c")));
        // Spelled otherwise it is the same text.
        assert!(reverting(&rows, [row(FLAG, "a", off, Some(r#"{ "default": "on" }"#))].into()).is_ok());
        // A row that is as it was before is not written again, whatever its versions since.
        let newer = |row| RevertedRow { newest: VERSION + 2, ..row };
        for written_then in [on, off, Some("{}")] {
            assert_eq!(written(&reverting(&rows, [newer(row(FLAG, "a", on, written_then))].into()).unwrap()), []);
        }
        let refusal = reverting(&rows, [newer(row(FLAG, "a", off, Some("{}")))].into()).err().unwrap();
        assert_eq!((refusal.kind, refusal.newer), (RefusalKind::RevertConflict, Some(VERSION + 2)));
    }

    /// Killed in version 9, revived in 10 and killed again in 11.
    #[test]
    fn a_newer_change_to_the_same_is_not_taken_back() {
        let rows = hub(r#"{"a":{"enabled":false}}"#);
        let kill = row(RowKind::State, "a", Some("{}"), Some(r#"{"enabled":false}"#));
        let refusal = reverting(&rows, [RevertedRow { newest: 11, ..kill.clone() }].into()).err().unwrap();
        assert_eq!((refusal.kind, refusal.newer), (RefusalKind::RevertConflict, Some(11)));
        assert_eq!(written(&reverting(&rows, [kill].into()).unwrap()), [("a", Some("{}"))]);
    }

    #[test]
    fn an_archived_flag_keeps_its_state() {
        let state = r#"{"enabled":false,"rollout":{"status":"active","percentage":5}}"#;
        let mut rows = hub(r#"{"b":{}}"#);
        for (kind, text) in [(RowKind::State, state), (RowKind::Course, "{}")] {
            rows.insert(RowKey::of(kind, "a"), text.into());
        }
        let import = [
            RevertedRow { newest: 10, ..row(FLAG, "a", None, Some("{}")) },
            row(RowKind::State, "a", None, Some(state)),
            row(RowKind::Course, "a", None, Some("{}")),
        ];
        assert_eq!(written(&reverting(&rows, import.into()).unwrap()), []);
    }

    /// An organization's trail ends at the record of an assignment, by its action.
    #[test]
    fn an_assignment_that_is_put_back_is_recorded_as_one() {
        let (ours, theirs) = (r#""o-1""#, r#""o-2""#);
        let membership = RowKey::of(RowKind::Membership, "c-1");
        let paged = |organization: &str| {
            let mut rows = Rows::default();
            rows.insert(membership.clone(), organization.into());
            rows
        };
        let outcome = reverting_with(&hub("{}"), &paged(theirs), [row(RowKind::Membership, "c-1", Some(ours), Some(theirs))].into());
        let reverted = outcome.unwrap().changes;
        let command = Command::Assign { customer: "c-1".into(), organization: Some("o-1".into()) };
        let rows = hub("{}");
        let ruleset = compile_what_serves(&rows, &mut Compiler::new()).unwrap().ruleset;
        let current = CurrentState { rows: &rows, paged: &paged(theirs), ruleset: &ruleset };
        let by = Actor::system("a test", Millis(7));
        let [assigned] =
            <[Change; 1]>::try_from(execute(current, &command, Supplies::default(), &by, &mut Compiler::new()).unwrap().changes).unwrap();
        assert_eq!(assigned.action, Action::CustomerAssigned);
        assert_eq!(reverted, [Change { reverts: Some("c".into()), ..assigned }]);
    }

    #[test]
    fn definitions_return_to_their_places_and_newer_ones_stay() {
        let rows = hub(r#"{"a":{},"c":{},"new":{}}"#);
        let order = row(RowKind::Order, "flags", Some("a\nb\nc\n"), Some("a\nc\n"));
        let outcome = reverting(&rows, [order, row(FLAG, "b", Some("{}"), None)].into()).unwrap();
        assert_eq!(written(&outcome), [("flags", Some("a\nc\nnew\nb\n")), ("b", Some("{}"))]);
        let rows = hub(r#"{"a":{},"c":{}}"#);
        let order = row(RowKind::Order, "flags", Some("a\nb\nc\n"), Some("a\nc\n"));
        let outcome = reverting(&rows, [order, row(FLAG, "b", Some("{}"), None)].into()).unwrap();
        assert_eq!(written(&outcome), [("flags", Some("a\nb\nc\n")), ("b", Some("{}"))]);
    }

    #[test]
    fn a_rollout_that_is_put_back_begins_its_stage_now() {
        let state = |percentage| format!(r#"{{"rollout":{{"status":"active","percentage":{percentage}}}}}"#);
        let rows = hub(r#"{"a":{"rollout":{"status":"active","percentage":50}}}"#);
        let outcome = reverting(&rows, [row(RowKind::State, "a", Some(&state(5)), Some(&state(50)))].into()).unwrap();
        let course = outcome.writes.iter().find(|(key, _)| key.kind == RowKind::Course).and_then(|(_, text)| text.as_deref());
        assert!(course.unwrap().contains(r#""stageSince":7"#), "{course:?}");
    }

    #[test]
    fn keys_webhooks_environments_epochs_and_bucket_keys_stay() {
        for (kind, name) in [
            (RowKind::Key, "k"),
            (RowKind::Webhook, "w"),
            (RowKind::Environment, "e"),
            (RowKind::Epoch, "renewed"),
            (RowKind::Schedule, "s-1"),
            (RowKind::BucketKey, ""),
            (RowKind::Member, "environment"),
        ] {
            let refusal = reverting(&hub("{}"), [row(kind, name, None, Some("{}"))].into()).err().unwrap();
            assert_eq!(refusal.kind, RefusalKind::NotRevertible, "{kind:?}");
        }
        assert_eq!(reverting(&hub("{}"), Vec::new()).err().unwrap().kind, RefusalKind::NotRevertible);
    }
}
