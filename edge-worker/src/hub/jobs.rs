//! Jobs: work of the hub that no request brings, each at its moment.
//!
//! They stand in a table of the store, and the one alarm of the durable object stands at the earliest that this release knows; the others
//! are a later release's and stay where they are. When the alarm fires, the hub carries out one slice of the earliest job and sets the
//! alarm again, so that commands go between slices. A slice and the job's next moment are one transaction: a crash neither loses the
//! job nor repeats the slice. Each attempt is stored before it begins, as failed: one that takes more time or memory than the runtime
//! gives is not repeated at once. The runtime keeps the alarm beside the store, and fires it after a restart without a request.
use sdk_core::Millis;
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use worker::{
    Request, Response, Result, console_error,
    js_sys::{Promise, futures::JsFuture},
};

use super::{FlagHub, baseline, environment_state, journaled::LOOK_MS, push, schedules, webhooks};
use crate::{
    clock,
    problem::Problem,
    settings,
    store::{
        Access, Commit, Conflict, Read, Store,
        jobs::{Expired, Forget, Job, JobKey, Retained},
    },
    version::Version,
};

const HOUR_MS: i64 = 60 * 60 * 1_000;
/// The most rows that one slice deletes.
const SLICE: u32 = 500;
/// The rest of a job that has done all it could: what is kept stays up to an hour longer, and the hub is woken less often.
const REST_MS: i64 = HOUR_MS;
/// The longest delay before a job that failed is tried again. The first is two seconds, and each doubles.
const MAX_DELAY_MS: i64 = HOUR_MS;
/// The longest delay before a schedule that failed is tried again: a person chose its moment, and waits.
const MAX_SCHEDULE_DELAY_MS: i64 = 30_000;
/// The delay of the alarm if the failure of a job could not be stored, or no job be read.
const RETRY_MS: i64 = 60_000;

/// The longest time from when a job is stored to when it is due, and an hour. A longer one is of a clock that was ahead.
const LONGEST_REST_MS: i64 = 7 * 24 * HOUR_MS + HOUR_MS;

/// A kind of job.
#[derive(Clone, Copy)]
enum Kind {
    /// Needs the store alone.
    Store(StoreKind),
    /// Tells the relays of a version that they were not told of.
    Push,
    /// Carries out a scheduled command.
    Schedule,
    /// Tells the target of a webhook what changed.
    Webhook,
    /// Tells relays that their environment was closed or opened.
    EnvironmentState,
}

/// A kind of job that needs the store alone.
#[derive(Clone, Copy)]
enum StoreKind {
    /// Has the trail commit to the rows of earlier releases.
    Baseline,
    /// Deletes what was kept for long enough.
    Retention(Retained),
}

/// The names of the kinds are stored.
const KINDS: [(&str, Kind); 7] = [
    (baseline::JOB, Kind::Store(StoreKind::Baseline)),
    (push::JOB, Kind::Push),
    ("retention.answers", Kind::Store(StoreKind::Retention(Retained::Answers))),
    ("retention.outcomes", Kind::Store(StoreKind::Retention(Retained::Outcomes))),
    (schedules::JOB, Kind::Schedule),
    (environment_state::JOB, Kind::EnvironmentState),
    (webhooks::JOB, Kind::Webhook),
];

const fn kept_for(what: Retained) -> i64 {
    match what {
        Retained::Answers => 24 * HOUR_MS,
        Retained::Outcomes => 7 * 24 * HOUR_MS,
    }
}

/// The earliest job of a kind that this release knows. While the journal is away none that commits to it: a schedule.
fn next(store: &impl Read, is_away: bool) -> Result<Option<(JobKey, Job)>> {
    let kinds: Vec<&str> = KINDS.iter().filter(|(_, kind)| !(is_away && matches!(kind, Kind::Schedule))).map(|(name, _)| *name).collect();
    Ok(store.jobs(Some(&kinds), 1)?.pop())
}

/// The milliseconds after which a job is tried again that has failed so often.
pub(super) fn delay(failures: u32) -> i64 {
    (1_000 << failures.min(20)).min(MAX_DELAY_MS)
}

/// An attempt at a slice of a job.
struct Attempt {
    key: JobKey,
    kind: Kind,
    /// The state of the job if the attempt fails.
    failed: Job,
}

