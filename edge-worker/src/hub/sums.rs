//! The hub's side of tallies: the stages that they count by, and the sums that they send. The guard judges the sums here, and the hub
//! carries out what it decides.
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use control::{
    Command, Feature, RolloutCommand,
    change::{Actor, Change, Link, Record},
    features,
    guard::{Block, BlockErrors, Decision, Doubt, Evidence, GuardState, Judge, Observation, Open, Rule, Sums, is_small},
    lifecycle::{Rollout, Step},
    rows::{RowKind, Rows},
};
use sdk_core::{Millis, stage::Status};
use serde::Deserialize;
use worker::{Response, console_error};

use super::{FlagHub, ground::Ground, record::uuid, written_rows::hash_of};
use crate::{
    problem::Problem,
    store::{Commit, GuardRow, Read as _, Snapshot, Store, Wanted, outcomes::read_batch},
    tally::wire::{Batch, FlagSums, Stage, Stages},
    version::Version,
};

/// The time within which a rollout gets one record that it is held, however often a rule fires.
const HELD_MS: i64 = 60 * 60 * 1_000;
const MINUTE_MS: i64 = 60_000;

/// The newest answer about stages: tallies ask each second.
#[derive(Default)]
pub(super) struct KnownStages(RefCell<Option<(Version, Rc<str>)>>);

/// The beginning of the present stage of a rollout: 1970 for one that a document brought, of which the hub knows no moments.
pub(super) fn stage_since(rollout: &Rollout) -> i64 {
    rollout.course.stage_since.map_or(0, |since| since.0)
}

/// Returns true if the guard judges a rollout.
pub(super) fn is_running(rollout: &Rollout) -> bool {
    matches!(rollout.status, Status::Active | Status::Paused)
}

impl FlagHub {
    /// The stages of the rollouts that run.
    pub(super) fn stages(&self) -> Result<Response, Problem> {
        let ground = self.ground.newest(&self.store)?;
        let held = self.known_stages.0.borrow().as_ref().filter(|(of, _)| *of == ground.version).map(|(_, text)| Rc::clone(text));
        if let Some(text) = held {
            return Ok(Response::ok(&*text)?);
        }
        let stages = stages_of(&self.store, &ground)?;
        let text: Rc<str> = serde_json::to_string(&stages).map_err(worker::Error::from)?.into();
        self.known_stages.0.replace(Some((ground.version, Rc::clone(&text))));
        Ok(Response::ok(&*text)?)
    }

    /// Stores a batch of sums, and carries out what the guard decides. The tally sends a batch until this succeeds: so a rollback that did
    /// not happen, because the hub stopped after the sums were stored, happens then.
    pub(super) async fn take_sums(&self, body: &str, now: Millis) -> Result<Response, Problem> {
        let batch = read_batch(body).ok_or_else(|| Problem::malformed("expected a batch of sums"))?;
        let mut told = BTreeSet::new();
        // A hold starts the evidence again, so the sums that led to it are stored once its record is: if the record cannot be added, the
        // batch that is sent again leads to the same hold.
        let judged = loop {
            let ground = self.ground.newest(&self.store)?;
            let judged = judge(&self.store, &ground, &batch, &told, now)?;
            let Some((flag, evidence)) = judged.iter().find_map(Judged::untold) else { break judged };
            drop(ground);
            self.note_held(flag, evidence, now)?;
            self.write_journal().await?;
            told.insert(flag.to_owned());
        };
        let states: Vec<GuardRow> = judged.iter().map(Judged::row).collect();
        if batch.number > self.store.last_batch(&batch.tally)? {
            self.events.add(&batch);
        }
        self.store.keep_sums(&batch, &states, now)?;
        for Judged { flag, decision, .. } in judged {
            if let Decision::RollBack(evidence) = decision {
                self.roll_back(&flag, &evidence, now)?;
                self.write_journal().await?;
            }
        }
        Ok(Response::empty()?)
    }

    fn roll_back(&self, flag: &str, evidence: &Evidence, now: Millis) -> Result<(), Problem> {
        let actor = Actor::system(said(evidence), now);
        let command = Command::Rollout { flag: flag.to_owned(), order: RolloutCommand::Step(Step::RollBack) };
        let mut decision = self.decide(&actor, &command, &[])?;
        let json = json(evidence)?;
        decision.outcome.changes.iter_mut().for_each(|change| change.evidence = Some(json.clone()));
        self.commit(&actor, decision, None, |_, _| Ok(String::new()))?;
        log("rollback", flag, &actor.reason);
        Ok(())
    }

