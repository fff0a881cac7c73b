//! Overrides that belong to a rollout: `system` set them, because the rollout reached their owner.
//!
//! Code of before rollouts were a layer of their own asks if a rollout has reached a customer, and then sets an override for it in the name
//! of `system`. Such an override must not outlive the rollout: the rollback removes it with the same version. A row beside the documents
//! says whose it is. The row goes as soon as anything else changes the override, which then belongs to nobody.
use alloc::{
    collections::{BTreeMap, BTreeSet},
    format,
    string::{String, ToString as _},
    vec::Vec,
};

use sdk_core::{Overrides, OwnerKind, Ruleset, json::quoted, stage::Status};

use crate::{
    CommandOutcome, CurrentState, Field, Refusal, RefusalKind, RefusalPlace,
    change::Actor,
    consequences::plain_name,
    leaves::Leaves,
    overrides::{self, OwnerView},
    rows::{RowKey, RowKind, Rows},
    state_row,
};

/// The actor in whose name code sets the overrides of a rollout.
const SYSTEM: &str = "system";
/// The most overrides that belong to one rollout.
pub const MAX_OF_ROLLOUT: usize = 500;
/// The most overrides that belong to the rollouts of all flags.
pub const MAX_OF_ROLLOUTS: usize = 5_000;

/// An override that belongs to a rollout.
#[derive(PartialEq, Eq)]
struct Owned {
    /// The key of the row that says so.
    key: RowKey,
    /// The key that the flag had when the override was set; an alias since the flag got another one.
    flag: String,
    owner: OwnerKind,
    id: String,
}

impl Owned {
    fn new(flag: &str, owner: OwnerKind, id: &str) -> Self {
        // Neither the keys of flags nor ids have control characters.
        let key = RowKey::of(RowKind::RolloutOverride, &format!("{flag}\n{}\n{id}", RowKind::from(owner).as_str()));
        Self { key, flag: flag.into(), owner, id: id.into() }
    }

    /// Reads the name of a row; `None` for one that this release does not write.
    fn of_row(name: &str) -> Option<Self> {
        let plain = plain_name(name);
        let mut parts = plain.splitn(3, '\n');
        let (flag, kind, id) = (parts.next()?, parts.next()?, parts.next()?);
        let key = RowKey { kind: RowKind::RolloutOverride, name: name.into() };
        Some(Self { key, flag: flag.into(), owner: RowKind::from_name(kind)?.owner()?, id: id.into() })
    }

    /// The key of the row with the overrides of the owner.
    fn owner_key(&self) -> RowKey {
        RowKey::of(self.owner.into(), &self.id)
    }

    fn is_of(&self, ruleset: &Ruleset, flag: u32) -> bool {
        ruleset.find(&self.flag) == Some(flag)
    }
}

fn owned(rows: &Rows) -> impl Iterator<Item = Owned> {
    rows.of(RowKind::RolloutOverride).filter_map(|(name, _)| Owned::of_row(name))
}

/// The keys of the rows with overrides that belong to the rollout of a flag, which its rollback needs.
pub fn owners_of_rollout(current: CurrentState<'_>, flag: &str) -> Vec<RowKey> {
    let Some(flag) = current.ruleset.find(flag) else { return Vec::new() };
    owned(current.rows).filter(|owned| owned.is_of(current.ruleset, flag)).map(|owned| owned.owner_key()).collect()
}

