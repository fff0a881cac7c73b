//! Carries out scheduled commands when they are due.
//!
//! The job of a schedule stands and falls with its row: [`jobs_of`] derives it from the rows that a version writes, in one transaction. The
//! version that carries a command out, or records its refusal, removes the row; so a crash neither loses a schedule nor repeats one.
use control::{
    change::Actor,
    rows::{RowKey, RowKind},
    schedules::{Schedule, ran, refused},
};
use sdk_core::Millis;

use super::{FlagHub, execute::Decision};
use crate::{
    problem::Problem,
    store::{
        Commit, Conflict, Read, Store,
        jobs::{Job, JobKey},
    },
};

/// The kind of the jobs, whose payload is the id of the schedule.
pub(super) const JOB: &str = "schedule";
/// The milliseconds between two attempts at a command whose gate is closed.
const GATE_MS: i64 = 60_000;
/// The codes of refusals that time may lift.
const WAITS: [&str; 2] = ["TOO_EARLY", "GATE_CLOSED"];

/// The jobs that come and go with these rows.
pub(super) fn jobs_of(writes: &[(RowKey, Option<String>)]) -> Vec<(JobKey, Option<Job>)> {
    let of_schedule = writes.iter().filter(|(key, _)| key.kind == RowKind::Schedule);
    let job = |(key, text): &(RowKey, Option<String>)| {
        let due = text.as_deref().map(|text| Schedule::from_row(text).map_or(Millis(0), |schedule| schedule.step.at));
        (job_key(&key.name), due.map(|due| Job { due, failures: 0, error: None }))
    };
    of_schedule.map(job).collect()
}

fn job_key(id: &str) -> JobKey {
    JobKey { kind: JOB.to_owned(), payload: id.to_owned() }
}

impl FlagHub {
    /// Carries out the command of a schedule, records why it is refused, or puts it off while its gate is closed.
    pub(super) fn run_schedule(&self, id: &str, now: Millis) -> Result<(), Problem> {
        let ground = self.ground()?;
        let Some(text) = ground.rows.get(RowKind::Schedule, id) else { return self.put_schedule_job(id, None, now) };
        let Some(schedule) = Schedule::from_row(text) else {
            return Err(Problem::full("a later release scheduled this command, and this one cannot read it"));
        };
        if let Some(why) = schedule.obstacle(&ground.rows, now) {
            return self.end_refused(&schedule, ("FORBIDDEN", &why), now);
        }
        drop(ground);
        let actor = schedule.actor(now);
        match self.decide(&actor, &schedule.step.command, &[]) {
            Ok(decision) => {
                let decision = Decision { outcome: ran(decision.outcome, &schedule), ..decision };
                self.commit(&actor, decision, None, |_, _| Ok(String::new()))?;
                Ok(())
            }
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

    fn end_refused(&self, schedule: &Schedule, (code, detail): (&str, &str), now: Millis) -> Result<(), Problem> {
        let on_behalf_of = Some(schedule.subject.clone());
        let actor = Actor { on_behalf_of, ..Actor::system("a scheduled command was refused when it was due", now) };
        let decision = Decision { ground: self.ground()?, outcome: refused(schedule, (code, detail)), secrets: None };
        self.commit(&actor, decision, None, |_, _| Ok(String::new()))?;
        Ok(())
    }

    fn put_schedule_job(&self, id: &str, job: Option<Job>, now: Millis) -> Result<(), Problem> {
        let commit = Commit { jobs: &[(job_key(id), job)], ..Commit::default() };
        self.store.commit(self.store.newest()?, &commit, now)?.map_err(|Conflict| Problem::conflict())?;
        Ok(())
    }
}
