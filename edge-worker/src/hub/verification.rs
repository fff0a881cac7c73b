//! Verifies the audit trail in slices: `GET /api/admin/changes/verify`.
//!
//! A verification follows the chain of hashes, compares the rows of each version with the hash in its records, and then compares the
//! tables that the hub serves from with the history of rows. Each slice reads a bounded number of rows in one turn of the hub, and other
//! requests are carried out between slices. The requests that ask for the result carry the slices out: no work is done that nobody waits
//! for, and two requests share one verification. Its state is stored between slices, so that it goes on after a crash; and where one ended
//! that found no fault, the next begins. A full verification begins at the first record, takes nothing for true that the store keeps, and
//! after a crash begins again. Both look for the record at which the last good one ended.
use std::{collections::VecDeque, task::Poll, time::Duration};

use control::change::{Hash, Verifier};
use sdk_core::Millis;
use serde::{Deserialize, Serialize};
use worker::{Delay, Response};

use super::{
    FlagHub,
    admin::{AdminRequest, json},
    written_rows::{Budget, ServingRows, WrittenRows},
};
use crate::{
    clock,
    problem::Problem,
    store::{
        Access, Read, Store, Verification,
        audit::{Compared, ComparisonPlace, ComparisonStep, Stored},
    },
};

/// The seconds for which a request carries slices out, and the most that a request may name.
const WAIT: u32 = 5;
const LONGEST_WAIT: u32 = 20;
/// The milliseconds behind which a full verification without a request is abandoned.
const ABANDONED_MS: i64 = 60_000;
/// The pause between two slices: one turn of the runtime's loop, in which other requests are carried out. A millisecond more with each slice
/// was a fifth of a verification.
const PAUSE: Duration = Duration::ZERO;

impl FlagHub {
    /// GET `?full=&wait=`: verifies the trail and answers its first fault, if there is one; or how far the verification has come if it is
    /// not over after `wait` seconds.
    pub(super) async fn verify_changes(&self, asked: &AdminRequest) -> Result<Response, Problem> {
        let is_full = asked.query.flag("full")?;
        let wait = asked.query.number("wait")?.unwrap_or(WAIT);
        if wait > LONGEST_WAIT {
            return Err(Problem::malformed(format!("expected wait to be at most {LONGEST_WAIT}")));
        }
        let until = clock::now().0.saturating_add(i64::from(wait) * 1_000);
        // The state of a store of a later release is that release's.
        let is_kept = self.store.access()? == Access::Write;
        let walk = match self.verification.take() {
            InProgress::At(walk, last) if !is_full || walk.is_sound(last, clock::now()) => Some(*walk),
            InProgress::At(..) | InProgress::Ended(_) | InProgress::Nowhere if is_full => None,
            InProgress::At(..) | InProgress::Ended(_) | InProgress::Nowhere => Walk::resumed(&self.store)?,
        };
        let mut walk = match walk {
            Some(walk) => walk,
            None => Walk::begun(&self.store, is_full)?,
        };
        loop {
            let (left, view) = walk.slice(&self.store, is_kept)?;
            let text = written(&view)?;
            let Some(left) = left else {
                self.verification.replace(InProgress::Ended(text.clone()));
                return json(Ok(text));
            };
            self.verification.replace(InProgress::At(Box::new(left), clock::now()));
            if clock::now().0 >= until {
                return json(Ok(text));
            }
            Delay::from(PAUSE).await;
            self.check_open()?;
            walk = match self.verification.take() {
                InProgress::At(walk, _) => *walk,
                // Another request carried out the last slice.
                InProgress::Ended(text) => {
                    self.verification.replace(InProgress::Ended(text.clone()));
                    return json(Ok(text));
                }
                // A restore ended it: the hub holds another trail now.
                InProgress::Nowhere => return Err(Problem::conflict()),
            };
        }
    }
}

fn written(view: &impl Serialize) -> Result<String, Problem> {
    serde_json::to_string(view).map_err(|error| worker::Error::from(error).into())
}

