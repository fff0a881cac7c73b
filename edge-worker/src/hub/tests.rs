//! Commands on a store in memory, for what reads the history of more than one of them.
use control::{
    Allowed, Command, CommandOutcome, DefinitionChange, Refusal, RefusalKind, Revert, Section, Supplies,
    change::{Action, Actor},
    rows::{RowKey, RowKind, Rows, State},
};
use sdk_core::Millis;

use super::{
    baseline,
    ground::GroundCache,
    named_rows,
    record::{Beside, write},
    stored_edits::StoredEdits,
};
use crate::store::{
    Commit, Read, Store,
    audit::{ChangesQuery, Stored},
    sqlite::{Sqlite, database::tests::Memory},
};

/// A hub without a worker around it.
struct Hub {
    store: Sqlite<Memory>,
    ground: GroundCache,
}

impl Hub {
    fn new() -> Self {
        Self { store: Sqlite::new(Memory::new()), ground: GroundCache::default() }
    }

    fn carry_out(&self, command: &Command) -> Result<CommandOutcome, Refusal> {
        let by = Actor { role: "admin".into(), ..Actor::system("a test", Millis(7)) };
        let ground = self.ground.newest(&self.store).unwrap();
        let reverted = match command {
            Command::Revert(revert) => named_rows::reverted(&self.store, &revert.change).unwrap(),
            _ => None,
        };
        let edits = StoredEdits::new(&self.store);
        let supplies = Supplies { edits: Some(&edits), reverted: reverted.as_ref(), ..Supplies::default() };
        let outcome = self.ground.execute(control::execute, &ground, &Rows::default(), command, supplies, &by)?;
        edits.check().unwrap();
        Ok(write(&self.store, &self.ground, &ground, outcome, &by, Beside::default(), |_, _| Ok(String::new())).unwrap().1)
    }

    fn import(&self, flag: &str) -> Result<CommandOutcome, Refusal> {
        self.import_with(flag, Allowed::default())
    }

