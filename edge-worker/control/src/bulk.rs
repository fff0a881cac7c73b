//! Overrides of many owners at once: a slice of an import becomes one version with one record.
//!
//! The lines of a slice are taken one after the other, each on what those before it left. A refused line changes nothing and does not end
//! the slice; its caller decides about that.
use alloc::{
    collections::BTreeMap,
    string::{String, ToString as _},
    vec::Vec,
};

use sdk_core::{OwnerKind, json::quoted};
use serde::Serialize;

use crate::{
    CommandOutcome, CurrentState, Edits, Refusal,
    change::{Action, Actor, Change},
    command::{check_actor, check_id},
    consequences::plain_name,
    leaves::Leaves,
    locks,
    overrides::{check_new_owner, field_of, leaves},
    rollout_overrides,
    rows::{RowKey, RowKind},
};

/// The most flags that the record of a slice counts by name.
const MOST_FLAGS: usize = 100;

/// The way in which the tree of a line meets the stored overrides of its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BulkMode {
    /// Sets and removes the overrides that the tree names; others stay.
    Merge,
    /// Gives the owner the overrides that the tree names, and no other. Those of flags that are gone stay.
    Replace,
}

impl BulkMode {
    /// The name of the mode: `merge` or `replace`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Replace => "replace",
        }
    }

    /// The mode with this name; `None` if there is none.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Merge, Self::Replace].into_iter().find(|mode| mode.as_str() == name)
    }
}

/// One line of an import: an owner, and what becomes of its overrides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverrideLine {
    /// The kind of the owner.
    pub owner: OwnerKind,
    /// The id of the owner.
    pub id: String,
    /// The overrides of the owner.
    pub tree: LineTree,
    /// The organization that a customer is assigned to, `None` in it for no organization. `None` leaves the customer where it is.
    pub organization: Option<Option<String>>,
}

/// The overrides in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineTree {
    /// The line names no overrides: those that are stored stay.
    Kept,
    /// All overrides of the owner go, also those of flags that are gone.
    Cleared,
    /// A tree as JSON, as a command has it.
    Given(String),
}

impl OverrideLine {
    /// The keys of the rows that the line may write.
    pub fn keys(&self) -> impl Iterator<Item = RowKey> {
        let membership = self.organization.as_ref().map(|_| RowKey::of(RowKind::Membership, &self.id));
        [RowKey::of(self.owner.into(), &self.id)].into_iter().chain(membership)
    }
}

/// The lines of a slice that were taken so far, and what they write.
pub struct OverridesSlice<'h> {
    current: CurrentState<'h>,
    mode: BulkMode,
    actor: &'h Actor,
    /// The rows after the lines that were taken; `None` for one that goes.
    pending: BTreeMap<RowKey, Option<String>>,
    /// By flag, the overrides that were set or removed.
    flags: BTreeMap<String, u32>,
}

/// The record of a slice, as its new value.
#[derive(Serialize)]
struct SliceView<'s> {
    /// The customers that were assigned to another organization, or to none; each has a record of its own.
    assigned: usize,
    /// The owners whose overrides the slice changed.
    changed: usize,
    #[serde(rename = "flagCount")]
    flag_count: usize,
    /// The first flags in the order of their keys, each with the number of its overrides that were set or removed.
    flags: BTreeMap<&'s str, u32>,
    /// The number of the first line.
    from: u64,
    import: &'s str,
    mode: &'s str,
    /// The number of the last line.
    to: u64,
}

impl<'h> OverridesSlice<'h> {
    /// Begins a slice. `current.paged` has the rows of [`OverrideLine::keys`] of all its lines. Refuses an actor without a reason.
    pub fn new(current: CurrentState<'h>, mode: BulkMode, actor: &'h Actor) -> Result<Self, Refusal> {
        check_actor(actor)?;
        Ok(Self { current, mode, actor, pending: BTreeMap::new(), flags: BTreeMap::new() })
    }

    /// Takes a line; returns true if it changes a row. A refused line changes nothing.
    pub fn take(&mut self, line: &OverrideLine) -> Result<bool, Refusal> {
        let OverrideLine { owner, id, tree, organization } = line;
        check_id(id, field_of(*owner))?;
        // Overrides that are stored under an id with stray spaces can be removed.
        if !(*tree == LineTree::Cleared && organization.as_ref().is_none_or(Option::is_none)) {
            check_new_owner(*owner, id)?;
        }
        if let Some(Some(organization)) = organization {
            check_new_owner(OwnerKind::Organization, organization)?;
        }
        let mut is_change = self.take_tree(*owner, id, tree)?;
        if let Some(organization) = organization {
            let key = RowKey::of(RowKind::Membership, id);
            let text = organization.as_deref().map(quoted);
            if self.text(&key) != text.as_deref() {
                self.pending.insert(key, text);
                is_change = true;
            }
        }
        Ok(is_change)
    }

