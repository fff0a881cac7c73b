//! Carries out scheduled requests when they are due.
//!
//! The job of a schedule stands and falls with its row: [`jobs_of`] derives it from the rows that a version writes, in one transaction, and a
//! hub that opens its store writes those that are missing. The
//! version that carries a request out, or records its refusal, removes the row; so a crash neither loses a schedule nor repeats one.
use control::{
    CommandOutcome,
    change::{Actor, BREAK_GLASS},
    rows::{RowKey, RowKind},
    schedules::{Schedule, refused, refused_row, unreadable},
};
use sdk_core::Millis;

use super::{FlagHub, client, execute::Decision, jobs};
use crate::{
    problem::Problem,
    settings,
    store::{
        Commit, Conflict, Store, Wanted,
        jobs::{Job, JobKey},
    },
};

/// The kind of the jobs, whose payload is the id of the schedule.
pub(super) const JOB: &str = "schedule";
/// The milliseconds between two attempts at a request whose gate is closed.
const GATE_MS: i64 = 60_000;
/// The codes of refusals that time may lift.
const WAITS: [&str; 2] = ["TOO_EARLY", "GATE_CLOSED"];

/// The jobs that come and go with these rows. A schedule that this release could not read has none any more.
pub(super) fn jobs_of(writes: &[(RowKey, Option<String>)]) -> Vec<(JobKey, Option<Job>)> {
    let of_schedule = writes.iter().filter(|(key, _)| key.kind == RowKind::Schedule);
    let job = |(key, text): &(RowKey, Option<String>)| {
        let due = match text.as_deref().map(|text| (Schedule::from_row(text), refused_row(text))) {
            Some((Some(schedule), _)) => Some(schedule.step.at),
            // Another release wrote it. The first attempt records that this one cannot read it.
            Some((None, None)) => Some(Millis(0)),
            Some((None, Some(_))) | None => None,
        };
        (job_key(&key.name), due.map(Job::due))
    };
    of_schedule.map(job).collect()
}

fn job_key(id: &str) -> JobKey {
    JobKey { kind: JOB.to_owned(), payload: id.to_owned() }
}

/// Writes the jobs of pending schedules where they are missing or come too late: a restore brings rows without jobs, and an edit of the store's
/// file may take one away. The moment that counts is the row's; only a job that was tried waits longer.
pub(super) fn mend_jobs(store: &impl Store, now: Millis) -> Result<(), Problem> {
    let rows = store.rows(Wanted::Kind(RowKind::Schedule))?;
    let pending: Vec<_> = rows.of(RowKind::Schedule).map(|(id, text)| (RowKey::of(RowKind::Schedule, id), Some(text.to_owned()))).collect();
    if pending.is_empty() {
        return Ok(());
    }
    let held = store.jobs(Some(&[JOB]), u32::MAX)?;
    let is_late = |key: &JobKey, job: &Job| match held.iter().find(|(known, _)| known == key) {
        Some((_, known)) => known.due > job.due && known.failures == 0 && known.error.is_none(),
        None => true,
    };
    let late: Vec<_> = jobs_of(&pending).into_iter().filter(|(key, job)| job.as_ref().is_some_and(|job| is_late(key, job))).collect();
    if !late.is_empty() {
        let commit = Commit { jobs: &late, ..Commit::default() };
        store.commit(store.newest()?, &commit, now)?.map_err(|Conflict| Problem::conflict())?;
    }
    Ok(())
}

impl FlagHub {
    /// Carries out a schedule that is due, unless the first hub closed the environment since.
    pub(super) async fn carry_out_schedule(&self, id: &str, now: Millis) -> worker::Result<()> {
        let outcome = async {
            let of = self.ground()?.rows.get(RowKind::Schedule, id).and_then(Schedule::from_row).and_then(|schedule| schedule.environment);
            let is_open = match of {
                Some(name) => client::is_registered(&self.env, &name).await?,
                None => true,
            };
            // Meanwhile a restore may have begun.
            if self.restoring.get() { Ok(()) } else { self.run_schedule(id, is_open, now) }
        };
        outcome.await.map_err(|problem: Problem| worker::Error::RustError(problem.why()))
    }