/// The row that says that an override belongs to the rollout of its flag; `None` if it does not: another actor sets it, or the flag has no
/// rollout. Refuses an override for a rollout that was rolled back, or that has too many.
pub(crate) fn belongs(
    current: CurrentState<'_>,
    (owner, id): (OwnerKind, &str),
    flag: u32,
    actor: &Actor,
) -> Result<Option<(RowKey, Option<String>)>, Refusal> {
    let key = current.ruleset.key_of(flag);
    if actor.on_behalf_of.as_deref() != Some(SYSTEM) {
        return Ok(None);
    }
    let Some(rollout) = current.rows.get(RowKind::State, key).and_then(|state| state_row::rollout(state, None)) else { return Ok(None) };
    if rollout.status == Status::RolledBack {
        let detail = format!("the rollout of {key} is rolled_back; system sets no override for it");
        return Err(Refusal::new(RefusalKind::IllegalStep, RefusalPlace::Command, detail));
    }
    let own = Owned::new(key, owner, id);
    let (mut all, mut others) = (0, 0);
    for known in owned(current.rows).filter(|known| known.key != own.key) {
        all += 1;
        others += usize::from(known.is_of(current.ruleset, flag));
    }
    if others >= MAX_OF_ROLLOUT || all >= MAX_OF_ROLLOUTS {
        let detail = format!(
            "at most {MAX_OF_ROLLOUT} overrides belong to one rollout, and {MAX_OF_ROLLOUTS} to all; the percentage and the lists of a \
             rollout reach more"
        );
        return Err(Refusal::invalid(Field::Overrides, detail));
    }
    Ok(Some((own.key, Some(format!(r#"{{"at":{}}}"#, actor.at.0)))))
}

/// Adds to the rollback of a flag that its overrides go.
pub(crate) fn roll_back(current: CurrentState<'_>, flag: &str, actor: &Actor, outcome: &mut CommandOutcome) -> Result<(), Refusal> {
    let Some(number) = current.ruleset.find(flag) else { return Ok(()) };
    // A rollback answers everybody alike.
    let off = if let Some(restated) = &outcome.restated {
        restated.off().and_then(|variant| current.ruleset.variant_boolean(number, variant))
    } else {
        let after = outcome.ruleset.as_ref().unwrap_or(current.ruleset);
        OwnerView::of_id(OwnerKind::Customer, "").value(after, &Overrides::default(), flag, actor.at)
    };
    let tree = format!("{{{}:null}}", quoted(flag));
    let mut owners = BTreeSet::new();
    let mut count = 0;
    for owned in owned(current.rows).filter(|owned| owned.is_of(current.ruleset, number)) {
        outcome.writes.push((owned.key.clone(), None));
        // A flag that got another key may have two rows about one override.
        if !owners.insert(owned.owner_key()) {
            continue;
        }
        let CommandOutcome { writes, changes, .. } = overrides::set(current, owned.owner, &owned.id, &tree, actor)?;
        count += changes.len();
        outcome.writes.extend(writes);
        outcome.changes.extend(changes.into_iter().map(|mut change| {
            change.new_value = change.old_value.and(off);
            change
        }));
    }
    if count > 0 {
        outcome.notes.push(format!("{count} overrides that system had set for the rollout were removed"));
    }
    Ok(())
}

/// Adds to any change of overrides that those that are others now no longer belong to a rollout.
pub(crate) fn release(current: CurrentState<'_>, outcome: &mut CommandOutcome) {
    if current.rows.of(RowKind::RolloutOverride).next().is_none() {
        return;
    }
    let ruleset = current.ruleset;
    let written: BTreeMap<&RowKey, Option<&str>> = outcome.writes.iter().map(|(key, text)| (key, text.as_deref())).collect();
    let mut released = Vec::new();
    for owned in owned(current.rows) {
        let key = owned.owner_key();
        let Some(text) = written.get(&key).filter(|_| !written.contains_key(&owned.key)) else { continue };
        let said = |tree: Option<&str>| {
            let leaves = Leaves::of(ruleset, owned.owner, &owned.id, tree.unwrap_or("{}"));
            let key = ruleset.find(&owned.flag).map_or_else(|| owned.flag.clone(), |flag| ruleset.key_of(flag).to_string());
            leaves.said(&key)
        };
        if said(current.paged.text(&key)) != said(*text) {
            released.push((owned.key, None));
        }
    }
    outcome.writes.extend(released);
}

#[cfg(test)]
mod tests {
    use sdk_core::{Compiler, Millis};

    use super::*;
    use crate::{
        Allowed, BulkMode, Command, LineTree, OverrideLine, OverridesSlice, Revert, Reverted, RevertedRow, RolloutCommand, RolloutPlan,
        Supplies, apply, change::Action, execute, lifecycle::Step, rows::State,
    };

    const FLAGS: &str = r#"{"a":{"unit":"customerId","aliases":["first"]},"b":{"unit":"customerId"},"c":{}}"#;

    fn document(flags: &str) -> String {
        format!(r#"{{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f","flags":{flags}}}"#)
    }

    type Edit<'e> = &'e dyn Fn(&mut Hub);

    /// A hub whose flags `a` and `b` have rollouts that run.
    struct Hub {
        rows: Rows,
        paged: Rows,
        compiler: Compiler,
    }

    impl Hub {
        fn new() -> Self {
            let mut hub = Self { rows: Rows::default(), paged: Rows::default(), compiler: Compiler::new() };
            hub.import(FLAGS);
            for flag in ["a", "b"] {
                hub.create(flag);
            }
            hub
        }

        fn import(&mut self, flags: &str) {
            let allowed = Allowed { partial: false, ..Allowed::default() };
            self.run("", &Command::Import { document: document(flags), state: State::Keep, allowed }).unwrap();
        }

        fn create(&mut self, flag: &str) {
            let order = RolloutCommand::Create(RolloutPlan { start: true, ..RolloutPlan::default() });
            self.run("", &Command::Rollout { flag: flag.into(), order }).unwrap();
        }

        /// Carries a command out on behalf of somebody.
        fn run(&mut self, by: &str, command: &Command) -> Result<CommandOutcome, Refusal> {
            self.run_with(by, command, Supplies::default())
        }

        fn run_with(&mut self, by: &str, command: &Command, supplies: Supplies<'_>) -> Result<CommandOutcome, Refusal> {
            let ruleset = crate::compile_rows(&self.rows, &mut self.compiler)
                .map_or_else(|_| sdk_core::compile(&document("{}"), None).unwrap().ruleset, |compiled| compiled.ruleset);
            let current = CurrentState { rows: &self.rows, paged: &self.paged, ruleset: &ruleset };
            let on_behalf_of = (!by.is_empty()).then(|| by.to_string());
            let actor = Actor { subject: "robot".into(), role: "service".into(), on_behalf_of, reason: "r".into(), at: Millis(5) };
            let outcome = execute(current, command, supplies, &actor, &mut self.compiler)?;
            self.put(&outcome.writes);
            Ok(outcome)
        }

        fn put(&mut self, writes: &[(RowKey, Option<String>)]) {
            let (paged, rows): (Vec<_>, Vec<_>) = writes.iter().cloned().partition(|(key, _)| key.page().is_some());
            apply(&mut self.paged, &paged);
            apply(&mut self.rows, &rows);
        }

        fn set(&mut self, by: &str, id: &str, tree: &str) -> Result<CommandOutcome, Refusal> {
            self.run(by, &Command::Override { owner: OwnerKind::Customer, id: id.into(), tree: tree.into() })
        }

        fn roll_back(&mut self, flag: &str) -> CommandOutcome {
            self.run("", &Command::Rollout { flag: flag.into(), order: RolloutCommand::Step(Step::RollBack) }).unwrap()
        }

        /// The stored overrides of customers.
        fn stored(&self) -> Vec<(&str, &str)> {
            self.paged.of(RowKind::Customer).collect()
        }

        fn owned(&self) -> usize {
            self.rows.of(RowKind::RolloutOverride).count()
        }
    }

    #[test]
    fn a_rollback_removes_what_system_set_for_the_rollout_and_nothing_else() {
        let mut hub = Hub::new();
        hub.set("system", "c-1", r#"{"a":true,"b":true,"c":true}"#).unwrap();
        hub.set("system", "c-2", r#"{"first":false}"#).unwrap();
        hub.set("ann", "c-3", r#"{"a":true}"#).unwrap();
        hub.set("", "c-4", r#"{"a":true}"#).unwrap();
        hub.run("system", &Command::Override { owner: OwnerKind::Organization, id: "o-1".into(), tree: r#"{"a":true}"#.into() }).unwrap();
        // `c` has no rollout.
        assert_eq!(hub.owned(), 4);
        let outcome = hub.roll_back("first");
        let found: Vec<_> = outcome
            .changes
            .iter()
            .map(|change| {
                (change.action, change.customer.as_deref().or(change.organization.as_deref()), change.old_value, change.new_value)
            })
            .collect();
        let removed = |id, old| (Action::OverrideRemoved, Some(id), Some(old), Some(false));
        assert_eq!(
            found,
            [(Action::RolloutRolledBack, None, None, None), removed("c-1", true), removed("c-2", false), removed("o-1", true)]
        );
        assert_eq!(outcome.notes, ["3 overrides that system had set for the rollout were removed"]);
        assert_eq!(hub.stored(), [("c-1", r#"{"b":true,"c":true}"#), ("c-3", r#"{"a":true}"#), ("c-4", r#"{"a":true}"#)]);
        assert_eq!((hub.paged.of(RowKind::Organization).count(), hub.owned()), (0, 1));
        // The rollback of `b` finds its own.
        hub.roll_back("b");
        assert_eq!((hub.stored()[0], hub.owned()), (("c-1", r#"{"c":true}"#), 0));
    }

    #[test]
    fn an_override_that_anybody_changes_since_belongs_to_nobody() {
        let bulk = |hub: &mut Hub, tree| {
            let ruleset = crate::compile_rows(&hub.rows, &mut hub.compiler).unwrap().ruleset;
            let current = CurrentState { rows: &hub.rows, paged: &hub.paged, ruleset: &ruleset };
            let actor = Actor::system("r", Millis(5));
            let mut slice = OverridesSlice::new(current, BulkMode::Merge, &actor).unwrap();
            slice.take(&OverrideLine { owner: OwnerKind::Customer, id: "c-1".into(), tree, organization: None }).unwrap();
            let outcome = slice.finish("i", (1, 1), None).unwrap();
            hub.put(&outcome.writes);
        };
        let given = |tree: &str| LineTree::Given(tree.into());
        let off = r#"{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f","flags":{"a":{"unit":"customerId","aliases":["first"]},
            "b":{"unit":"customerId"},"c":{}},"overrides":{"customers":{"c-1":{"a":false}}}}"#;
        let import = Command::Import { document: off.into(), state: State::Replace, allowed: Allowed::default() };
        let clear = Command::Clear { owner: OwnerKind::Customer, id: "c-1".into() };
        let changes: [(&str, Edit<'_>); 6] = [
            ("set", &|hub| drop(hub.set("ann", "c-1", r#"{"a":false}"#).unwrap())),
            ("removed by system", &|hub| drop(hub.set("system", "c-1", r#"{"a":null}"#).unwrap())),
            ("cleared", &|hub| drop(hub.run("ann", &clear).unwrap())),
            ("set by a line", &|hub| bulk(hub, given(r#"{"a":false}"#))),
            ("cleared by a line", &|hub| bulk(hub, LineTree::Cleared)),
            ("replaced", &|hub| drop(hub.run("ann", &import).unwrap())),
        ];
        for (what, change) in changes {
            let mut hub = Hub::new();
            hub.set("system", "c-1", r#"{"a":true}"#).unwrap();
            assert_eq!(hub.owned(), 1, "{what}");
            change(&mut hub);
            assert_eq!(hub.owned(), 0, "{what}");
        }
        // Another override of the same owner changes nothing of it.
        let mut hub = Hub::new();
        hub.set("system", "c-1", r#"{"a":true}"#).unwrap();
        hub.set("ann", "c-1", r#"{"b":true}"#).unwrap();
        bulk(&mut hub, given(r#"{"c":true}"#));
        assert_eq!(hub.owned(), 1);
    }

    #[test]
    fn the_revert_of_a_rollback_brings_its_overrides_back() {
        let mut hub = Hub::new();
        hub.set("system", "c-1", r#"{"a":true,"c":true}"#).unwrap();
        let before = (hub.rows.clone(), hub.paged.clone());
        let outcome = hub.roll_back("a");
        let of = |key: &RowKey| (if key.page().is_some() { &before.1 } else { &before.0 }).text(key).map(Into::into);
        let rows: Vec<_> = outcome
            .writes
            .iter()
            .map(|(key, written)| RevertedRow { key: key.clone(), before: of(key), written: written.clone(), newest: 9 })
            .collect();
        let reverted = Reverted { version: 9, rows, has_unknown_rows: false };
        let revert = Command::Revert(Revert { change: "x".into(), remove: Vec::new() });
        hub.run_with("", &revert, Supplies { reverted: Some(&reverted), ..Supplies::default() }).unwrap();
        assert_eq!((hub.stored(), hub.owned()), ([("c-1", r#"{"a":true,"c":true}"#)].into(), 1));
        hub.roll_back("a");
        assert_eq!((hub.stored(), hub.owned()), ([("c-1", r#"{"c":true}"#)].into(), 0));
    }

    #[test]
    fn system_sets_nothing_for_a_rollout_that_was_rolled_back() {
        let mut hub = Hub::new();
        hub.roll_back("a");
        let refusal = hub.set("system", "c-1", r#"{"a":true}"#).err().unwrap();
        assert_eq!((refusal.kind, hub.stored().len()), (RefusalKind::IllegalStep, 0), "{refusal:?}");
        hub.set("ann", "c-1", r#"{"a":true}"#).unwrap();
        hub.set("system", "c-1", r#"{"a":null}"#).unwrap();
        // A new rollout begins with none.
        hub.create("a");
        hub.set("system", "c-1", r#"{"a":true}"#).unwrap();
        assert_eq!(hub.owned(), 1);
    }

    #[test]
    fn a_flag_with_another_key_keeps_the_overrides_of_its_rollout() {
        let mut hub = Hub::new();
        hub.set("system", "c-1", r#"{"a":true}"#).unwrap();
        hub.import(r#"{"z":{"unit":"customerId","salt":"a","aliases":["first","a"]},"b":{"unit":"customerId"},"c":{}}"#);
        hub.set("system", "c-2", r#"{"z":true}"#).unwrap();
        assert_eq!((hub.stored().len(), hub.owned()), (2, 2));
        hub.roll_back("z");
        assert_eq!((hub.stored(), hub.owned()), (Vec::new(), 0));
    }

    #[test]
    fn a_rollout_has_500_overrides_at_most_and_all_have_5000() {
        let mut hub = Hub::new();
        let own = |flag: &str, number: usize| (Owned::new(flag, OwnerKind::Customer, &format!("c-{number}")).key, Some("{}".to_string()));
        let notes: Vec<_> = (0..MAX_OF_ROLLOUT - 1).map(|number| own("a", number)).collect();
        hub.put(&notes);
        hub.set("system", "last", r#"{"a":true}"#).unwrap();
        let refusal = hub.set("system", "more", r#"{"a":true}"#).err().unwrap();
        assert!(refusal.detail.starts_with("at most 500 overrides belong to one rollout"), "{refusal:?}");
        // One that belongs to it already may change.
        hub.set("system", "last", r#"{"a":false}"#).unwrap();
        hub.set("system", "more", r#"{"b":true}"#).unwrap();
        assert_eq!(hub.owned(), 501);
        let others: Vec<_> = (501..MAX_OF_ROLLOUTS).map(|number| own("of another flag", number)).collect();
        hub.put(&others);
        assert!(hub.set("system", "again", r#"{"b":true}"#).is_err());
        assert!(hub.set("ann", "again", r#"{"b":true}"#).is_ok());
    }
}