/// The state of a verification between two slices, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    /// The first record that this verification looks at.
    from: u64,
    /// The version behind which it compares what serves; `None` for all.
    since: Option<u32>,
    /// The last record that was verified: its number, its version and its hash in hex; 0 for none.
    sequence: u64,
    version: u32,
    head: String,
    /// The last version whose rows were hashed, and their hash in hex.
    rows: Option<(u32, String)>,
    /// The record from which on the trail commits to every row that serves.
    proved_from: Option<u64>,
    /// The position among the rows that serve; `None` as long as records are verified.
    compared: Option<ComparisonPlace>,
    /// True if a later verification found a fault: the next begins at the first record, and still looks for the record this one ended at.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    is_doubted: bool,
}

impl Run {
    fn full() -> Self {
        let head = Hash::NONE.to_hex();
        let proved_from = Some(1);
        Self { from: 1, since: None, sequence: 0, version: 0, head, rows: None, proved_from, compared: None, is_doubted: false }
    }

    /// A verification of what is newer than what this one has found to hold.
    fn next(self) -> Self {
        Self { from: self.sequence + 1, since: Some(self.version), compared: None, ..self }
    }
}

/// The hub's own knowledge of a verification, since the object started.
#[derive(Default)]
pub(super) enum InProgress {
    /// No verification; the store may have the state of one.
    #[default]
    Nowhere,
    /// One that has not ended, and the moment of its last slice.
    At(Box<Walk>, Millis),
    /// The result of the last one, for a request that had a part in it.
    Ended(String),
}

/// A verification between two slices, with what was read and is not yet verified.
pub(super) struct Walk {
    run: Run,
    /// True if this object looked at everything itself, from the first record on.
    is_own: bool,
    verifier: Verifier,
    records: VecDeque<Stored>,
    rows: WrittenRows,
    /// The rows that served at the version of a baseline, while they are hashed.
    serving: Option<ServingRows>,
}

/// The result of a verification, or how far it has come.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Trail {
    /// The first fault.
    #[serde(skip_serializing_if = "Option::is_none")]
    broken: Option<String>,
    /// The hash of the last record that was verified, in hex.
    head: String,
    /// The number of the newest record, of a verification that is not over.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<u64>,
    /// The number of the record from which on the trail commits to every row that serves.
    #[serde(skip_serializing_if = "Option::is_none")]
    proved_from: Option<u64>,
    /// The number of the last record that was verified.
    records: u64,
    state: &'static str,
    /// Absent as long as it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    valid: Option<bool>,
    /// The first record that this verification looked at; those before it were verified by an earlier one.
    verified_from: u64,
}

/// The outcome of the part of a slice that is about records, or about what serves.
enum Progress {
    /// There is more to do.
    More,
    /// It is done.
    Done,
    Fault(String),
}

impl Walk {
    /// The verification that a crash interrupted.
    fn resumed(store: &impl Read) -> Result<Option<Self>, Problem> {
        Ok(kept(store, Verification::Running)?.map(|run| Self::of(run, false)))
    }

    /// A new verification: behind the last one that found no fault, or of everything.
    fn begun(store: &impl Read, is_full: bool) -> Result<Self, Problem> {
        let good = if is_full { None } else { kept(store, Verification::Good)?.filter(|good| !good.is_doubted) };
        let is_own = good.is_none();
        Ok(Self::of(good.map_or_else(Run::full, Run::next), is_own))
    }

    /// Returns true if a full verification may go on with this one: it relies on nothing that the store keeps, and not on what was true long
    /// ago.
    const fn is_sound(&self, last: Millis, now: Millis) -> bool {
        self.is_own && now.0.saturating_sub(last.0) < ABANDONED_MS
    }

    fn of(run: Run, is_own: bool) -> Self {
        let hash = |hex: &str| Hash::from_hex(hex).unwrap_or(Hash::NONE);
        let verifier = Verifier::behind(hash(&run.head), run.sequence);
        let rows = WrittenRows::behind(run.rows.as_ref().map(|(version, hex)| (*version, hash(hex))));
        Self { run, is_own, verifier, records: VecDeque::new(), rows, serving: None }
    }