    /// Adds a record, without a version, that the guard held a rollout.
    fn note_held(&self, flag: &str, evidence: &Evidence, now: Millis) -> Result<(), Problem> {
        let Snapshot { version, head, .. } = self.store.load(Wanted::Keys(&[]))?;
        let rows = hash_of(&self.store, version.number)?.ok_or("the newest version wrote no row").map_err(worker::Error::from)?;
        let link = Link { sequence: head.link.sequence + 1, version: version.number };
        let actor = Actor::system(said(evidence), now.max(head.made));
        let record = Record::seal(&Change::held(flag.to_owned(), json(evidence)?), &actor, link, &uuid()?, rows, head.chain);
        self.add(record, version, Commit::default(), actor.at)?;
        log("held", flag, &actor.reason);
        Ok(())
    }
}

fn stages_of(store: &impl Store, ground: &Ground) -> Result<Stages, Problem> {
    #[derive(Deserialize)]
    struct Definition {
        on: Option<String>,
    }
    let none = Rows::default();
    let held = ground.held(&none);
    let mut flags = BTreeMap::new();
    for Feature { key, rollout, .. } in features(held) {
        let Some(rollout) = rollout.filter(is_running) else { continue };
        let since = stage_since(&rollout);
        let definition = held.rows.get(RowKind::Flag, &key).and_then(|text| serde_json::from_str(text).ok());
        let on = definition.and_then(|Definition { on }| on).unwrap_or_else(|| "on".to_owned());
        let version = store.version_at(Millis(since))?.unwrap_or_default();
        let window_ms = rollout.guard.unwrap_or_default().time_window_ms;
        flags.insert(key, Stage { since, version, window_ms, on, is_small: is_small(&rollout) });
    }
    Ok(Stages { epoch: ground.version.epoch.to_string(), flags })
}

/// The judgement of one rollout.
struct Judged {
    flag: String,
    state: GuardState,
    held_at: Option<Millis>,
    decision: Decision,
    /// True if a record that the rollout is held is due, and not added yet.
    is_due: bool,
}

impl Judged {
    /// The flag and the evidence of a hold whose record is due.
    fn untold(&self) -> Option<(&str, &Evidence)> {
        if let Decision::Held(evidence) = &self.decision { self.is_due.then_some((self.flag.as_str(), evidence)) } else { None }
    }

    fn row(&self) -> GuardRow {
        GuardRow { flag: self.flag.clone(), state: self.state.to_json(), held_at: self.held_at }
    }
}

/// Has the guard judge each rollout that a batch has sums of. A batch that was stored before is judged without its sums. `told` has the
/// flags whose hold has a record since the batch came.
fn judge(store: &impl Store, ground: &Ground, batch: &Batch, told: &BTreeSet<String>, now: Millis) -> Result<Vec<Judged>, Problem> {
    let is_new = batch.number > store.last_batch(&batch.tally)?;
    let none = Rows::default();
    let held = ground.held(&none);
    let flags: BTreeSet<&str> = batch.sums.iter().map(|sums| sums.flag.as_str()).collect();
    let mut judged = Vec::new();
    for flag in flags {
        let Some(rollout) = held.feature(flag).and_then(|feature| feature.rollout).filter(is_running) else { continue };
        let (judge, since) = (Judge::of(&rollout), stage_since(&rollout));
        let stored = store.guard_state(flag)?;
        let held_at = stored.as_ref().and_then(|(_, held_at)| *held_at);
        let (mut state, note) = stored.as_ref().map_or_else(Default::default, |(text, _)| GuardState::from_json(text));
        if let Some(note) = note {
            console_error!("the guard's evidence about {flag:?} starts again from nothing: {note:?}");
        }
        let mut decision = Decision::Continue;
        let mut sums: Vec<&FlagSums> = batch.sums.iter().filter(|sums| is_new && sums.flag == flag && sums.since == since).collect();
        sums.sort_unstable_by_key(|sums| sums.minute);
        for sums in sums {
            decision = stronger(decision, observe(&mut state, &judge, sums));
        }
        if !is_new {
            let open = batch.sums.iter().find(|sums| sums.flag == flag).map(open_of).unwrap_or_default();
            decision = state.observe(&judge, &Observation { at: now, open, ..Observation::default() });
        }
        let held_at = if told.contains(flag) { Some(now) } else { held_at };
        let is_held = matches!(decision, Decision::Held(_));
        let is_due = is_held && held_at.is_none_or(|held| now.0 - held.0 >= HELD_MS || now < held);
        judged.push(Judged { flag: flag.to_owned(), state, held_at, decision, is_due });
    }
    Ok(judged)
}

