//! Jobs, and what they take out of a store.
use sdk_core::Millis;

/// The name of a job: there is one with each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JobKey {
    /// The name of its kind, which a later release may have made.
    pub(crate) kind: String,
    /// Whatever tells it from others of its kind.
    pub(crate) payload: String,
}

/// The state of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) due: Millis,
    /// The number of failures since the job last succeeded.
    pub(crate) failures: u32,
    /// The reason why it failed last.
    pub(crate) error: Option<String>,
}

impl Job {
    /// A job that has not failed.
    pub(crate) const fn due(due: Millis) -> Self {
        Self { due, failures: 0, error: None }
    }
}

/// A kind of data that the store keeps for a limited time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retained {
    /// Answers to requests that named an idempotency key.
    Answers,
    /// Outcomes that servers reported.
    Outcomes,
}

/// The oldest that is kept of something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Expired {
    /// True if there is some to be deleted.
    pub(crate) has_any: bool,
    /// When the oldest that is left then was written.
    pub(crate) next: Option<Millis>,
}

/// The oldest of what was written before a moment, to be deleted.
#[derive(Clone, Copy)]
pub(crate) struct Forget {
    pub(crate) what: Retained,
    pub(crate) before: Millis,
    pub(crate) most: u32,
}
