//! The progress of webhooks, and their latest attempts.
use sdk_core::Millis;

/// The most attempts that are kept of a webhook: the latest.
pub(crate) const MOST_ATTEMPTS: u32 = 100;

/// The progress of a webhook.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct WebhookProgress {
    /// The number of the record behind which the target is to be told next.
    pub(crate) behind: u64,
    /// The moment of the first of the failures since a delivery last succeeded; `None` if the last one did.
    pub(crate) failing_since: Option<Millis>,
    /// True if the target answered that it is gone for good.
    pub(crate) is_gone: bool,
}

/// An attempt to deliver a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WebhookAttempt {
    /// The number and the id of the record, and the action that it names.
    pub(crate) record: u64,
    pub(crate) record_id: String,
    pub(crate) action: String,
    /// The moment at which the attempt began.
    pub(crate) at: Millis,
    /// The milliseconds that it took.
    pub(crate) milliseconds: u32,
    /// The status of the answer; `None` without an answer.
    pub(crate) status: Option<u16>,
    /// The reason why the record was not delivered; `None` if it was.
    pub(crate) error: Option<String>,
}

/// A write about a webhook.
#[derive(Clone, Debug)]
pub(crate) enum WebhookWrite {
    /// Has a target be told of the records behind this one, unless the webhook has a progress already.
    Begin(u64),
    /// Replaces the progress.
    Progress(WebhookProgress),
    /// Adds an attempt, and forgets those of the same webhook that are older than the latest [`MOST_ATTEMPTS`].
    Attempt(WebhookAttempt),
    /// Forgets the progress.
    End,
    /// Forgets the progress and the attempts.
    Forget,
}