/// Begins an attempt at the earliest job that is due, and stores it as failed. A job that failed is due again after a delay. `is_away`: the
/// journal is away.
fn begin(store: &impl Store, is_away: bool, now: Millis) -> Result<Option<Attempt>> {
    let is_due = |(_, job): &(JobKey, Job)| job.due <= now;
    // A person chose the moment of a schedule: other jobs, each of which may wait for an answer, go behind it.
    let schedule = if is_away { None } else { store.jobs(Some(&[schedules::JOB]), 1)?.pop().filter(is_due) };
    let earliest = if schedule.is_some() { schedule } else { next(store, is_away)?.filter(is_due) };
    let Some((key, job)) = earliest else { return Ok(None) };
    let Some((_, kind)) = KINDS.iter().find(|(name, _)| *name == key.kind) else { return Ok(None) };
    let failures = job.failures.saturating_add(1);
    let delay = match kind {
        Kind::Webhook => delay(failures).max(webhooks::LEASE_MS),
        Kind::Schedule => delay(failures).min(MAX_SCHEDULE_DELAY_MS),
        Kind::Store(_) | Kind::Push | Kind::EnvironmentState => delay(failures),
    };
    let failed = Job { due: after(now, delay), failures, error: Some("the attempt did not end".to_owned()) };
    put(store, &key, Some(failed.clone()), now)?;
    Ok(Some(Attempt { key, kind: *kind, failed }))
}

/// Carries out a slice of a job that needs the store alone.
fn slice(store: &impl Store, key: &JobKey, kind: StoreKind, now: Millis) -> Result<()> {
    match kind {
        StoreKind::Baseline => baseline::ensure(store, now).map_err(|problem| worker::Error::RustError(problem.why())),
        StoreKind::Retention(what) => retain(store, key, what, now),
    }
}

/// Stores the reason of an attempt that failed, and returns the line to log.
fn note(store: &impl Store, Attempt { key, failed, .. }: &Attempt, outcome: Result<()>, now: Millis) -> Result<Option<String>> {
    let Err(error) = outcome else { return Ok(None) };
    let (error, failures) = (error.to_string(), failed.failures);
    let said = format!("the job {} failed {failures} times: {error}", key.kind);
    put(store, key, Some(Job { error: Some(error), ..failed.clone() }), now)?;
    Ok(Some(said))
}

/// Has jobs that a clock which was ahead put off for years due in an hour.
fn bring_back(store: &impl Store, now: Millis) -> Result<()> {
    let latest = after(now, LONGEST_REST_MS);
    // An operator chose the moment of a schedule.
    for (name, _) in KINDS.into_iter().filter(|(_, kind)| !matches!(kind, Kind::Schedule)) {
        if let Some((key, job)) = store.jobs(Some(&[name]), 1)?.pop().filter(|(_, job)| job.due > latest) {
            put(store, &key, Some(Job { due: after(now, HOUR_MS), ..job }), now)?;
        }
    }
    Ok(())
}

/// Stores a job, or deletes it.
pub(super) fn put(store: &impl Store, key: &JobKey, job: Option<Job>, now: Millis) -> Result<()> {
    let jobs = [(key.clone(), job)];
    // The hub is the only writer, and does not wait between the read and the commit.
    let _: Result<Version, Conflict> = store.commit(store.newest()?, &Commit { jobs: &jobs, ..Commit::default() }, now)?;
    Ok(())
}

/// Deletes a slice of what was kept for long enough.
fn retain(store: &impl Store, key: &JobKey, what: Retained, now: Millis) -> Result<()> {
    let kept = kept_for(what);
    let forget = Forget { what, before: after(now, -kept), most: SLICE };
    let Expired { has_any, next } = store.expired(forget)?;
    let due = match next {
        Some(written) if written < forget.before => now,
        // A clock that was ahead may have dated it.
        Some(written) => after(written.min(now), kept).max(after(now, REST_MS)),
        None => after(now, kept),
    };
    let job = Job::due(due);
    let forget = has_any.then_some(forget);
    let commit = Commit { forget, jobs: &[(key.clone(), Some(job))], ..Commit::default() };
    let _: Result<Version, Conflict> = store.commit(store.newest()?, &commit, now)?;
    Ok(())
}

pub(super) const fn after(moment: Millis, millis: i64) -> Millis {
    Millis(moment.0.saturating_add(millis))
}

