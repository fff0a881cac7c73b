//! Commands lead to the same state as a model without rows, and each change has a record.

use std::collections::{BTreeMap, BTreeSet};

use control::{
    Allowed, Command, CommandOutcome, CurrentState, Field, GuardEdit, Lists, Refusal, RefusalKind, RefusalPlace, RolloutCommand,
    RolloutPlan, Supplies, answer_diffs, apply,
    change::{Actor, Hash, Link, Record, Verifier},
    draft, execute,
    lifecycle::{Observed, Step},
    overrides_of,
    rows::{RowKey, RowKind, Rows, State},
    visitor,
};
use sdk_core::{BucketKey, Compiler, Millis, OwnerKind, Percentage, Ruleset, Value as Answer, compile};
use serde_json::{Value, json};

const KEY: &str = "000102030405060708090a0b0c0d0e0f";
const HOUR: i64 = 3_600_000;

/// A hub without a store.
struct Hub {
    rows: Rows,
    ruleset: Ruleset,
    records: Vec<Record>,
    now: i64,
}

impl Hub {
    fn new(document: &Value) -> Self {
        let text = document.to_string();
        let rows = Rows::split(&text).unwrap().clone();
        let rows = Rows::default().merge(rows, State::Keep).rows;
        Self { ruleset: compile(&text, None).unwrap().ruleset, rows, records: Vec::new(), now: 1_000 * HOUR }
    }

    fn actor(&self) -> Actor {
        Actor { subject: "ann".into(), role: "admin".into(), on_behalf_of: None, reason: "to see".into(), at: Millis(self.now) }
    }

    fn held(&self) -> CurrentState<'_> {
        CurrentState { rows: &self.rows, paged: &self.rows, ruleset: &self.ruleset }
    }

    fn command(&mut self, command: &Command) -> Result<CommandOutcome, Refusal> {
        self.observing(command, Observed { exposures: 1_000, errors: 0 })
    }

    fn observing(&mut self, command: &Command, observed: Observed) -> Result<CommandOutcome, Refusal> {
        let supplies = Supplies { observed, ..Supplies::default() };
        let outcome = execute(self.held(), command, supplies, &self.actor(), &mut Compiler::new())?;
        assert_eq!(outcome.writes.is_empty(), outcome.changes.is_empty(), "{command:?}");
        apply(&mut self.rows, &outcome.writes);
        let whole = compile(&self.rows.compose(true), None).unwrap();
        assert!(whole.errors.is_empty(), "{command:?} leads to {:?}", whole.errors);
        assert_eq!(whole.ruleset.len(), self.ruleset.len());
        self.ruleset = whole.ruleset;
        for change in &outcome.changes {
            let before = self.records.last().map_or(Hash::NONE, |record| record.hashes.chain);
            let link = Link { sequence: self.records.len() as u64 + 1, version: u32::try_from(self.records.len()).unwrap() + 1 };
            self.records.push(Record::seal(change, &self.actor(), link, "id", Hash::NONE, before));
        }
        Ok(outcome)
    }

    fn rollout(&mut self, flag: &str, order: RolloutCommand) -> Result<CommandOutcome, Refusal> {
        self.command(&Command::Rollout { flag: flag.into(), order })
    }

    /// The effect that importing a document would have.
    fn imported(&self, document: &str, state: State) -> CommandOutcome {
        let import = Command::Import { document: document.into(), state, allowed: Allowed::default() };
        let supplies = Supplies { bucket_key: Some(BucketKey::from_bytes([1; 16])), ..Supplies::default() };
        draft(self.held(), &import, supplies, &self.actor(), &mut Compiler::new()).unwrap_or_default()
    }

    fn document(&self) -> Value {
        serde_json::from_str(&self.rows.compose(true)).unwrap()
    }

    fn value(&self, flag: &str, customer: Option<&str>, organization: Option<&str>) -> Option<bool> {
        let own = overrides_of(self.held(), customer, organization);
        let context = visitor(customer, organization);
        match self.ruleset.evaluate(own.of(&context), flag, &context, Millis(self.now), None).value() {
            Some(Answer::Boolean(value)) => Some(value),
            _ => None,
        }
    }
}

fn document(flags: &Value) -> Value {
    json!({ "schema": "twinflag/1", "bucketKey": KEY, "flags": flags })
}

fn set(owner: OwnerKind, id: &str, tree: &Value) -> Command {
    Command::Override { owner, id: id.into(), tree: tree.to_string() }
}

