//! Commands on a store in memory, for what reads the history of more than one of them.
use control::{
    Allowed, Command, CommandOutcome, DefinitionChange, Refusal, RefusalKind, Revert, RolloutCommand, RolloutPlan, Section, Supplies,
    change::{Action, Actor},
    lifecycle::Step,
    rows::{DocumentDigest, RowKey, RowKind, Rows, State},
};
use sdk_core::{ApplicableOverrides, Context, Include, Millis, OwnerKind, Percentage};

use super::{
    baseline,
    ground::{Ground, GroundCache},
    named_rows,
    news::{News, Proof},
    record::{Beside, RepeatableRequest, write},
    stored_edits::StoredEdits,
};
use crate::{
    etag::Etag,
    store::{
        Commit, Read, Store,
        audit::{ChangesQuery, Stored},
        sqlite::{Sqlite, database::tests::Memory},
    },
    version::Version,
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
        Ok(write(&self.store, &self.ground, ground, outcome, &by, Beside::default(), |_, _| Ok(String::new())).unwrap().1)
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
        newest.entries.first().and_then(Stored::id).unwrap()
    }

    fn revert(&self, change: &str) -> Result<CommandOutcome, Refusal> {
        self.carry_out(&Command::Revert(Revert { change: change.to_owned(), remove: Vec::new() }))
    }

    fn text(&self, kind: RowKind) -> String {
        self.ground.newest(&self.store).unwrap().rows.text(&RowKey::of(kind, "a")).unwrap().to_owned()
    }
}