    fn import_with(&self, flag: &str, allowed: Allowed) -> Result<CommandOutcome, Refusal> {
        let document = format!(r#"{{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f","flags":{{"a":{flag}}}}}"#);
        self.carry_out(&Command::Import { document, state: State::Keep, allowed })
    }

    fn edit(&self, flag: &str) {
        let definition = Some(flag.to_owned());
        let change = DefinitionChange { section: Section::Flags, name: "a".into(), definition, remove: Vec::new(), restore: false };
        self.carry_out(&Command::Define(change)).unwrap();
    }

    /// The id of the newest record.
    fn newest(&self) -> String {
        let newest = self.store.changes(&ChangesQuery { limit: 1, ..ChangesQuery::default() }).unwrap();
        newest.first().and_then(Stored::id).unwrap()
    }

    fn revert(&self, change: &str) -> Result<CommandOutcome, Refusal> {
        self.carry_out(&Command::Revert(Revert { change: change.to_owned(), remove: Vec::new() }))
    }

    fn text(&self, kind: RowKind) -> String {
        self.ground.newest(&self.store).unwrap().rows.text(&RowKey::of(kind, "a")).unwrap().to_owned()
    }
}

fn kind(outcome: Result<CommandOutcome, Refusal>) -> Option<RefusalKind> {
    outcome.err().map(|refusal| refusal.kind)
}

const A: &str = r#"{"default":"off"}"#;
const B: &str = r#"{"default":"on"}"#;
const C: &str = r#"{"default":"off","owner":"bob"}"#;

#[test]
fn an_edit_that_a_deploy_adopted_is_not_an_edit_any_more() {
    let hub = Hub::new();
    hub.import(A).unwrap();
    hub.edit(B);
    let edit = hub.newest();
    assert_eq!(kind(hub.import(C)), Some(RefusalKind::Unsafe));
    assert_eq!(hub.import(B).unwrap().writes, [(RowKey::of(RowKind::Flag, "a"), Some(B.to_owned()))]);
    // A deploy notes it once.
    assert!(hub.import(B).unwrap().writes.is_empty());
    assert_eq!(kind(hub.import(C)), None);
    assert_eq!(hub.text(RowKind::Flag), C);
    // Since then another text was written: the edit cannot be reverted.
    assert_eq!(kind(hub.revert(&edit)), Some(RefusalKind::RevertConflict));
}

#[test]
fn an_edit_that_a_deploy_adopted_can_be_reverted_and_made_again() {
    let hub = Hub::new();
    hub.import(A).unwrap();
    hub.edit(B);
    let edit = hub.newest();
    hub.import(B).unwrap();
    hub.revert(&edit).unwrap();
    assert_eq!(hub.text(RowKind::Flag), A);
    let refusal = hub.import(B).err().unwrap();
    assert!(refusal.detail.contains(r#"changed "default" of the flag "a""#), "{}", refusal.detail);
    hub.edit(B);
    hub.edit(C);
    assert_eq!(kind(hub.import(A)), Some(RefusalKind::Unsafe));
}

/// The version of the edit has a record of the refused definition, too, as imports do.
#[test]
fn an_edit_that_mends_a_refused_definition_is_an_edit() {
    let hub = Hub::new();
    hub.import(A).unwrap();
    hub.import_with(r#"{"default":"onn"}"#, Allowed { partial: true, ..Allowed::default() }).unwrap();
    hub.edit(B);
    let actions = hub.store.changes(&ChangesQuery { version: Some(3), limit: 9, ..ChangesQuery::default() }).unwrap();
    let actions: Vec<_> = actions.iter().filter_map(Stored::action).collect();
    assert_eq!(actions, [Action::DefinitionRefused, Action::DefinitionSet]);
    assert_eq!(kind(hub.import(C)), Some(RefusalKind::Unsafe));
}

#[test]
fn a_kill_is_reverted_only_while_it_is_the_newest() {
    let hub = Hub::new();
    hub.import(A).unwrap();
    let switch = |command: &Command| {
        hub.carry_out(command).unwrap();
        hub.newest()
    };
    let (kill, revive) = (Command::Kill { flag: "a".into() }, Command::Revive { flag: "a".into() });
    let first = switch(&kill);
    switch(&revive);
    let second = switch(&kill);
    assert_eq!(kind(hub.revert(&first)), Some(RefusalKind::RevertConflict));
    assert_eq!(hub.text(RowKind::State), r#"{"enabled":false}"#);
    hub.revert(&second).unwrap();
    assert_eq!(hub.text(RowKind::State), r#"{"enabled":true}"#);
    // A revert is reverted like any other change, and the flag is as the first kill found it.
    hub.revert(&hub.newest()).unwrap();
    assert_eq!(hub.text(RowKind::State), r#"{"enabled":false}"#);
}

#[test]
fn a_record_of_no_change_reverts_nothing() {
    let hub = Hub::new();
    // An earlier release wrote these rows, and its records do not commit to them.
    let writes = [(RowKey::of(RowKind::Segment, "s"), Some(r#"{"attribute":"x","op":"exists"}"#.to_owned()))];
    hub.store.commit(hub.store.newest().unwrap(), &Commit { writes: &writes, ..Commit::default() }, Millis(1)).unwrap().unwrap();
    baseline::ensure(&hub.store, Millis(2)).unwrap();
    hub.ground.forget();
    assert_eq!(kind(hub.revert(&hub.newest())), Some(RefusalKind::NotRevertible));
    assert_eq!(kind(hub.revert("absent")), Some(RefusalKind::ChangeNotFound));
}

#[test]
fn however_many_owners_are_named_only_their_rows_are_read() {
    let hub = Hub::new();
    let of = |kind, number: usize| RowKey::of(kind, &format!("o-{number}"));
    let mut writes = Vec::new();
    for number in 0..3_000 {
        writes.push((of(RowKind::Customer, number), Some("{}".to_owned())));
        writes.push((of(RowKind::Membership, number), Some(format!("\"o-{}\"", number / 1_000))));
        writes.push((of(RowKind::Organization, number), Some("{}".to_owned())));
    }
    hub.store.commit(hub.store.newest().unwrap(), &Commit { writes: &writes, ..Commit::default() }, Millis(1)).unwrap().unwrap();
    let found = named_rows::about(&hub.store, (0..2_500).map(|number| of(RowKind::Customer, number))).unwrap();
    for number in 0..2_500 {
        assert_eq!(found.text(&of(RowKind::Customer, number)), Some("{}"));
        assert!(found.text(&of(RowKind::Membership, number)).is_some());
    }
    assert!((0..3).all(|number| found.text(&of(RowKind::Organization, number)).is_some()));
    assert_eq!(found.iter().count(), 2_500 + 2_500 + 3);
    let membership = of(RowKind::Membership, 7);
    let of_one: Vec<_> = named_rows::about(&hub.store, [membership.clone()]).unwrap().iter().map(|(key, _)| key.clone()).collect();
    assert_eq!(of_one, [of(RowKind::Organization, 0), membership]);
}
