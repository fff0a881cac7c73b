//! Tells relays that their environment was closed, so that its sockets end, or opened again.
//!
//! The first hub does so: no request tells the hub of a closed environment. [`jobs_of`] derives the jobs from the rows that a version writes, in
//! one transaction; the alarm carries them out at once, and again until every relay has answered. A store that was put back may have other
//! environments than before: then all that are registered have a job, and those whose job was pending.
use control::{
    EnvironmentName, environments,
    rows::{RowKey, RowKind, Rows},
};
use sdk_core::Millis;
use worker::Result;

use super::{FlagHub, jobs, push::tell_relays};
use crate::{
    clock,
    environment::object_of,
    relay::{ENVIRONMENT_STATE, EnvironmentState},
    store::{
        Commit, Conflict, Read, Store,
        jobs::{Job, JobKey},
    },
    version::Version,
};

/// The kind of the jobs, whose payload is the name of an environment. The name is stored.
pub(super) const JOB: &str = "environment.state";

/// The jobs for the environments among these rows.
pub(super) fn jobs_of<'k>(keys: impl IntoIterator<Item = &'k RowKey>) -> impl Iterator<Item = (JobKey, Option<Job>)> {
    keys.into_iter().filter(|key| key.kind == RowKind::Environment).map(|key| job(&key.name))
}

/// The jobs for all environments that are registered.
pub(super) fn jobs_of_registered(rows: &Rows) -> impl Iterator<Item = (JobKey, Option<Job>)> + '_ {
    rows.of(RowKind::Environment).map(|(name, _)| job(name))
}

/// The names of the environments whose relays were not told their state yet.
pub(super) fn pending(store: &impl Read) -> Result<Vec<String>> {
    Ok(store.jobs(Some(&[JOB]), u32::MAX)?.into_iter().map(|(key, _)| key.payload).collect())
}

/// Writes the jobs for all environments that are registered, and for others, behind a restore.
pub(super) fn put_jobs(store: &impl Store, rows: &Rows, others: &[String], now: Millis) -> Result<()> {
    let jobs: Vec<_> = jobs_of_registered(rows).chain(others.iter().map(|name| job(name))).collect();
    if !jobs.is_empty() {
        let _: Result<Version, Conflict> = store.commit(store.newest()?, &Commit { jobs: &jobs, ..Commit::default() }, now)?;
    }
    Ok(())
}

/// The job for an environment, due before any clock, so that one that was ahead does not put it off.
fn job(name: &str) -> (JobKey, Option<Job>) {
    (JobKey { kind: JOB.to_owned(), payload: name.to_owned() }, Some(Job::due(Millis(0))))
}

impl FlagHub {
    /// Sends the present state of the job's environment to its relays, and ends the job; fails at the first relay that does not answer.
    pub(super) async fn tell_environment_state(&self, key: &JobKey, attempted: &Job) -> Result<()> {
        // The rows of a restored backup may be the first hub's, and a job may be of an edit.
        if self.registered().is_none() && EnvironmentName::parse(&key.payload).is_some() {
            let body = serde_json::to_string(&EnvironmentState { is_open: self.is_registered(&key.payload)? })?;
            tell_relays(&self.env, &object_of(Some(&key.payload)), ENVIRONMENT_STATE, &body).await?;
        }
        // Meanwhile a restore may have begun, or another version have closed or opened the environment: then the job is another one.
        let is_same = |(known, job): &(JobKey, Job)| known == key && job == attempted;
        if !self.restoring.get() && self.store.jobs(Some(&[JOB]), u32::MAX)?.iter().any(is_same) {
            jobs::put(&self.store, key, None, clock::now())?;
        }
        Ok(())
    }

    fn is_registered(&self, name: &str) -> Result<bool> {
        let ground = self.ground.newest(&self.store).map_err(|problem| worker::Error::RustError(problem.why()))?;
        Ok(environments(&ground.rows).any(|(known, _): (EnvironmentName, _)| known.as_str() == name))
    }
}

#[cfg(test)]
mod tests {
    use control::Command;

    use super::{super::push::tests::Hub, *};
    use crate::store::Wanted;

    #[test]
    fn an_environment_that_is_opened_or_closed_has_a_job_that_is_due() {
        let hub = Hub::new();
        let name = EnvironmentName::parse("staging").unwrap();
        let jobs = || hub.store.jobs(Some(&[JOB]), 9).unwrap();
        let (key, due) = job("staging");
        assert_eq!(jobs(), []);
        for command in [Command::CreateEnvironment { name: name.clone() }, Command::RemoveEnvironment { name }] {
            hub.carry_out(&command);
            assert_eq!(jobs(), [(key.clone(), due.clone().unwrap())], "{command:?}");
            jobs::put(&hub.store, &key, None, Millis(7)).unwrap();
        }
    }

    #[test]
    fn a_store_that_was_put_back_has_jobs_for_what_is_registered_and_what_was_pending() {
        let hub = Hub::new();
        let names = || pending(&hub.store).unwrap();
        hub.carry_out(&Command::CreateEnvironment { name: EnvironmentName::parse("staging").unwrap() });
        for name in names() {
            jobs::put(&hub.store, &job(&name).0, None, Millis(7)).unwrap();
        }
        assert_eq!(names(), [""; 0]);
        hub.carry_out(&Command::RenewEpoch {});
        assert_eq!(names(), ["staging"]);
        let rows = hub.store.rows(Wanted::Unpaged).unwrap();
        put_jobs(&hub.store, &rows, &["qa".to_owned()], Millis(7)).unwrap();
        assert_eq!(names(), ["qa", "staging"]);
    }
}