/// The hub keeps in memory the rows that it would read from the store.
#[track_caller]
fn keeps_what_is_stored(hub: &Hub) {
    let (kept, read) = (hub.ground.newest(&hub.store).unwrap(), GroundCache::default().newest(&hub.store).unwrap());
    assert_eq!((kept.version, &kept.head, &kept.rows), (read.version, &read.head, &read.rows));
    assert_eq!((kept.error_count, &kept.errors, kept.sound()), (read.error_count, &read.errors, read.sound()));
    assert_eq!(kept.digest(), DocumentDigest::of(&read.rows));
    let answer = |ground: &Ground, flag: &str| {
        let evaluation = ground.ruleset.evaluate(ApplicableOverrides::default(), flag, &Context::new(), Millis(7), None);
        let mut out = String::new();
        evaluation.write_canonical(&mut out, None, Include::default());
        out
    };
    assert_eq!(kept.ruleset.flag_keys().collect::<Vec<_>>(), read.ruleset.flag_keys().collect::<Vec<_>>());
    assert!(kept.ruleset.flag_keys().all(|flag| answer(&kept, flag) == answer(&read, flag)));
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

#[test]
fn a_removal_that_a_deploy_adopted_is_not_an_edit_any_more() {
    let hub = Hub::new();
    let deploy = |flags: &str| {
        let document = format!(r#"{{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f",{flags}}}"#);
        hub.carry_out(&Command::Import { document, state: State::Keep, allowed: Allowed::default() })
    };
    let (both, without) = (r#""segments":{"s":{"attribute":"c","op":"eq","value":1}},"flags":{"a":{},"b":{}}"#, r#""flags":{"b":{}}"#);
    deploy(both).unwrap();
    let remove = |section, name: &str| {
        let change = DefinitionChange { section, name: name.into(), definition: None, remove: Vec::new(), restore: false };
        hub.carry_out(&Command::Define(change)).unwrap();
    };
    remove(Section::Flags, "a");
    let removal = hub.newest();
    remove(Section::Segments, "s");
    assert_eq!(kind(deploy(both)), Some(RefusalKind::Unsafe));
    let adopted = deploy(without).unwrap();
    assert_eq!(adopted.writes, [(RowKey::of(RowKind::Segment, "s"), None), (RowKey::of(RowKind::Flag, "a"), None)]);
    let told: Vec<_> =
        adopted.changes.iter().map(|change| (change.action, change.flag.as_deref(), change.pointer.as_deref(), &change.new)).collect();
    assert_eq!(told, [(Action::EditAdopted, None, Some("/segments/s"), &None), (Action::EditAdopted, Some("a"), None, &None)]);
    keeps_what_is_stored(&hub);
    // A deploy notes it once, and one that has them again is as any that brings a flag back.
    assert!(deploy(without).unwrap().writes.is_empty());
    let returned = deploy(both).unwrap();
    assert_eq!((returned.consequences, returned.imported.unwrap().returned.len()), (Vec::new(), 1));
    assert_eq!(kind(hub.revert(&removal)), None);
}

/// The version of the edit has a record of the refused definition, too, as imports do.
#[test]
fn an_edit_that_mends_a_refused_definition_is_an_edit() {
    let hub = Hub::new();
    hub.import(A).unwrap();
    hub.import_with(r#"{"default":"onn"}"#, Allowed { partial: true, ..Allowed::default() }).unwrap();
    hub.edit(B);
    let actions = hub.store.changes(&ChangesQuery { version: Some(3), limit: 9, ..ChangesQuery::default() }).unwrap();
    let actions: Vec<_> = actions.entries.iter().filter_map(Stored::action).collect();
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

/// Commands change the ground in place, also where a definition was refused and the last good one serves.
#[test]
fn after_each_command_the_hub_keeps_what_it_would_read() {
    let hub = Hub::new();
    let override_of = |tree: &str| Command::Override { owner: OwnerKind::Customer, id: "c".into(), tree: tree.into() };
    let clear = Command::Clear { owner: OwnerKind::Customer, id: "c".into() };
    let assign = Command::Assign { customer: "c".into(), organization: Some("o".into()) };
    let (kill, revive) = (Command::Kill { flag: "a".into() }, Command::Revive { flag: "a".into() });
    hub.import(A).unwrap();
    let switch = || {
        for command in [
            &override_of(r#"{"a":true}"#),
            &kill,
            &assign,
            &revive,
            &clear,
            &override_of(r#"{"a":false}"#),
            &kill,
            &Command::RenewEpoch {},
            &revive,
        ] {
            hub.carry_out(command).unwrap();
            keeps_what_is_stored(&hub);
        }
    };
    switch();
    hub.import_with(r#"{"default":"onn"}"#, Allowed { partial: true, ..Allowed::default() }).unwrap();
    keeps_what_is_stored(&hub);
    assert_eq!(hub.ground.newest(&hub.store).unwrap().error_count, 1);
    hub.carry_out(&clear).unwrap();
    switch();
    hub.edit(B);
    keeps_what_is_stored(&hub);
    assert_eq!(hub.ground.newest(&hub.store).unwrap().error_count, 0);
    // A reader that holds the ground keeps the one that it has.
    let held = hub.ground.newest(&hub.store).unwrap();
    hub.carry_out(&kill).unwrap();
    keeps_what_is_stored(&hub);
    assert_eq!(held.rows.get(RowKind::State, "a"), Some(r#"{"enabled":true}"#));
}

#[test]
fn a_kill_and_a_step_of_a_rollout_compile_no_document() {
    let hub = Hub::new();
    hub.import(A).unwrap();
    let by = Actor { role: "admin".into(), ..Actor::system("a test", Millis(7)) };
    let rollout = |order| Command::Rollout { flag: "a".into(), order };
    let plan = RolloutPlan { percentage: Percentage::of(10.0), start: true, ..RolloutPlan::default() };
    let commands = [
        Command::Kill { flag: "a".into() },
        Command::Revive { flag: "a".into() },
        rollout(RolloutCommand::Create(plan)),
        rollout(RolloutCommand::Step(Step::Percentage(Percentage::of(50.0).unwrap()))),
        rollout(RolloutCommand::Step(Step::Pause)),
        rollout(RolloutCommand::Step(Step::RollBack)),
    ];
    for command in &commands {
        let ground = hub.ground.newest(&hub.store).unwrap();
        let outcome = hub.ground.execute(control::execute, &ground, &Rows::default(), command, Supplies::default(), &by).unwrap();
        assert!(outcome.restated.is_some() && outcome.ruleset.is_none(), "{command:?}");
        drop(ground);
        hub.carry_out(command).unwrap();
        keeps_what_is_stored(&hub);
    }
    // Units that no list of the ruleset names are not among its tables.
    let ground = hub.ground.newest(&hub.store).unwrap();
    let create = rollout(RolloutCommand::Create(RolloutPlan { allow: vec!["u-1".into()], start: true, ..RolloutPlan::default() }));
    let outcome = hub.ground.execute(control::execute, &ground, &Rows::default(), &create, Supplies::default(), &by).unwrap();
    assert!(outcome.restated.is_none() && outcome.ruleset.is_some());
}

/// A row that this release refuses, and an earlier one stored, is left out; what changes beside it changes in both sets of rows.
#[test]
fn after_each_command_beside_a_row_that_is_left_out_the_hub_keeps_what_it_would_read() {
    let hub = Hub::new();
    hub.import(A).unwrap();
    let order = (RowKey::of(RowKind::Order, "flags"), Some("a\nleft".to_owned()));
    let left = (RowKey::of(RowKind::Flag, "left"), Some(format!(r#"{{"metadata":{}1{}}}"#, "[".repeat(200), "]".repeat(200))));
    hub.store.commit(hub.store.newest().unwrap(), &Commit { writes: &[order, left], ..Commit::default() }, Millis(7)).unwrap().unwrap();
    let ground = hub.ground.newest(&hub.store).unwrap();
    assert!(ground.sound() != &ground.rows, "a row is left out");
    drop(ground);
    for command in [Command::RenewEpoch {}, Command::Kill { flag: "a".into() }, Command::RenewEpoch {}] {
        hub.carry_out(&command).unwrap();
        keeps_what_is_stored(&hub);
    }
}

#[test]
fn a_long_answer_is_kept_short_and_the_first_one_is_whole() {
    let hub = Hub::new();
    let by = Actor { role: "admin".into(), ..Actor::system("a test", Millis(7)) };
    for (key, changes) in [("short", 10), ("long", 100_000)] {
        let ground = hub.ground.newest(&hub.store).unwrap();
        let command = Command::RenewEpoch {};
        let outcome = hub.ground.execute(control::execute, &ground, &Rows::default(), &command, Supplies::default(), &by).unwrap();
        let body = format!(r#"{{"changes":[{}],"version":1}}"#, vec!["1"; changes].join(","));
        let again = Some(RepeatableRequest { subject: "ann", key, request: "r" });
        let (_, _, told) =
            write(&hub.store, &hub.ground, ground, outcome, &by, Beside { again, progress: None }, |_, _| Ok(body.clone())).unwrap();
        assert_eq!(told, body);
        let (_, kept) = hub.store.answered("ann", key).unwrap().unwrap();
        assert_eq!((kept == body, kept.len() < 64_000), (key == "short", true), "{key}");
    }
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

/// The document of a whole answer.
fn document_of(answer: &str) -> String {
    let answer: serde_json::Value = serde_json::from_str(answer).unwrap();
    answer["document"].to_string()
}

#[test]
fn the_changes_since_any_version_lead_to_the_newest_document() {
    let hub = Hub::new();
    let news = News::default();
    let document = |flags: &str, remove: &[&str]| {
        let remove = remove.iter().map(ToString::to_string).collect();
        let document =
            format!(r#"{{"schema":"twinflag/1","environment":"e","bucketKey":"000102030405060708090a0b0c0d0e0f","flags":{{{flags}}}}}"#);
        hub.carry_out(&Command::Import {
            document,
            state: State::Keep,
            allowed: Allowed { remove, overwrite: vec!["*".into()], ..Allowed::default() },
        })
        .unwrap();
    };
    let whole = || news.whole(&hub.store, &hub.ground.newest(&hub.store).unwrap(), None).unwrap();
    let filler = "z".repeat(2_000);
    let long = format!(r#","z":{{"description":"{filler}"}}"#);
    let mut held: Vec<(Version, Rows)> = Vec::new();
    let keep = |held: &mut Vec<(Version, Rows)>| {
        let answer: serde_json::Value = serde_json::from_str(&whole()).unwrap();
        held.push((hub.store.newest().unwrap(), Rows::split(&answer["document"].to_string()).unwrap()));
    };
    document(&format!(r#""a":{{"default":"on"}}{long}"#), &[]);
    keep(&mut held);
    hub.carry_out(&Command::Kill { flag: "a".into() }).unwrap();
    keep(&mut held);
    document(&format!(r#""a":{{"default":"off"}},"b":{{}}{long}"#), &[]);
    keep(&mut held);
    hub.edit(r#"{"default":"on"}"#);
    keep(&mut held);
    document(&format!(r#""b":{{"default":"on"}}{long}"#), &["flags/a"]);
    // The flag returns with its state, which nobody has without its definition.
    keep(&mut held);
    document(&format!(r#""a":{{}},"b":{{"default":"on"}}{long}"#), &[]);
    let ground = hub.ground.newest(&hub.store).unwrap();
    let newest = document_of(&whole());
    for (version, mut rows) in held {
        let told = |proof| news.changes(&hub.store, &ground, version, proof).unwrap().expect("changes are shorter than the document");
        let text = told(Proof::Digest);
        assert!(!text.contains(&filler) && text.len() < 2_000);
        let [changes, of_earlier] = [text, told(Proof::EntityTag)].map(|text| serde_json::from_str::<serde_json::Value>(&text).unwrap());
        let row = |row: &serde_json::Value| {
            let key = RowKey { kind: RowKind::from_name(row[0].as_str().unwrap()).unwrap(), name: row[1].as_str().unwrap().into() };
            (key, row[2].as_str().map(str::to_owned))
        };
        let writes: Vec<_> = changes["rows"].as_array().unwrap().iter().map(row).collect();
        let mut digest = DocumentDigest::of(&rows);
        digest.apply(&mut rows, &writes);
        let composed: serde_json::Value = serde_json::from_str(&rows.compose(false)).unwrap();
        assert_eq!(composed.to_string(), newest, "since {version}");
        assert_eq!(changes["digest"], digest.to_text());
        assert!(changes.get("sum").is_none() && of_earlier.get("digest").is_none());
        assert_eq!(of_earlier["rows"], changes["rows"]);
        assert_eq!(of_earlier["sum"], Etag::strong(rows.compose(false).as_bytes()).as_str());
    }
}

#[test]
fn an_override_is_told_as_its_page_alone_and_what_cannot_be_told_in_changes_is_told_whole() {
    let hub = Hub::new();
    let news = News::default();
    hub.import("{}").unwrap();
    let since = hub.store.newest().unwrap();
    let customer = RowKey::of(RowKind::Customer, "acme");
    let write = [(customer.clone(), Some(r#"{"a":false}"#.to_owned()))];
    hub.store.commit(since, &Commit { writes: &write, ..Commit::default() }, Millis(8)).unwrap().unwrap();
    let ground = hub.ground.newest(&hub.store).unwrap();
    let changes: serde_json::Value =
        serde_json::from_str(&news.changes(&hub.store, &ground, since, Proof::Digest).unwrap().unwrap()).unwrap();
    assert_eq!(changes["pages"], serde_json::json!([[customer.page().unwrap(), ground.version.number]]));
    assert!(changes["document"].is_null() && changes["keys"].is_null() && changes.get("rows").is_none() && changes.get("sum").is_none());

    let other: Version = "0a1b2c3d4e50.1".parse().unwrap();
    for unknown in [other, Version { number: 0, ..since }, ground.version, Version { number: 9, ..since }] {
        assert!(news.changes(&hub.store, &ground, unknown, Proof::Digest).unwrap().is_none(), "{unknown}");
    }
    // A thousand rows are told, one more is not; overrides do not count.
    let write = |kind: RowKind, count: usize| {
        let writes: Vec<_> = (0..count).map(|number| (RowKey::of(kind, &format!("c{number}")), Some("{}".to_owned()))).collect();
        hub.store.commit(hub.store.newest().unwrap(), &Commit { writes: &writes, ..Commit::default() }, Millis(9)).unwrap().unwrap();
        hub.ground.newest(&hub.store).unwrap()
    };
    write(RowKind::Customer, 2_000);
    let newer = write(RowKind::Course, 1_000);
    assert!(news.changes(&hub.store, &newer, since, Proof::Digest).unwrap().is_some());
    let newer = write(RowKind::Course, 1);
    assert!(news.changes(&hub.store, &newer, since, Proof::Digest).unwrap().is_none());
}