#[wasm_bindgen]
extern "C" {
    type AlarmStorage;

    /// The `worker` crate's method is a future; this one sets the alarm in the turn of the transaction, and the runtime commits both.
    #[wasm_bindgen(method, catch, js_name = setAlarm)]
    fn set_alarm(this: &AlarmStorage, at: f64) -> Result<JsValue, JsValue>;

    /// Waits until everything that was written is on the disk. The `worker` crate does not have it.
    #[wasm_bindgen(method, catch)]
    fn sync(this: &AlarmStorage) -> Result<Promise, JsValue>;
}

/// The alarm of the hub.
pub(super) struct Alarm {
    storage: AlarmStorage,
    /// The milliseconds by which the time of jobs is ahead of the clock.
    ahead: i64,
    /// True if the hub looks at a journal, whatever jobs there are.
    looks: bool,
    /// True if the journal's database did not answer the last look.
    is_away: bool,
}

impl Alarm {
    /// Sets the alarm to the earliest job.
    pub(super) fn arm(&self, store: &impl Store) -> Result<()> {
        bring_back(store, after(clock::now(), self.ahead))?;
        let job = next(store, self.is_away)?.map(|(_, job)| after(job.due, self.ahead.saturating_neg()));
        let look = self.looks.then(|| after(clock::now(), LOOK_MS));
        job.into_iter().chain(look).min().map_or(Ok(()), |at| set_alarm(&self.storage, at))
    }
}

fn set_alarm(storage: &AlarmStorage, at: Millis) -> Result<()> {
    // The runtime takes no moment before 1970, nor its beginning.
    #[expect(clippy::cast_precision_loss, reason = "a moment of a clock has 42 bits")]
    storage.set_alarm(at.0.max(1) as f64)?;
    Ok(())
}

impl FlagHub {
    /// Carries out a slice of the earliest job, and sets the alarm again. Of an alarm that fails a few times the runtime makes no more
    /// attempts, so that only a failure to set the next one is an error.
    pub(super) async fn wake(&self) -> Result<Response, Problem> {
        if let Err(problem) = self.wake_up().await {
            console_error!("the alarm failed: {}", problem.why());
            self.set_alarm(after(clock::now(), RETRY_MS))?;
        }
        Ok(Response::empty()?)
    }

    async fn wake_up(&self) -> Result<(), Problem> {
        self.take_up_restore()?;
        if !self.restoring.get() {
            return self.work().await;
        }
        // The end of a restore sets the alarm to the earliest job.
        match self.end_forgotten()? {
            Some(until) => self.set_alarm(until),
            None => Ok(()),
        }
    }

    async fn work(&self) -> Result<(), Problem> {
        // In a store of a later release the alarm stays off.
        if self.store.access()? != Access::Write {
            return Ok(());
        }
        if let Err(problem) = self.renew_lost_epoch() {
            console_error!("the epoch was not renewed: {}", problem.why());
        }
        let now = after(clock::now(), self.clock_ahead()?);
        if let Some(attempt) = begin(&self.store, self.is_journal_away()?, now)? {
            JsFuture::from(self.storage().sync().map_err(worker::Error::from)?).await.map_err(worker::Error::from)?;
            // Meanwhile a restore may have begun.
            if self.restoring.get() {
                return Ok(());
            }
            let outcome = match attempt.kind {
                Kind::Store(kind) => slice(&self.store, &attempt.key, kind, now),
                Kind::Push => self.push_again().await,
                Kind::EnvironmentState => self.tell_environment_state(&attempt.key, &attempt.failed).await,
                Kind::Schedule => self.carry_out_schedule(&attempt.key.payload, now).await,
                Kind::Webhook => self
                    .deliver(&attempt.key.payload, attempt.failed.failures, now)
                    .map_err(|problem| worker::Error::RustError(problem.why())),
            };
            if self.restoring.get() {
                return Ok(());
            }
            if let Some(said) = note(&self.store, &attempt, outcome, now)? {
                console_error!("{said}");
            }
            if let Kind::Store(StoreKind::Baseline) = attempt.kind {
                self.ground.forget();
            }
        }
        self.arm()
    }

    /// Sets the alarm to the earliest job.
    pub(super) fn arm(&self) -> Result<(), Problem> {
        Ok(self.alarm_of()?.arm(&self.store)?)
    }

    pub(super) fn set_alarm(&self, at: Millis) -> Result<(), Problem> {
        Ok(set_alarm(&self.storage(), at)?)
    }

    /// The alarm, for work that goes on behind a request.
    pub(super) fn alarm_of(&self) -> Result<Alarm, Problem> {
        let (looks, is_away) = (self.journal()?.is_some(), self.is_journal_away()?);
        Ok(Alarm { storage: self.storage(), ahead: self.clock_ahead()?, looks, is_away })
    }