fn observe(state: &mut GuardState, judge: &Judge, sums: &FlagSums) -> Decision {
    let of = |(outcomes, errors): (u64, u64)| Sums::new(outcomes, errors);
    let block = |(number, errors): &(u64, u64)| Some(BlockErrors { block: Block::from_number(*number)?, errors: *errors });
    let blocks: Vec<BlockErrors> = sums.blocks.iter().filter_map(block).collect();
    let at = Millis(sums.minute.saturating_mul(MINUTE_MS));
    let (stage, treatment, control) = (of(sums.stage), of(sums.treatment), of(sums.control));
    let open = open_of(sums);
    state.observe(judge, &Observation { at, stage, treatment, control, over_cap: sums.over_cap, blocks: &blocks, open })
}

fn open_of(sums: &FlagSums) -> Open {
    let count = |count: i64| u64::try_from(count).unwrap_or_default();
    Open { stage: count(sums.open.stage), treatment: count(sums.open.treatment), control: count(sums.open.control) }
}

/// The decision that stands after another one: a rollback before a hold, a hold before none.
fn stronger(first: Decision, second: Decision) -> Decision {
    match (&first, &second) {
        (Decision::RollBack(_), _) | (Decision::Held(_), Decision::Continue) => first,
        _ => second,
    }
}

/// The decision in a sentence, for the record.
fn said(evidence: &Evidence) -> String {
    let percent = |millionths: u32| f64::from(millionths) / 10_000.0;
    let rule = match evidence.rule {
        Rule::Threshold => "threshold",
        Rule::Sequential => "sequential",
        Rule::Late => "late",
    };
    let doubt = match evidence.doubt {
        None => "",
        Some(Doubt::BothArms) => "; units without the feature have as many errors",
        Some(Doubt::FewSources) => "; many errors come from few sources",
    };
    let (errors, outcomes) = (evidence.counts.errors(), evidence.counts.outcomes());
    format!(
        "the guard: {errors} of {outcomes} outcomes had an error, the limit is {} % (rule {rule}){doubt}",
        percent(evidence.limit_millionths)
    )
}

fn json(evidence: &Evidence) -> Result<String, Problem> {
    Ok(serde_json::to_string(evidence).map_err(worker::Error::from)?)
}

