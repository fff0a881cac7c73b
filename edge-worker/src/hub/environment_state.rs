//! Tells relays that their environment was closed, so that its sockets end, or opened again.
//!
//! The first hub does so: no request tells the hub of a closed environment. [`jobs_of`] derives the jobs from the rows that a version writes, in
//! one transaction; the alarm carries them out at once, and again until every relay has answered.
use control::{
    EnvironmentName,
    change::Action,
    environments,
    rows::{RowKey, RowKind},
};
use sdk_core::Millis;
use worker::Result;

use super::{FlagHub, jobs, push::tell_relays};
use crate::{
    clock,
    environment::object_of,
    relay::{ENVIRONMENT_STATE, EnvironmentState},
    store::{
        Read,
        jobs::{Job, JobKey},
    },
};

/// The kind of the jobs, whose payload is the name of an environment. The name is stored.
pub(super) const JOB: &str = "environment.state";

/// The jobs for the environments among these rows.
pub(super) fn jobs_of<'k>(keys: impl IntoIterator<Item = &'k RowKey>) -> impl Iterator<Item = (JobKey, Option<Job>)> {
    let of_environment = keys.into_iter().filter(|key| key.kind == RowKind::Environment);
    // Due before any clock, so that one that was ahead puts none off.
    of_environment.map(|key| (job_key(&key.name), Some(Job::due(Millis(0)))))
}

/// The jobs for all environments that were closed: a restore drops those that were pending.
pub(super) fn jobs_of_closed(store: &impl Read) -> Result<Vec<(JobKey, Option<Job>)>> {
    let closed = store.last_removed_by(&[RowKind::Environment], &[Action::EnvironmentRemoved])?;
    Ok(jobs_of(&closed).collect())
}

fn job_key(name: &str) -> JobKey {
    JobKey { kind: JOB.to_owned(), payload: name.to_owned() }
}

impl FlagHub {
    /// Sends the present state of the job's environment to its relays, and ends the job; fails at the first relay that does not answer.
    pub(super) async fn tell_environment_state(&self, key: &JobKey, attempted: &Job) -> Result<()> {
        let is_open = self.is_registered(&key.payload)?;
        let body = serde_json::to_string(&EnvironmentState { is_open })?;
        tell_relays(&self.env, &object_of(Some(&key.payload)), ENVIRONMENT_STATE, &body).await?;
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

    #[test]
    fn an_environment_that_is_opened_or_closed_has_a_job_that_is_due() {
        let hub = Hub::new();
        let name = EnvironmentName::parse("staging").unwrap();
        let jobs = || hub.store.jobs(Some(&[JOB]), 9).unwrap();
        assert_eq!(jobs(), []);
        for command in [Command::CreateEnvironment { name: name.clone() }, Command::RemoveEnvironment { name }] {
            hub.carry_out(&command);
            assert_eq!(jobs(), [(job_key("staging"), Job::due(Millis(0)))], "{command:?}");
            jobs::put(&hub.store, &job_key("staging"), None, Millis(7)).unwrap();
        }
        assert_eq!(jobs_of_closed(&hub.store).unwrap(), [(job_key("staging"), Some(Job::due(Millis(0))))]);
    }
}