    /// Carries out the request of a schedule, records why it is refused, or puts it off while its gate is closed.
    fn run_schedule(&self, id: &str, is_open: bool, now: Millis) -> Result<(), Problem> {
        let ground = self.ground()?;
        let Some(text) = ground.rows.get(RowKind::Schedule, id) else { return self.put_schedule_job(id, None, now) };
        let Some(schedule) = Schedule::from_row(text) else {
            let outcome = unreadable(id, text);
            drop(ground);
            return self.end(outcome, None, now);
        };
        let obstacle = schedule.obstacle(&ground.rows, now);
        drop(ground);
        if now < schedule.step.at {
            return self.put_schedule_job(id, Some(Job::due(schedule.step.at)), now);
        }
        if !is_open {
            return self.end_refused(&schedule, ("ENVIRONMENT_NOT_FOUND", "the environment was closed"), now);
        }
        if let Some(why) = obstacle {
            return self.end_refused(&schedule, ("FORBIDDEN", &why), now);
        }
        if schedule.subject == BREAK_GLASS && settings::of(&self.env)?.break_glass_token_hash.is_none() {
            return self.end_refused(&schedule, ("FORBIDDEN", "the break-glass token, by which this was scheduled, is no longer set"), now);
        }
        match self.carry_out_due(&schedule, now) {
            Ok(()) => Ok(()),
            Err(problem) if problem.status >= 500 => Err(problem),
            Err(problem) => {
                let until = schedule.step.until.filter(|until| now < *until && WAITS.contains(&problem.code));
                match until {
                    Some(until) => {
                        let due = Millis(now.0.saturating_add(GATE_MS).min(until.0));
                        self.put_schedule_job(id, Some(Job { due, failures: 0, error: Some(problem.detail) }), now)
                    }
                    None => self.end_refused(&schedule, (problem.code, &problem.detail), now),
                }
            }
        }
    }

    fn end_refused(&self, schedule: &Schedule, reason: (&str, &str), now: Millis) -> Result<(), Problem> {
        self.end(refused(schedule, reason), Some(schedule.subject.clone()), now)
    }

    /// Commits the refusal of a schedule, as a record of the hub itself.
    fn end(&self, outcome: CommandOutcome, on_behalf_of: Option<String>, now: Millis) -> Result<(), Problem> {
        let actor = Actor { on_behalf_of, ..Actor::system("a scheduled request was refused when it was due", now) };
        let decision = Decision { ground: self.ground()?, outcome, secrets: None };
        self.commit(&actor, decision, None, |_, _| Ok(String::new()))?;
        Ok(())
    }

    fn put_schedule_job(&self, id: &str, job: Option<Job>, now: Millis) -> Result<(), Problem> {
        Ok(jobs::put(&self.store, &job_key(id), job, now)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{
        Read as _,
        sqlite::{Sqlite, database::tests::Memory},
    };

    /// The row of a schedule, in a form of rows.
    fn row(form: u32, at: i64) -> String {
        format!(
            r#"{{"at":{at},"createdAt":1,"form":{form},"body":"{{}}","id":"s-1","method":"POST","path":"/p","reason":"","role":"operator","subject":"ann"}}"#
        )
    }

    #[test]
    fn a_job_comes_and_goes_with_the_row_of_its_schedule() {
        let (key, other) = (RowKey::of(RowKind::Schedule, "s-1"), (RowKey::of(RowKind::Flag, "a"), None));
        let text = row(1, 9_000);
        let due = |writes: &[_]| jobs_of(writes).into_iter().map(|(key, job)| (key.payload, job.map(|job| job.due))).collect::<Vec<_>>();
        assert_eq!(due(&[other.clone(), (key.clone(), Some(text.clone()))]), [("s-1".to_owned(), Some(Millis(9_000)))]);
        assert_eq!(due(&[(key.clone(), None), other]), [("s-1".to_owned(), None)]);
        // Of another release: due at once, to be refused, and then never.
        assert_eq!(due(&[(key.clone(), Some(row(2, 9_000)))]), [("s-1".to_owned(), Some(Millis(0)))]);
        assert_eq!(due(&unreadable("s-1", &row(2, 9_000)).writes), [("s-1".to_owned(), None)]);
    }

    #[test]
    fn a_job_that_is_missing_or_late_is_written_again_when_the_store_is_opened() {
        let store = Sqlite::new(Memory::new());
        let writes = [(RowKey::of(RowKind::Schedule, "s-1"), Some(row(1, 9_000)))];
        store.commit(store.newest().unwrap(), &Commit { writes: &writes, ..Commit::default() }, Millis(1)).unwrap().unwrap();
        let job = |due, error: Option<&str>| Job { due: Millis(due), failures: 0, error: error.map(str::to_owned) };
        for (held, expected) in [
            (None, job(9_000, None)),
            (Some(job(10_000, None)), job(9_000, None)),
            // Carried out too early, it waits for the row's moment.
            (Some(job(8_000, None)), job(8_000, None)),
            // Its gate is closed: the next attempt comes later.
            (Some(job(10_000, Some("GATE_CLOSED"))), job(10_000, Some("GATE_CLOSED"))),
        ] {
            let commit = Commit { jobs: &[(job_key("s-1"), held)], ..Commit::default() };
            store.commit(store.newest().unwrap(), &commit, Millis(1)).unwrap().unwrap();
            mend_jobs(&store, Millis(1)).unwrap_or_else(|problem| panic!("{}", problem.why()));
            assert_eq!(store.jobs(Some(&[JOB]), 9).unwrap(), [(job_key("s-1"), expected)]);
        }
    }
}