    fn take_tree(&mut self, owner: OwnerKind, id: &str, tree: &LineTree) -> Result<bool, Refusal> {
        let key = RowKey::of(owner.into(), id);
        let before = self.text(&key);
        if matches!(tree, LineTree::Kept) || *tree == LineTree::Cleared && before.is_none() {
            return Ok(false);
        }
        let ruleset = self.current.ruleset;
        let stored = Leaves::of(ruleset, owner, id, before.unwrap_or("{}"));
        let (flags, after): (Vec<String>, Option<String>) = match tree {
            LineTree::Given(tree) => {
                let given = leaves(&stored, tree)?;
                let given = if self.mode == BulkMode::Replace { given.replacing() } else { given };
                let edit = given.edit(before);
                let changed = edit.changed.iter().map(|leaf| ruleset.key_of(leaf.flag).to_string());
                (changed.chain(edit.gone.iter().cloned()).collect(), edit.after)
            }
            LineTree::Cleared | LineTree::Kept => (stored.names().into_iter().collect(), None),
        };
        if flags.is_empty() && after.as_deref() == before {
            return Ok(false);
        }
        for flag in flags {
            *self.flags.entry(flag).or_default() += 1;
        }
        self.pending.insert(key, after);
        Ok(true)
    }

    /// The text of a row after the lines that were taken.
    fn text(&self, key: &RowKey) -> Option<&str> {
        self.pending.get(key).map_or_else(|| self.current.paged.text(key), Option::as_deref)
    }