    fn storage(&self) -> AlarmStorage {
        AsRef::<JsValue>::as_ref(self.state.storage().as_raw()).clone().unchecked_into()
    }

    /// The milliseconds by which the time of jobs is ahead of the clock: none, unless the deployment is there to be tested.
    fn clock_ahead(&self) -> Result<i64, Problem> {
        if settings::of(&self.env)?.has_test_clock { Ok(self.store.clock_ahead()?) } else { Ok(0) }
    }

    /// With `TEST_CLOCK=on`, sets the time of jobs to the time in a request's header. The time goes on from there, also after a restart.
    pub(super) fn take_time(&self, request: &Request) -> Result<(), Problem> {
        let settings = settings::of(&self.env)?;
        let ahead = clock::ahead(request, &settings, clock::now());
        if ahead != 0 && self.store.access()? == Access::Write {
            let commit = Commit { clock_ahead: Some(ahead), ..Commit::default() };
            self.store.commit(self.store.newest()?, &commit, clock::now())?.map_err(|Conflict| Problem::conflict())?;
            self.arm()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        Answer,
        sqlite::{
            Sqlite,
            database::{Database as _, tests::Memory},
            edits::{UNREADABLE_JOBS, outcome_of_an_earlier_release},
        },
    };

    type Memoried = Sqlite<Memory>;

    /// A store with no jobs but these.
    fn store(jobs: &[(&str, i64)]) -> Memoried {
        let store = Sqlite::new(Memory::new());
        let own: Vec<_> = store.jobs(None, 9).unwrap().into_iter().map(|(key, _)| (key, None)).collect();
        commit(&store, &Commit { jobs: &own, ..Commit::default() }, 0);
        for (kind, due) in jobs {
            let key = JobKey { kind: (*kind).into(), payload: String::new() };
            let job = Job::due(Millis(*due));
            commit(&store, &Commit { jobs: &[(key, Some(job))], ..Commit::default() }, 0);
        }
        store
    }

    fn commit(store: &Memoried, commit: &Commit<'_>, at: i64) {
        store.commit(store.newest().unwrap(), commit, Millis(at)).unwrap().unwrap();
    }

    fn answer(store: &Memoried, key: &str, at: i64) {
        let answer = Some(Answer { subject: "ann", key, request: "r", body: "b" });
        commit(store, &Commit { answer, ..Commit::default() }, at);
    }

    fn has_answer(store: &Memoried, key: &str) -> bool {
        store.answered("ann", key).unwrap().is_some()
    }

    fn due(store: &Memoried) -> i64 {
        next(store, false).unwrap().unwrap().1.due.0
    }

    fn run(store: &Memoried, now: Millis) -> Result<Option<String>> {
        let Some(attempt) = begin(store, false, now)? else { return Ok(None) };
        let Kind::Store(kind) = attempt.kind else { panic!("the job needs others") };
        let outcome = slice(store, &attempt.key, kind, now);
        note(store, &attempt, outcome, now)
    }

    fn wakes(store: &Memoried, now: i64) {
        assert_eq!(run(store, Millis(now)).unwrap(), None);
    }

    #[test]
    fn an_answer_is_kept_for_a_day_from_when_it_was_written() {
        let (minute, day) = (60_000, 24 * HOUR_MS);
        let store = store(&[("retention.answers", 0)]);
        answer(&store, "first", 0);
        answer(&store, "second", minute);
        for now in [0, day / 2, day] {
            wakes(&store, now);
            assert!(has_answer(&store, "first"), "{now}");
        }
        // The job rests for an hour, so that many answers in a row do not each wake the hub.
        assert_eq!(due(&store), day + HOUR_MS);
        wakes(&store, day + HOUR_MS - 1);
        assert!(has_answer(&store, "first"));
        answer(&store, "third", day + HOUR_MS);
        wakes(&store, day + HOUR_MS);
        assert_eq!(["first", "second", "third"].map(|key| has_answer(&store, key)), [false, false, true]);
        assert_eq!(due(&store), 2 * day + HOUR_MS);
        wakes(&store, 4 * day);
        assert!(!has_answer(&store, "third"));
        assert_eq!(due(&store), 5 * day);
    }

    #[test]
    fn an_outcome_of_an_earlier_release_is_kept_for_seven_days_and_a_step_of_a_rollout_for_ever() {
        let store = store(&[("retention.outcomes", 0)]);
        let day = 24 * HOUR_MS;
        // As an earlier release stored them.
        for at in [0, day] {
            outcome_of_an_earlier_release(&store, at);
        }
        let step = control::Event { flag: "a".into(), feature: "a".into(), name: "enabled", metadata: "{}".into() };
        commit(&store, &Commit { events: &[("step".into(), step)], ..Commit::default() }, 0);
        let ids = || -> Vec<String> {
            let all = crate::store::audit::EventsQuery { limit: 9, ..Default::default() };
            store.events(&all).unwrap().entries.into_iter().map(|event| event.id).collect()
        };
        wakes(&store, 7 * day);
        assert_eq!(ids(), ["step", "86400000", "0"]);
        wakes(&store, 7 * day + HOUR_MS);
        assert_eq!(ids(), ["step", "86400000"]);
        wakes(&store, 90 * day);
        assert_eq!(ids(), ["step"]);
    }

    #[test]
    fn a_slice_deletes_the_oldest_500_and_the_job_is_due_at_once() {
        let store = store(&[("retention.answers", 0)]);
        (0..1_201).for_each(|number| answer(&store, &number.to_string(), number));
        let now = 100 * HOUR_MS;
        for (left, expected) in [(701, now), (201, now), (0, now + 24 * HOUR_MS)] {
            wakes(&store, now);
            assert_eq!(due(&store), expected);
            let first = (0..1_201).find(|number| has_answer(&store, &number.to_string()));
            assert_eq!(first, (left > 0).then_some(1_201 - left));
        }
    }

    #[test]
    fn a_job_that_fails_writes_nothing_and_is_tried_again_with_a_growing_delay() {
        let store = store(&[("retention.answers", 0)]);
        answer(&store, "kept", 0);
        // The slice has deleted its rows when it fails.
        store.fail_jobs(true);
        let (mut now, mut delays) = (100 * HOUR_MS, Vec::new());
        for failures in 1..=14 {
            let said = run(&store, Millis(now)).unwrap().unwrap();
            assert!(said.starts_with(&format!("the job retention.answers failed {failures} times: ")), "{said}");
            let (_, job) = next(&store, false).unwrap().unwrap();
            assert!(job.failures == failures && job.error.unwrap().contains("as a test wants") && has_answer(&store, "kept"));
            wakes(&store, job.due.0 - 1);
            delays.push((job.due.0 - now) / 1_000);
            now = job.due.0;
        }
        assert_eq!(delays, [2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 2_048, 3_600, 3_600, 3_600]);
        store.fail_jobs(false);
        wakes(&store, now);
        let (_, job) = next(&store, false).unwrap().unwrap();
        assert_eq!((job.failures, job.error, has_answer(&store, "kept")), (0, None, false));
    }

    #[test]
    fn an_attempt_that_does_not_end_is_not_repeated_at_once() {
        let store = store(&[("retention.answers", 0)]);
        answer(&store, "old", 0);
        let mut now = 100 * HOUR_MS;
        for failures in 1..=3 {
            assert!(begin(&store, false, Millis(now)).unwrap().is_some());
            let (_, job) = next(&store, false).unwrap().unwrap();
            assert_eq!(
                (job.due.0 - now, job.failures, job.error.as_deref()),
                (1_000 << failures, failures, Some("the attempt did not end"))
            );
            assert!(begin(&store, false, Millis(job.due.0 - 1)).unwrap().is_none());
            now = job.due.0;
        }
        wakes(&store, now);
        let (_, job) = next(&store, false).unwrap().unwrap();
        assert_eq!((job.failures, job.error, has_answer(&store, "old")), (0, None, false));
    }

    #[test]
    fn a_schedule_that_fails_is_tried_again_within_half_a_minute_however_long_it_fails() {
        let (mut now, store) = (100 * HOUR_MS, store(&[("schedule", 0)]));
        let mut delays = Vec::new();
        for failures in 1..=20 {
            assert!(begin(&store, false, Millis(now)).unwrap().is_some());
            let (_, job) = next(&store, false).unwrap().unwrap();
            assert_eq!(job.failures, failures);
            assert!(begin(&store, false, Millis(job.due.0 - 1)).unwrap().is_none());
            delays.push((job.due.0 - now) / 1_000);
            now = job.due.0;
        }
        assert_eq!(delays, [&[2, 4, 8, 16][..], &[30; 16]].concat());
    }

    #[test]
    fn a_schedule_that_is_due_goes_before_jobs_that_were_due_earlier() {
        let store = store(&[("schedule", 100), ("push", 1), ("environment.state", 0)]);
        let kind = |now| begin(&store, false, Millis(now)).unwrap().map(|attempt| attempt.key.kind);
        assert_eq!(kind(99).as_deref(), Some("environment.state"));
        assert_eq!(kind(100).as_deref(), Some("schedule"));
        assert_eq!(kind(100).as_deref(), Some("push"));
    }

    #[test]
    fn a_job_that_an_edit_made_unreadable_holds_up_no_other() {
        let store = store(&[("retention.answers", 10)]);
        store.database().script(UNREADABLE_JOBS).unwrap();
        assert_eq!(next(&store, false).unwrap().unwrap().0.kind, "retention.answers");
        assert_eq!(store.jobs(None, 9).unwrap().len(), 1);
    }

    #[test]
    fn while_the_journal_is_away_no_schedule_is_tried_and_other_jobs_are() {
        let store = store(&[("schedule", 1), ("retention.answers", 2)]);
        answer(&store, "old", 0);
        let (now, kind) = (Millis(100 * HOUR_MS), |attempt: Option<Attempt>| attempt.map(|attempt| attempt.key.kind));
        // Of an outage of any length nothing is left that would put the schedule off.
        assert_eq!(kind(begin(&store, true, now).unwrap()).as_deref(), Some("retention.answers"));
        assert!(begin(&store, true, now).unwrap().is_none());
        assert_eq!(next(&store, true).unwrap().unwrap().0.kind, "retention.answers");
        let (key, job) = next(&store, false).unwrap().unwrap();
        assert_eq!((key.kind.as_str(), job.due, job.failures), ("schedule", Millis(1), 0));
        assert_eq!(kind(begin(&store, false, now).unwrap()).as_deref(), Some("schedule"));
    }

    #[test]
    fn a_job_that_a_clock_put_off_while_it_was_ahead_is_due_in_an_hour() {
        let (now, day, year) = (100 * HOUR_MS, 24 * HOUR_MS, 365 * 24 * HOUR_MS);
        let store = store(&[("retention.answers", now), ("retention.outcomes", now)]);
        answer(&store, "of then", now + 15 * year);
        for _ in KINDS {
            wakes(&store, now + 14 * year);
        }
        assert!(due(&store) > now + 14 * year);
        bring_back(&store, Millis(now)).unwrap();
        let soon = now + HOUR_MS;
        for (kind, kept) in [("retention.answers", day), ("retention.outcomes", 7 * day)] {
            let due = || store.jobs(Some(&[kind]), 1).unwrap().pop().unwrap().1.due.0;
            assert_eq!(due(), soon, "{kind}");
            wakes(&store, soon);
            // Not for as long as until the answer of then is old.
            assert_eq!(due(), soon + kept, "{kind}");
            bring_back(&store, Millis(soon)).unwrap();
            assert_eq!(due(), soon + kept, "{kind}");
        }
    }

    #[test]
    fn a_job_of_a_later_release_stays_and_holds_up_no_other() {
        let store = store(&[("later", 0), ("retention.answers", 10)]);
        answer(&store, "old", 0);
        wakes(&store, 100 * HOUR_MS);
        assert!(!has_answer(&store, "old"));
        let (later, job) = store.jobs(Some(&["later"]), 1).unwrap().pop().unwrap();
        assert_eq!((later.kind.as_str(), job.due, job.failures), ("later", Millis(0), 0));
        wakes(&store, 100 * HOUR_MS);
    }

    #[test]
    fn jobs_that_are_due_take_turns() {
        let store = store(&[("retention.answers", 1), ("retention.outcomes", 2)]);
        (0..1_000).for_each(|number| answer(&store, &number.to_string(), number));
        let now = 100 * HOUR_MS;
        let mut turns = Vec::new();
        for _ in 0..3 {
            turns.push(next(&store, false).unwrap().unwrap().0.kind);
            wakes(&store, now);
        }
        assert_eq!(turns, ["retention.answers", "retention.outcomes", "retention.answers"]);
    }

    #[test]
    fn a_new_store_has_every_job_but_those_behind_something() {
        let store = Sqlite::new(Memory::new());
        for (kind, _) in KINDS {
            assert_eq!(
                store.jobs(Some(&[kind]), 1).unwrap().is_empty(),
                [baseline::JOB, push::JOB, schedules::JOB, environment_state::JOB, webhooks::JOB].contains(&kind),
                "{kind}"
            );
        }
    }
}