    /// Carries out one slice. Returns the verification, unless it has ended, and what there is to tell.
    fn slice(mut self, store: &impl Store, is_kept: bool) -> Result<(Option<Self>, Trail), Problem> {
        let mut budget = Budget::SLICE;
        let before = self.run.clone();
        let fault = loop {
            let progress = match self.run.compared.take() {
                None => self.verify(store, &mut budget)?,
                Some(place) => self.compare(store, &place, &mut budget)?,
            };
            self.note_hashes();
            match progress {
                Progress::Fault(why) => break Some(why),
                Progress::Done => break None,
                Progress::More if budget.is_spent() => {
                    if is_kept && self.run != before {
                        store.keep_verification(Verification::Running, Some(&written(&self.run)?))?;
                    }
                    let view = self.view("running", None, None);
                    let of = store.head()?.link.sequence.max(self.run.sequence);
                    return Ok((Some(self), Trail { of: Some(of), ..view }));
                }
                Progress::More => {}
            }
        };
        if is_kept {
            // After a fault no earlier result is relied upon; but the record it ended at must stay.
            let good = match &fault {
                None => Some(self.run.clone()),
                Some(_) => kept(store, Verification::Good)?.map(|good| Run { is_doubted: true, ..good }),
            };
            keep(store, Verification::Good, good.as_ref().map(written).transpose()?.as_deref())?;
            keep(store, Verification::Running, None)?;
        }
        let is_valid = fault.is_none();
        Ok((None, self.view("done", fault, Some(is_valid))))
    }

    /// Verifies records.
    fn verify(&mut self, store: &impl Read, budget: &mut Budget) -> Result<Progress, Problem> {
        if self.run.sequence + 1 == self.run.from
            && let Some(fault) = lost_head(store)?
        {
            return Ok(Progress::Fault(fault));
        }
        while !budget.is_spent() {
            if self.records.is_empty() {
                self.records.extend(store.records(self.run.sequence, budget.rows)?);
            }
            let Some(Stored { link, payload, hashes }) = self.records.front() else {
                self.run.compared = Some(ComparisonPlace::of(ComparisonStep::Rows));
                return Ok(Progress::More);
            };
            let (link, hashes, bytes) = (*link, *hashes, payload.as_deref().map_or(0, str::len));
            let mut verifier = self.verifier;
            if let Err(why) = verifier.next(link, payload.as_deref(), hashes) {
                return Ok(Progress::Fault(why));
            }
            let mut proved_from = self.run.proved_from;
            if let Some(committed) = hashes.rows {
                let Poll::Ready(written) = self.rows.hash(store, link.version, budget)? else { return Ok(Progress::More) };
                if self.rows.has_passed() {
                    proved_from = None;
                }
                if written != Some(committed) {
                    // All other records commit to the rows of their version alone.
                    let serving = self.serving.get_or_insert_with(|| ServingRows::at(link.version));
                    let Poll::Ready(all) = serving.hash(store, budget)? else {
                        self.run.proved_from = proved_from;
                        return Ok(Progress::More);
                    };
                    self.serving = None;
                    if all != committed {
                        let (version, sequence) = (link.version, link.sequence);
                        return Ok(Progress::Fault(format!("the rows of version {version}, of record {sequence}, were altered")));
                    }
                    proved_from = Some(link.sequence);
                }
            } else {
                proved_from = None;
            }
            self.records.pop_front();
            budget.spend(1, bytes);
            self.verifier = verifier;
            self.run.sequence = link.sequence;
            self.run.version = link.version;
            self.run.proved_from = proved_from;
        }
        Ok(Progress::More)
    }

    /// Notes the hashes of what was verified, which are needed between slices alone.
    fn note_hashes(&mut self) {
        self.run.head = self.verifier.head().0.to_hex();
        self.run.rows = self.rows.hashed().map(|(version, hash)| (version, hash.to_hex()));
    }

    /// Compares what serves with the history of rows.
    fn compare(&mut self, store: &impl Read, place: &ComparisonPlace, budget: &mut Budget) -> Result<Progress, Problem> {
        match store.compare(self.run.since, place, budget.rows)? {
            Compared::Fault(why) => Ok(Progress::Fault(why)),
            Compared::End => Ok(Progress::Done),
            Compared::Next { place, looked } => {
                budget.spend(looked, 0);
                self.run.compared = Some(place);
                Ok(Progress::More)
            }
        }
    }

    fn view(&self, state: &'static str, broken: Option<String>, valid: Option<bool>) -> Trail {
        let Run { from, sequence, head, proved_from, .. } = &self.run;
        let proved_from = proved_from.filter(|_| valid == Some(true));
        Trail { broken, head: head.clone(), of: None, proved_from, records: *sequence, state, valid, verified_from: *from }
    }
}