/// Logs a decision as an error, so that it raises an alert.
fn log(decision: &str, flag: &str, why: &str) {
    let flag = serde_json::Value::from(flag);
    let why = serde_json::Value::from(why);
    console_error!(r#"{{"event":"guard","level":"error","decision":"{decision}","flag":{flag},"reason":{why}}}"#);
}

#[cfg(test)]
mod tests {
    use control::{Allowed, rows::State};

    use super::*;
    use crate::{
        hub::{
            ground::GroundCache,
            record::{Beside, write},
        },
        store::sqlite::{Sqlite, database::tests::Memory},
    };

    const NOW: Millis = Millis(1_700_000_000_000);

    /// A store with the flag `a`, whose document has a rollout that runs for half of the units.
    fn store(ground: &GroundCache) -> Sqlite<Memory> {
        let store = Sqlite::new(Memory::new());
        let document = r#"{"schema":"twinflag/1","bucketKey":"000102030405060708090a0b0c0d0e0f","flags":{
            "a":{"on":"yes","off":"no","variants":{"yes":true,"no":false},"rollout":{"status":"active","percentage":50}},
            "b":{"rollout":{"status":"completed","percentage":100}}}}"#;
        let import = Command::Import { document: document.into(), state: State::Replace, allowed: Allowed::default() };
        let by = Actor::system("a test", NOW);
        let now = ground.newest(&store).unwrap();
        let outcome = ground.execute(control::execute, &now, &Rows::default(), &import, control::Supplies::default(), &by).unwrap();
        write(&store, ground, now, outcome, &by, Beside::default(), |_, _| Ok(String::new())).unwrap();
        store
    }

    /// No sums, of the present stage.
    fn of_stage() -> FlagSums {
        FlagSums { since: NOW.0, ..FlagSums::default() }
    }

    fn batch(number: i64, (outcomes, errors): (u64, u64), more: FlagSums) -> Batch {
        let pair = (outcomes, errors);
        let sums =
            FlagSums { flag: "a".into(), minute: NOW.0 / MINUTE_MS, exposures: outcomes, errors, stage: pair, treatment: pair, ..more };
        Batch { tally: "t".into(), number, sums: vec![sums], ..Batch::default() }
    }

    /// The decision about a batch, which is stored with the state that follows.
    fn decided(store: &Sqlite<Memory>, ground: &GroundCache, batch: &Batch) -> (Decision, bool) {
        let ground = ground.newest(store).unwrap();
        let judged = |told: &[String]| judge(store, &ground, batch, &told.iter().cloned().collect(), NOW).unwrap();
        let told: Vec<String> = judged(&[]).iter().filter_map(Judged::untold).map(|(flag, _)| flag.to_owned()).collect();
        let judged = judged(&told);
        assert!(judged.iter().all(|judged| judged.untold().is_none()));
        let states: Vec<GuardRow> = judged.iter().map(Judged::row).collect();
        store.keep_sums(batch, &states, NOW).unwrap();
        (judged.into_iter().next().unwrap().decision, !told.is_empty())
    }

    #[test]
    fn stages_are_those_of_rollouts_that_run_with_the_variant_that_they_serve() {
        let ground = GroundCache::default();
        let store = store(&ground);
        let stages = stages_of(&store, &ground.newest(&store).unwrap()).unwrap();
        let stage = Stage { since: NOW.0, version: 1, window_ms: 3_600_000, on: "yes".into(), is_small: false };
        assert_eq!(stages.flags, [("a".to_owned(), stage)].into());
        assert_eq!(stages.epoch, store.newest().unwrap().epoch.to_string());
    }

    #[test]
    fn a_rollback_that_did_not_happen_is_decided_again_and_nothing_is_added_twice() {
        let ground = GroundCache::default();
        let store = store(&ground);
        let errors = batch(1, (30, 30), of_stage());
        for _ in 0..3 {
            let (Decision::RollBack(evidence), _) = decided(&store, &ground, &errors) else { panic!() };
            assert_eq!(evidence.counts, Sums::new(30, 30));
        }
        assert_eq!(store.observed("a", NOW).unwrap().exposures, 30);
    }

    #[test]
    fn sums_of_an_earlier_stage_are_not_judged() {
        let ground = GroundCache::default();
        let store = store(&ground);
        let errors = batch(1, (30, 30), FlagSums { since: 5, ..of_stage() });
        assert_eq!(decided(&store, &ground, &errors).0, Decision::Continue);
    }

    #[test]
    fn a_rollout_that_is_held_gets_one_record_an_hour() {
        let ground = GroundCache::default();
        let store = store(&ground);
        let told: Vec<bool> = (1..=3)
            .map(|number| {
                let held = decided(&store, &ground, &batch(number, (30, 30), FlagSums { over_cap: 100, ..of_stage() }));
                assert!(matches!(held.0, Decision::Held(_)), "{:?}", held.0);
                held.1
            })
            .collect();
        assert_eq!(told, [true, false, false]);
        assert_eq!(store.guard_state("a").unwrap().unwrap().1, Some(NOW));
    }

    #[test]
    fn a_hold_is_decided_again_until_its_sums_are_stored_and_then_no_more() {
        let ground = GroundCache::default();
        let store = store(&ground);
        let (ground, errors) = (ground.newest(&store).unwrap(), batch(1, (30, 30), FlagSums { over_cap: 100, ..of_stage() }));
        let judged = || judge(&store, &ground, &errors, &BTreeSet::new(), NOW).unwrap().pop().unwrap();
        // Its record could not be added: nothing of the batch is stored.
        for _ in 0..3 {
            assert!(judged().untold().is_some_and(|(flag, evidence)| flag == "a" && evidence.doubt == Some(Doubt::FewSources)));
        }
        let told = judge(&store, &ground, &errors, &["a".to_owned()].into(), NOW).unwrap();
        store.keep_sums(&errors, &told.iter().map(Judged::row).collect::<Vec<_>>(), NOW).unwrap();
        assert!(judged().untold().is_none());
        assert_eq!(store.guard_state("a").unwrap().unwrap().1, Some(NOW));
    }

    #[test]
    fn a_rollback_stands_before_a_hold_and_a_hold_before_nothing() {
        let ground = GroundCache::default();
        let store = store(&ground);
        let (back, _) = decided(&store, &ground, &batch(1, (30, 30), of_stage()));
        assert_eq!(stronger(back.clone(), Decision::Continue), back);
        assert_eq!(stronger(Decision::Continue, back.clone()), back);
        let Decision::RollBack(evidence) = back.clone() else { panic!() };
        let held = Decision::Held(evidence);
        assert_eq!(stronger(held.clone(), back.clone()), back);
        assert_eq!(stronger(back.clone(), held.clone()), back);
        assert_eq!(stronger(held.clone(), Decision::Continue), held);
    }
}