#[track_caller]
fn refused(answer: Result<CommandOutcome, Refusal>, kind: RefusalKind) -> Refusal {
    let refusal = answer.err().expect("it is refused");
    assert_eq!(refusal.kind, kind, "{refusal:?}");
    refusal
}

/// In tier 1 the allow list is the audience, at any percentage; a completed rollout has no audience but everybody.
#[test]
fn a_completed_rollout_is_on_for_strangers_though_tier_1_had_an_allow_list() {
    let mut hub = Hub::new(&document(&json!({ "a": { "unit": "customerId" } })));
    hub.rollout("a", RolloutCommand::Create(RolloutPlan { allow: vec!["c-1".into()], ..RolloutPlan::default() })).unwrap();
    for step in [Step::Start, Step::Percentage(Percentage::FULL)] {
        hub.rollout("a", RolloutCommand::Step(step)).unwrap();
    }
    assert_eq!(["c-1", "c-2"].map(|customer| hub.value("a", Some(customer), None)), [Some(true), Some(false)]);
    let done = hub.rollout("a", RolloutCommand::Step(Step::Complete)).unwrap();
    assert_eq!(["c-1", "c-2"].map(|customer| hub.value("a", Some(customer), None)), [Some(true), Some(true)]);
    assert_eq!(hub.document()["flags"]["a"]["rollout"]["tier"], json!(4));
    assert_eq!(done.events.iter().map(|event| event.name).collect::<Vec<_>>(), ["enabled"]);
}

#[test]
fn overrides_are_set_and_removed_leaf_by_leaf() {
    let mut hub = Hub::new(&document(&json!({
        "s.p2.storage": { "aliases": ["p2_storage"] }, "s.p2.retry": {}, "s.p3.sync": {},
        "theme": { "type": "string", "variants": { "on": "dark", "off": "light" } },
    })));
    let first = hub.command(&set(OwnerKind::Customer, "c-1", &json!({ "s": { "p2": { "storage": true, "retry": true } } }))).unwrap();
    let seen: Vec<_> = first
        .changes
        .iter()
        .map(|change| (change.flag.as_deref().unwrap(), change.old_value, change.new_value, change.had_override))
        .collect();
    assert_eq!(seen, [("s.p2.retry", Some(false), Some(true), false), ("s.p2.storage", Some(false), Some(true), false)]);
    // By another name, the other leaf stays.
    let second = hub.command(&set(OwnerKind::Customer, "c-1", &json!({ "p2_storage": null, "theme": "on" }))).unwrap();
    assert_eq!(second.changes.len(), 2);
    assert!(second.changes[0].had_override);
    assert_eq!((second.changes[1].old_value, second.changes[1].new.as_deref()), (None, Some("\"on\"")));
    assert_eq!(hub.document()["overrides"], json!({ "customers": { "c-1": { "s": { "p2": { "retry": true } }, "theme": "on" } } }));
    // Setting the present override again is no change; `true` and the name of the variant are the same override.
    assert!(hub.command(&set(OwnerKind::Customer, "c-1", &json!({ "s.p2.retry": "on", "s.p3.sync": null }))).unwrap().changes.is_empty());
    hub.command(&Command::Clear { owner: OwnerKind::Customer, id: "c-1".into() }).unwrap();
    assert_eq!(hub.document().get("overrides"), None);
}

#[test]
fn the_value_before_is_the_one_that_was_in_effect() {
    let mut hub = Hub::new(&document(&json!({ "a": {} })));
    hub.command(&Command::Assign { customer: "c-1".into(), organization: Some("o-1".into()) }).unwrap();
    hub.command(&set(OwnerKind::Organization, "o-1", &json!({ "a": true }))).unwrap();
    // The organization's override was in effect, though the customer had none.
    let off = hub.command(&set(OwnerKind::Customer, "c-1", &json!({ "a": false }))).unwrap();
    assert_eq!((off.changes[0].old_value, off.changes[0].new_value, off.changes[0].had_override), (Some(true), Some(false), false));
    let gone = hub.command(&set(OwnerKind::Customer, "c-1", &json!({ "a": null }))).unwrap();
    assert_eq!((gone.changes[0].old_value, gone.changes[0].new_value, gone.changes[0].had_override), (Some(false), Some(true), true));
}