/// The fault where the record that the last good verification ended at is no longer there, or another one. A full verification looks for it
/// too: of a trail without its newest records nothing else tells.
fn lost_head(store: &impl Read) -> Result<Option<String>, Problem> {
    let Some(Run { sequence, head, .. }) = kept(store, Verification::Good)?.filter(|good| good.sequence > 0) else { return Ok(None) };
    let found = store.records(sequence - 1, 1)?.pop();
    let is_there = found.is_some_and(|record| record.link.sequence == sequence && record.hashes.chain.to_hex() == head);
    Ok((!is_there).then(|| format!("record {sequence}, which an earlier verification found, is missing or was altered")))
}

/// A state that an earlier request left; `None` if there is none, or if it is a later release's.
fn kept(store: &impl Read, what: Verification) -> Result<Option<Run>, Problem> {
    Ok(store.verification(what)?.and_then(|state| serde_json::from_str(&state).ok()))
}

fn keep(store: &impl Store, what: Verification, state: Option<&str>) -> Result<(), Problem> {
    if store.verification(what)?.as_deref() != state {
        store.keep_verification(what, state)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        Commit,
        sqlite::{
            Sqlite,
            database::{Database as _, tests::Memory},
            edits,
        },
    };
    use control::{
        change::{Action, Actor, Change, Record, RowsHasher},
        rows::{RowKey, RowKind},
    };

    /// Writes versions with one flag and one record each.
    fn write(store: &Sqlite<Memory>, versions: u32) {
        for _ in 0..versions {
            let head = store.head().unwrap();
            let at = Millis(i64::from(head.link.version) + 1);
            let link = control::change::Link { sequence: head.link.sequence + 1, version: head.link.version + 1 };
            let name = format!("f{}", link.version);
            let rows = RowsHasher::new(at).row("flag", &name, None, Some("1")).finish();
            let change = Change { action: Action::DefinitionSet, ..Change::baseline() };
            let record = Record::seal(&change, &Actor::system("a test", at), link, &name, rows, head.chain);
            let writes = [(RowKey::of(RowKind::Flag, &name), Some("1".to_owned()))];
            let commit = Commit { writes: &writes, records: &[record], ..Commit::default() };
            store.commit(store.newest().unwrap(), &commit, at).unwrap().unwrap();
        }
    }

    /// Verifies to the end, and counts the slices. After each slice the hub starts again if `is_crashing`.
    fn verify(store: &Sqlite<Memory>, is_full: bool, is_crashing: bool) -> (u32, Trail) {
        let mut walk = Walk::begun(store, is_full).unwrap();
        for slices in 1.. {
            match walk.slice(store, true).unwrap() {
                (None, view) => return (slices, view),
                (Some(left), view) => {
                    assert_eq!((view.state, view.valid, view.proved_from), ("running", None, None));
                    walk = if is_crashing { Walk::resumed(store).unwrap().unwrap() } else { left };
                }
            }
        }
        unreachable!("it ends")
    }

    fn edit(store: &Sqlite<Memory>, statement: &str) {
        store.database().script(statement).unwrap();
    }

    #[test]
    fn each_slice_has_500_rows_and_a_crash_between_two_loses_none() {
        let store = Sqlite::new(Memory::new());
        write(&store, 1_000);
        // 1,000 records and what they wrote, rows, rows that serve, versions, and versions of rows: 6,000 in all.
        let (least, expected) = (6_000 / 500, (1_000, Some(1), Some(true), 1));
        for is_crashing in [false, true] {
            let (slices, view) = verify(&store, true, is_crashing);
            assert!((least..=least + 4).contains(&slices), "{slices}");
            assert_eq!((view.records, view.proved_from, view.valid, view.verified_from), expected);
            assert_eq!(view.head, store.head().unwrap().chain.to_hex());
            assert_eq!(store.verification(Verification::Running).unwrap(), None);
        }
    }

    #[test]
    fn only_newer_records_are_verified_again_unless_all_are_asked_for() {
        let store = Sqlite::new(Memory::new());
        write(&store, 3);
        assert_eq!(verify(&store, false, false).1.verified_from, 1);
        write(&store, 2);
        let (_, view) = verify(&store, false, false);
        assert_eq!((view.verified_from, view.records, view.proved_from, view.valid), (4, 5, Some(1), Some(true)));
        // An edit below: the next full verification finds it, and then every one until it is gone.
        edit(&store, edits::OTHER_TEXT_OF_2);
        assert_eq!(verify(&store, false, false).1.valid, Some(true));
        for is_full in [true, false] {
            let (_, view) = verify(&store, is_full, false);
            assert_eq!(view.broken.as_deref(), Some("the rows of version 2, of record 2, were altered"));
            assert_eq!((view.valid, view.records, view.proved_from), (Some(false), 1, None));
        }
        edit(&store, edits::TEXT_OF_2);
        let (_, view) = verify(&store, false, false);
        assert_eq!((view.verified_from, view.valid), (1, Some(true)));
    }

    #[test]
    fn newer_rows_are_compared_with_what_serves() {
        for (statement, fault) in [
            (edits::LOST_ROW, "the flag \"f4\" does not serve as it was last written"),
            (edits::EARLIER_ROW, "the flag \"f4\" does not serve as it was last written"),
            (edits::MADE_UP_VERSION, "version 5 has no record"),
            (edits::OTHER_TEXT_OF_F4, "the rows of version 4, of record 4, were altered"),
            (edits::BYTES_FOR_F4, "the rows of version 4, of record 4, were altered"),
        ] {
            let store = Sqlite::new(Memory::new());
            write(&store, 3);
            assert_eq!(verify(&store, false, false).1.valid, Some(true));
            write(&store, 1);
            edit(&store, statement);
            let (_, view) = verify(&store, false, false);
            assert_eq!((view.broken.as_deref(), view.verified_from), (Some(fault), 4));
        }
    }

    #[test]
    fn a_payload_is_gone_only_where_a_record_erases_it() {
        let store = Sqlite::new(Memory::new());
        write(&store, 3);
        assert_eq!(verify(&store, false, false).1.valid, Some(true));
        edit(&store, edits::LOST_PAYLOAD);
        for is_full in [false, true] {
            assert_eq!(
                verify(&store, is_full, false).1.broken.as_deref(),
                Some("the payload of record 2 is gone, and no record erases it")
            );
        }
        let head = store.head().unwrap();
        let link = control::change::Link { sequence: 4, version: 3 };
        let rows = crate::hub::written_rows::hash_of(&store, 3).unwrap().unwrap();
        let erasure = Record::seal(&Change::erasure(2), &Actor::system("she asked", Millis(4)), link, "e", rows, head.chain);
        let commit = Commit { records: &[erasure], erase: Some(2), ..Commit::default() };
        store.commit(store.newest().unwrap(), &commit, Millis(4)).unwrap().unwrap();
        assert_eq!(verify(&store, true, false).1.valid, Some(true));
    }

    #[test]
    fn a_trail_that_lost_its_newest_records_is_broken() {
        let store = Sqlite::new(Memory::new());
        write(&store, 3);
        assert_eq!(verify(&store, false, false).1.valid, Some(true));
        edit(&store, edits::LOST_END);
        // Neither a verification of everything nor the one before it makes the loss forgotten.
        for is_full in [true, false, true] {
            let (_, view) = verify(&store, is_full, false);
            assert_eq!(view.broken.as_deref(), Some("record 3, which an earlier verification found, is missing or was altered"));
        }
    }

    #[test]
    fn a_full_verification_relies_on_nothing_that_the_store_keeps_nor_on_what_was_true_long_ago() {
        let store = Sqlite::new(Memory::new());
        write(&store, 1_000);
        let (left, _) = Walk::begun(&store, true).unwrap().slice(&store, true).unwrap();
        let left = left.unwrap();
        assert!(left.is_sound(Millis(0), Millis(ABANDONED_MS - 1)) && !left.is_sound(Millis(0), Millis(ABANDONED_MS)));
        assert!(!Walk::resumed(&store).unwrap().unwrap().is_sound(Millis(0), Millis(0)));
        assert!(Walk::begun(&store, false).unwrap().is_sound(Millis(0), Millis(0)));
        verify(&store, true, false);
        write(&store, 1);
        assert!(!Walk::begun(&store, false).unwrap().is_sound(Millis(0), Millis(0)));
    }
}