    /// Ends the slice: the rows to write, with one record of them and one for each customer that has another organization. Nothing is
    /// written if the lines left every row as it was. `from` and `to` are the numbers of the first and the last line; `edits` know which of the
    /// flags that were removed are locked.
    pub fn finish(self, import: &str, (from, to): (u64, u64), edits: Option<&dyn Edits>) -> Result<CommandOutcome, Refusal> {
        let Self { current, mode, actor, pending, flags } = self;
        locks::check_flags(current.rows, flags.keys().map(String::as_str), edits, actor)?;
        let writes: Vec<(RowKey, Option<String>)> =
            pending.into_iter().filter(|(key, text)| current.paged.text(key) != text.as_deref()).collect();
        if writes.is_empty() {
            return Ok(CommandOutcome::default());
        }
        let (assigned, changed): (Vec<_>, Vec<_>) = writes.iter().partition(|(key, _)| key.kind == RowKind::Membership);
        let view = SliceView {
            assigned: assigned.len(),
            changed: changed.len(),
            flag_count: flags.len(),
            flags: flags.iter().take(MOST_FLAGS).map(|(flag, count)| (flag.as_str(), *count)).collect(),
            from,
            import,
            mode: mode.as_str(),
            to,
        };
        let view = serde_json::to_string(&view).map_err(|error| Refusal::invalid(crate::Field::Overrides, error.to_string()))?;
        let record = Change { pointer: Some("/overrides".into()), new: Some(view), ..Change::new(Action::OverridesImported) };
        // The trail of an organization ends where a customer was assigned to another one, by whatever command.
        let assignment = |(key, text): &(RowKey, Option<String>)| Change {
            customer: Some(plain_name(&key.name)),
            organization: text.as_deref().and_then(|text| serde_json::from_str(text).ok()),
            old: current.paged.text(key).map(Into::into),
            new: text.clone(),
            ..Change::new(Action::CustomerAssigned)
        };
        let changes = [record].into_iter().chain(assigned.into_iter().map(assignment)).collect();
        let mut outcome = CommandOutcome { writes, changes, ..CommandOutcome::default() };
        rollout_overrides::release(current, &mut outcome);
        Ok(outcome)
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use sdk_core::{Compiler, Millis};

    use super::*;
    use crate::{Command, RefusalKind, Supplies, apply, execute, rows::Rows, sound_rows::compile_what_serves};

    const DOCUMENT: &str = r#"{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f","flags":{
        "chat":{"aliases":["talk"]},"web.search":{},"theme":{"type":"string","variants":{"x":"X","y":"Y"},"on":"x","off":"x"},
        "shut":{"locked":true}}}"#;

    fn actor(role: &str) -> Actor {
        Actor { subject: "ann".into(), role: role.into(), on_behalf_of: None, reason: "a test".into(), at: Millis(7) }
    }

    fn line(id: &str, tree: &str) -> OverrideLine {
        OverrideLine { owner: OwnerKind::Customer, id: id.into(), tree: LineTree::Given(tree.into()), organization: None }
    }

    /// Takes the lines on rows on pages; returns the result of each, the outcome, and the rows on pages after it.
    fn slice(
        mode: BulkMode,
        role: &str,
        paged: &Rows,
        lines: &[OverrideLine],
    ) -> (Vec<Result<bool, Refusal>>, Result<CommandOutcome, Refusal>, Rows) {
        let rows = Rows::default().merge(Rows::split(DOCUMENT).unwrap(), crate::rows::State::Replace).rows;
        let ruleset = compile_what_serves(&rows, &mut Compiler::new()).unwrap().ruleset;
        let actor = actor(role);
        let mut slice = OverridesSlice::new(CurrentState { rows: &rows, paged, ruleset: &ruleset }, mode, &actor).unwrap();
        let results = lines.iter().map(|line| slice.take(line)).collect();
        let outcome = slice.finish("i-1", (1, lines.len() as u64), None);
        let mut after = paged.clone();
        if let Ok(outcome) = &outcome {
            apply(&mut after, &outcome.writes);
        }
        (results, outcome, after)
    }

    /// The rows on pages after single commands, which other code carries out.
    fn one_by_one(paged: &Rows, lines: &[OverrideLine]) -> Rows {
        let rows = Rows::default().merge(Rows::split(DOCUMENT).unwrap(), crate::rows::State::Replace).rows;
        let ruleset = compile_what_serves(&rows, &mut Compiler::new()).unwrap().ruleset;
        let mut after = paged.clone();
        for OverrideLine { owner, id, tree, organization } in lines {
            let (owner, id) = (*owner, id.clone());
            let mut commands = match tree {
                LineTree::Given(tree) => vec![Command::Override { owner, id: id.clone(), tree: tree.clone() }],
                LineTree::Cleared => vec![Command::Clear { owner, id: id.clone() }],
                LineTree::Kept => vec![],
            };
            commands.extend(organization.clone().map(|organization| Command::Assign { customer: id, organization }));
            for command in commands {
                let current = CurrentState { rows: &rows, paged: &after, ruleset: &ruleset };
                if let Ok(outcome) = execute(current, &command, Supplies::default(), &actor("admin"), &mut Compiler::new()) {
                    apply(&mut after, &outcome.writes);
                }
            }
        }
        after
    }

    #[test]
    fn a_slice_leaves_the_rows_that_single_commands_leave() {
        let organization = |id: &str, tree: &str| OverrideLine { owner: OwnerKind::Organization, ..line(id, tree) };
        let cleared = |id: &str| OverrideLine { tree: LineTree::Cleared, ..line(id, "") };
        let assigned =
            |id: &str, to: Option<&str>| OverrideLine { tree: LineTree::Kept, organization: Some(to.map(Into::into)), ..line(id, "") };
        let lines = [
            line("c-1", r#"{"chat":true,"web":{"search":false}}"#),
            line("c-2", r#"{"talk":"on","theme":"y"}"#),
            line("c-1", r#"{"talk":false,"web.search":null}"#),
            line("c-3", r#"{"none":true}"#),
            organization("o-1", r#"{"theme":"y"}"#),
            line("c-4", r#"{"chat":true}"#),
            cleared("c-4"),
            line("c-5", r#"{"chat":true}"#),
            line("c-5", r#"{"chat":null}"#),
            assigned("c-1", Some("o-1")),
            assigned("c-2", Some("o-1")),
            assigned("c-2", None),
            line("c\u{7f}", r#"{"chat":true}"#),
            line("", r#"{"chat":true}"#),
            line("ü\"", r#"{"chat":"off"}"#),
            line("c-6", r#"{"chat":1}"#),
            line("c-6", r#"{"chat":true,"chat":false}"#),
            line("c-6", "[]"),
        ];
        let mut stored = Rows::default();
        stored.insert(RowKey::of(RowKind::Customer, "c-2"), r#"{"old":true,"chat":false}"#.into());
        stored.insert(RowKey::of(RowKind::Customer, "c-4"), r#"{"theme":"x"}"#.into());
        for paged in [Rows::default(), stored] {
            let (results, outcome, after) = slice(BulkMode::Merge, "admin", &paged, &lines);
            assert_eq!(after, one_by_one(&paged, &lines));
            let refused: Vec<usize> = (0..lines.len()).filter(|index| results[*index].is_err()).collect();
            assert_eq!(refused, [3, 12, 13, 15, 16, 17]);
            let outcome = outcome.unwrap();
            // One record of all overrides, and one for each customer that has another organization.
            let actions: Vec<&str> = outcome.changes.iter().map(|change| change.action.as_str()).collect();
            assert_eq!(actions, ["override.import", "customer.assign"]);
            assert_eq!(outcome.changes[1].customer.as_deref(), Some("c-1"));
        }
    }

    #[test]
    fn a_record_counts_what_its_slice_changed() {
        let lines = [line("a", r#"{"chat":true,"theme":"y"}"#), line("b", r#"{"talk":true}"#), line("c", r#"{"chat":null}"#)];
        let (results, outcome, _) = slice(BulkMode::Merge, "admin", &Rows::default(), &lines);
        assert_eq!(results, [Ok(true), Ok(true), Ok(false)]);
        let outcome = outcome.unwrap();
        assert_eq!(outcome.writes.len(), 2);
        let expected =
            r#"{"assigned":0,"changed":2,"flagCount":2,"flags":{"chat":2,"theme":1},"from":1,"import":"i-1","mode":"merge","to":3}"#;
        assert_eq!(outcome.changes[0].new.as_deref(), Some(expected));
    }

    #[test]
    fn lines_that_change_nothing_write_nothing() {
        let mut paged = Rows::default();
        paged.insert(RowKey::of(RowKind::Customer, "a"), r#"{"chat":"on"}"#.into());
        for mode in [BulkMode::Merge, BulkMode::Replace] {
            // Another spelling of the same override, and a way back within the slice.
            let lines = [line("a", r#"{"talk":true}"#), line("b", "{}")];
            let (results, outcome, after) = slice(mode, "admin", &paged, &lines);
            assert_eq!(results, [Ok(false), Ok(false)]);
            assert!(outcome.unwrap().writes.is_empty());
            assert_eq!(after, paged);
            let there_and_back = [line("c", r#"{"chat":true}"#), OverrideLine { tree: LineTree::Cleared, ..line("c", "") }];
            let (_, outcome, _) = slice(mode, "admin", &paged, &there_and_back);
            let outcome = outcome.unwrap();
            assert!(outcome.writes.is_empty() && outcome.changes.is_empty());
        }
    }

    #[test]
    fn replacing_leaves_what_the_line_says_and_what_sleeps() {
        let mut paged = Rows::default();
        paged.insert(RowKey::of(RowKind::Customer, "a"), r#"{"gone":true,"chat":"on","web":{"search":true}}"#.into());
        let (_, _, after) = slice(BulkMode::Replace, "admin", &paged, &[line("a", r#"{"theme":"y"}"#)]);
        assert_eq!(after.get(RowKind::Customer, "a"), Some(r#"{"gone":true,"theme":"y"}"#));
        let (_, _, after) = slice(BulkMode::Merge, "admin", &paged, &[line("a", r#"{"theme":"y"}"#)]);
        assert_eq!(after.get(RowKind::Customer, "a"), Some(r#"{"gone":true,"chat":"on","web":{"search":true},"theme":"y"}"#));
        let (_, _, after) = slice(BulkMode::Replace, "admin", &paged, &[OverrideLine { tree: LineTree::Cleared, ..line("a", "") }]);
        assert_eq!(after.get(RowKind::Customer, "a"), None);
    }

    #[test]
    fn a_locked_flag_refuses_the_slice_of_an_actor_without_the_role() {
        let lines = [line("a", r#"{"shut":true}"#)];
        let refusal = slice(BulkMode::Merge, "operator", &Rows::default(), &lines).1.err().unwrap();
        assert_eq!(refusal.kind, RefusalKind::Locked);
        assert!(slice(BulkMode::Merge, "admin", &Rows::default(), &lines).1.is_ok());
    }

    #[test]
    fn an_id_with_stray_spaces_is_refused_with_a_hint_and_can_be_cleared() {
        let mut paged = Rows::default();
        paged.insert(RowKey::of(RowKind::Customer, " a "), r#"{"chat":"on"}"#.into());
        let cleared = OverrideLine { tree: LineTree::Cleared, ..line(" a ", "") };
        let (results, _, after) = slice(BulkMode::Merge, "admin", &paged, &[line(" a ", r#"{"chat":false}"#), cleared]);
        assert!(results[0].as_ref().is_err_and(|refusal| refusal.detail.contains(r#""a""#)));
        assert_eq!(results[1], Ok(true));
        assert!(after.is_empty());
    }
}