#[test]
fn an_override_that_cannot_be_is_refused_whole() {
    let mut hub =
        Hub::new(&document(&json!({ "a.b": { "aliases": ["ab"] }, "n": { "type": "number", "variants": { "on": 1, "off": 0 } } })));
    let before = hub.rows.clone();
    let mut invalid = |tree: &str, kind, below: &str| {
        let command = Command::Override { owner: OwnerKind::Customer, id: "c".into(), tree: tree.into() };
        assert_eq!(
            refused(hub.command(&command), kind).place,
            RefusalPlace::Field { field: Field::Overrides, below: below.into() },
            "{tree}"
        );
    };
    invalid(r#"{"a":{"b":true},"x":true}"#, RefusalKind::FlagNotFound, "/x");
    invalid(r#"{"a":{"b":true},"ab":false}"#, RefusalKind::Invalid, "");
    invalid(r#"{"a":{"b":1}}"#, RefusalKind::Invalid, "/a/b");
    invalid(r#"{"a":{"b":true,"b":false}}"#, RefusalKind::Invalid, "/a");
    invalid(r#"{"a.b":"maybe"}"#, RefusalKind::Invalid, "/a.b");
    invalid(r#"{"n":true}"#, RefusalKind::Invalid, "/n");
    invalid("{}", RefusalKind::Invalid, "");
    invalid("[]", RefusalKind::Invalid, "");
    invalid("{", RefusalKind::Invalid, "");
    for id in ["", "a\u{0}", "a\nb", &"x".repeat(257)] {
        assert_eq!(
            refused(hub.command(&set(OwnerKind::Organization, id, &json!({ "ab": true }))), RefusalKind::Invalid).place,
            Field::Organization.into()
        );
    }
    assert_eq!(hub.rows, before);
}

#[test]
fn an_override_beats_the_deny_list_and_says_so() {
    let mut hub = Hub::new(&document(
        &json!({ "a": { "unit": "customerId", "rollout": { "status": "active", "percentage": 50, "deny": ["c-1"] } } }),
    ));
    let outcome = hub.command(&set(OwnerKind::Customer, "c-1", &json!({ "a": true }))).unwrap();
    assert_eq!(outcome.warnings.len(), 1);
    assert_eq!(hub.value("a", Some("c-1"), None), Some(true));
    assert!(hub.command(&set(OwnerKind::Customer, "c-2", &json!({ "a": true }))).unwrap().warnings.is_empty());
}

#[test]
fn a_flag_is_killed_and_revived() {
    let mut hub = Hub::new(&document(&json!({ "a": { "default": "on" } })));
    let kill = hub.command(&Command::Kill { flag: "a".into() }).unwrap();
    assert_eq!((kill.changes[0].old_value, kill.changes[0].new_value), (Some(true), Some(false)));
    assert_eq!(hub.value("a", None, None), Some(false));
    assert!(hub.command(&Command::Kill { flag: "a".into() }).unwrap().changes.is_empty());
    hub.command(&Command::Revive { flag: "a".into() }).unwrap();
    assert_eq!(hub.value("a", None, None), Some(true));
    refused(hub.command(&Command::Kill { flag: "b".into() }), RefusalKind::FlagNotFound);
}

#[test]
fn a_reason_is_needed() {
    let hub = Hub::new(&document(&json!({ "a": {} })));
    for reason in ["", " \n", &"x".repeat(2_001), "a\u{0}"] {
        let by = Actor { reason: reason.into(), ..hub.actor() };
        assert_eq!(
            execute(hub.held(), &Command::Kill { flag: "a".into() }, Supplies::default(), &by, &mut Compiler::new()).err().unwrap().place,
            Field::Reason.into()
        );
    }
}

#[test]
fn the_life_of_a_rollout() {
    let mut hub = Hub::new(&document(&json!({ "s.storage": { "aliases": ["storage"], "unit": "customerId", "default": "off" } })));
    let plan = RolloutPlan { allow: vec!["c-in".into()], deny: vec!["c-out".into()], ..RolloutPlan::default() };
    hub.rollout("storage", RolloutCommand::Create(plan.clone())).unwrap();
    assert_eq!(hub.document()["flags"]["s.storage"]["rollout"]["status"], "planned");
    assert_eq!(hub.value("storage", Some("c-in"), None), Some(false), "planned is nobody");
    refused(hub.rollout("storage", RolloutCommand::Step(Step::Advance { force: true })), RefusalKind::IllegalStep);
    let start = hub.rollout("storage", RolloutCommand::Step(Step::Start)).unwrap();
    assert_eq!(start.events[0].name, "enabled");
    assert_eq!((hub.value("storage", Some("c-in"), None), hub.value("storage", Some("c-other"), None)), (Some(true), Some(false)));

    let early = refused(hub.rollout("storage", RolloutCommand::Step(Step::Advance { force: false })), RefusalKind::TooEarly);
    assert_eq!(early.until, Some(Millis(hub.now + 48 * HOUR)));
    hub.now += 48 * HOUR;
    let advance = Command::Rollout { flag: "storage".into(), order: RolloutCommand::Step(Step::Advance { force: false }) };
    refused(hub.observing(&advance, Observed::default()), RefusalKind::GateClosed);
    let advanced = hub.rollout("storage", RolloutCommand::Step(Step::Advance { force: false })).unwrap();
    assert!(!advanced.changes[0].forced);
    let forced = hub.rollout("storage", RolloutCommand::Step(Step::Advance { force: true })).unwrap();
    assert!(forced.changes[0].forced);
    assert_eq!(hub.document()["flags"]["s.storage"]["rollout"]["percentage"], 50);
    refused(hub.rollout("storage", RolloutCommand::Create(plan)), RefusalKind::IllegalStep);

    let back = hub.rollout("storage", RolloutCommand::Step(Step::RollBack)).unwrap();
    assert_eq!(back.events[0].name, "rollback");
    assert_eq!(
        hub.document()["flags"]["s.storage"]["rollout"],
        json!({
            "status": "rolled_back", "tier": 0, "percentage": 0, "allow": ["c-in"], "deny": ["c-out"],
            "guard": { "method": "sequential", "errorRate": 0.05, "timeWindow": 3_600_000, "minSamples": 20 },
        })
    );
    assert_eq!(hub.value("storage", Some("c-in"), None), Some(false), "disabled means disabled");

    // An import does not revive it.
    let deployed = document(
        &json!({ "s.storage": { "aliases": ["storage"], "unit": "customerId", "rollout": { "status": "active", "percentage": 100 } } }),
    )
    .to_string();
    let imported = hub.imported(&deployed, State::Keep).imported.unwrap();
    assert_eq!(imported.kept, ["/flags/s.storage/rollout"]);
    assert!(imported.rows.get(RowKind::State, "s.storage").unwrap().contains("rolled_back"));
}

#[test]
fn lists_and_guards_are_edited_within_their_bounds() {
    let mut hub =
        Hub::new(&document(&json!({ "a": { "unit": "userId", "rollout": { "status": "active", "percentage": 5, "allow": ["u-1", 7] } } })));
    let lists = |edit: fn(&mut Lists)| {
        let mut lists = Lists::default();
        edit(&mut lists);
        RolloutCommand::Lists(lists)
    };
    hub.rollout(
        "a",
        lists(|lists| {
            lists.add_allow = vec!["u-2".into(), "u-1".into()];
            lists.add_deny = vec!["u-3".into()];
        }),
    )
    .unwrap();
    hub.rollout("a", lists(|lists| lists.remove_allow = vec!["7".into()])).unwrap();
    let rollout = &hub.document()["flags"]["a"]["rollout"];
    assert_eq!((&rollout["allow"], &rollout["deny"]), (&json!(["u-1", "u-2"]), &json!(["u-3"])));
    assert!(refused(hub.rollout("a", lists(|lists| lists.add_deny = vec!["u-1".into()])), RefusalKind::Invalid).detail.contains("both"));
    refused(hub.rollout("a", lists(|lists| lists.add_allow = vec![String::new()])), RefusalKind::Invalid);
    let many = Lists { allow: Some((0..50_001).map(|n| n.to_string()).collect()), ..Lists::default() };
    refused(hub.rollout("a", RolloutCommand::Lists(many)), RefusalKind::Invalid);
    let guard = |edit: GuardEdit| RolloutCommand::Guard(edit);
    refused(hub.rollout("a", guard(GuardEdit { time_window_ms: Some(0), ..GuardEdit::default() })), RefusalKind::Invalid);
    refused(hub.rollout("a", guard(GuardEdit { min_samples: Some(u64::MAX), ..GuardEdit::default() })), RefusalKind::Invalid);
    hub.rollout("a", guard(GuardEdit { min_samples: Some(100), min_tier_ms: Some(0), ..GuardEdit::default() })).unwrap();
    assert_eq!(hub.document()["flags"]["a"]["rollout"]["guard"]["minSamples"], 100);
    hub.rollout("a", RolloutCommand::Step(Step::Percentage(Percentage::of(12.5).unwrap()))).unwrap();
    assert_eq!(hub.document()["flags"]["a"]["rollout"]["percentage"], 12.5);
}

#[test]
fn an_import_has_a_record_for_each_thing_and_none_for_nothing() {
    let mut hub = Hub::new(&document(&json!({ "a": {}, "b": { "enabled": false } })));
    hub.command(&set(OwnerKind::Customer, "c-1", &json!({ "a": true }))).unwrap();
    let run = |text: &Value, state| hub.imported(&text.to_string(), state);
    let names = |text: &Value, state| {
        let changes = run(text, state).changes.into_iter();
        changes.map(|change| format!("{} {}", change.action.as_str(), change.flag.or(change.pointer).unwrap())).collect::<Vec<_>>()
    };
    assert!(run(&hub.document(), State::Keep).writes.is_empty());
    assert!(run(&hub.document(), State::Replace).writes.is_empty());
    let mut other = hub.document();
    other["flags"]["a"] = json!({ "description": "new" });
    other["flags"]["b"]["enabled"] = json!(true);
    other["flags"]["c"] = json!({});
    other["segments"] = json!({ "s": { "all": [] } });
    other["overrides"]["customers"] = json!({ "c-2": { "b": true } });
    assert_eq!(names(&other, State::Keep), ["import.definition /segments/s", "import.definition a", "import.definition c"]);
    assert_eq!(
        names(&other, State::Replace),
        [
            "override.remove a",
            "import.definition /segments/s",
            "import.definition a",
            "import.definition c",
            "import.state b",
            "override.set b"
        ]
    );
    // Nobody reads the key in the trail.
    other["bucketKey"] = json!("ffffffffffffffffffffffffffffffff");
    for change in run(&other, State::Keep).changes {
        assert!(![change.old, change.new].iter().flatten().any(|json| json.contains("ffff") || json.contains(KEY)));
    }
}

#[test]
fn who_would_get_another_answer_is_found_by_asking() {
    let before = compile(
        &document(&json!({ "a": { "unit": "userId", "rollout": { "status": "active", "percentage": 10 } }, "b": {}, "gone": {} }))
            .to_string(),
        None,
    )
    .unwrap();
    let after = compile(
        &document(&json!({ "a": { "unit": "userId", "rollout": { "status": "active", "percentage": 20 } }, "b": {}, "new": {} }))
            .to_string(),
        None,
    )
    .unwrap();
    let contexts: Vec<_> = (0..1_000).map(|n| sdk_core::Context::new().string("userId", &format!("u-{n}"))).collect();
    let answer_diffs = answer_diffs((&before.ruleset, &before.overrides), (&after.ruleset, &after.overrides), &contexts, Millis(0));
    let of = |flag: &str| answer_diffs.iter().filter(|one| one.flag == flag).count();
    // A tenth of them, and all of those who ask for what comes or goes.
    assert!((70..130).contains(&of("a")), "{}", of("a"));
    assert_eq!((of("b"), of("gone"), of("new")), (0, 1_000, 1_000));
    assert!(
        answer_diffs
            .iter()
            .all(|one| one.flag != "a" || one.before.as_ref().unwrap().contains("off") && one.after.as_ref().unwrap().contains("\"on\""))
    );
}

/// The state that the hub should have, without rows.
#[derive(Default)]
struct Model {
    killed: BTreeSet<&'static str>,
    overrides: BTreeMap<(OwnerKind, String), BTreeMap<&'static str, bool>>,
    /// Status, tier, percentage.
    rollouts: BTreeMap<&'static str, (&'static str, u8, f64)>,
}

const FLAGS: [&str; 4] = ["a.x", "a.y", "b", "c"];

struct Dice(u64);

impl Dice {
    /// Below `sides`; xorshift64.
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % sides as u64).unwrap()
    }
}

#[test]
fn any_commands_lead_where_the_model_does() {
    let mut hub = Hub::new(&document(&json!({ "a.x": {}, "a.y": { "default": "on" }, "b": { "aliases": ["bee"] }, "c": {} })));
    let (mut model, mut dice) = (Model::default(), Dice(0x2545_F491_4F6C_DD1D));
    let (mut taken, mut refusals) = (0, 0);
    for _ in 0..4_000 {
        hub.now += HOUR;
        let flag = FLAGS[dice.roll(FLAGS.len())];
        let owner = if dice.roll(2) == 0 { OwnerKind::Customer } else { OwnerKind::Organization };
        let id = format!("o-{}", dice.roll(3));
        let (command, expected): (Command, bool) = match dice.roll(12) {
            0 => {
                model.killed.insert(flag);
                (Command::Kill { flag: flag.into() }, true)
            }
            1 => {
                model.killed.remove(flag);
                (Command::Revive { flag: flag.into() }, true)
            }
            2 => {
                model.overrides.remove(&(owner, id.clone()));
                (Command::Clear { owner, id }, true)
            }
            3..6 => {
                let leaf = [Some(true), Some(false), None][dice.roll(3)];
                let own = model.overrides.entry((owner, id.clone())).or_default();
                match leaf {
                    Some(value) => drop(own.insert(flag, value)),
                    None => drop(own.remove(flag)),
                }
                let name = if flag == "b" && dice.roll(2) == 0 { "bee" } else { flag };
                (set(owner, &id, &json!({ name: leaf })), true)
            }
            roll => {
                let now = model.rollouts.get(flag).copied();
                let (order, next) = step(roll, now);
                let legal = next.is_some();
                model.rollouts.extend(next.map(|next| (flag, next)));
                (Command::Rollout { flag: flag.into(), order }, legal)
            }
        };
        let answer = hub.command(&command);
        assert_eq!(answer.is_ok(), expected, "{command:?}: {:?}", answer.err());
        if expected {
            taken += 1;
        } else {
            refusals += 1;
        }
        compare(&hub, &model);
    }
    assert!(taken > 2_000 && refusals > 300, "{taken} taken, {refusals} refused");
    assert!(hub.records.len() > 1_000);
    let mut verifier = Verifier::default();
    for record in &hub.records {
        verifier.next(record.link, Some(&record.payload), record.hashes).unwrap();
    }
}

type Where = (&'static str, u8, f64);

/// A command on a rollout, and the state that it should lead to from this one.
fn step(roll: usize, now: Option<Where>) -> (RolloutCommand, Option<Where>) {
    let ladder = [0.0_f64, 1.0, 10.0, 50.0, 100.0];
    match roll {
        6 => (
            RolloutCommand::Create(RolloutPlan::default()),
            now.is_none_or(|(status, ..)| matches!(status, "planned" | "rolled_back")).then_some(("planned", 0, 0.0)),
        ),
        7 => (RolloutCommand::Step(Step::Start), now.filter(|now| now.0 == "planned").map(|_| ("active", 1, 1.0))),
        8 => {
            let next = now
                .filter(|now| now.0 == "active" && now.1 < 4)
                .map(|(_, tier, percentage)| ("active", tier + 1, ladder[usize::from(tier) + 1].max(percentage)));
            (RolloutCommand::Step(Step::Advance { force: true }), next)
        }
        9 => (
            RolloutCommand::Step(Step::Pause),
            now.filter(|now| now.0 == "active").map(|(_, tier, percentage)| ("paused", tier, percentage)),
        ),
        10 => (
            RolloutCommand::Step(Step::Resume),
            now.filter(|now| now.0 == "paused").map(|(_, tier, percentage)| ("active", tier, percentage)),
        ),
        _ => (RolloutCommand::Step(Step::RollBack), now.map(|_| ("rolled_back", 0, 0.0))),
    }
}

fn compare(hub: &Hub, model: &Model) {
    let document = hub.document();
    for flag in FLAGS {
        let flag_now = &document["flags"][flag];
        assert_eq!(flag_now["enabled"] == json!(false), model.killed.contains(flag), "{flag}");
        let rollout = &flag_now["rollout"];
        let seen = rollout
            .is_object()
            .then(|| (rollout["status"].as_str().unwrap(), rollout["tier"].as_u64().unwrap(), rollout["percentage"].as_f64().unwrap()));
        assert_eq!(seen, model.rollouts.get(flag).map(|(status, tier, percentage)| (*status, u64::from(*tier), *percentage)), "{flag}");
    }
    for ((owner, id), own) in &model.overrides {
        assert_eq!(hub.rows.text(&RowKey::of((*owner).into(), id)).is_some(), !own.is_empty());
        let overrides =
            overrides_of(hub.held(), (*owner == OwnerKind::Customer).then_some(id), (*owner == OwnerKind::Organization).then_some(id));
        let own_now = overrides.get(*owner, id);
        for flag in FLAGS {
            let seen = own_now.and_then(|own| hub.ruleset.overridden(own, flag));
            assert_eq!(seen, own.get(flag).map(|value| if *value { "on" } else { "off" }), "{flag} of {id}");
        }
    }
}
