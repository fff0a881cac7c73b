//! Stores. SQL stands here and in `migrations`, nowhere else.
pub(crate) mod audit;
pub(crate) mod backup;
#[cfg(test)]
mod conformance;
pub(crate) mod jobs;
pub(crate) mod journal;
pub(crate) mod outcomes;
pub(crate) mod postgres;
pub(crate) mod sqlite;
pub(crate) mod webhooks;

use std::collections::BTreeMap;

use control::{
    Event, Reverted,
    change::{Action, Record},
    lifecycle::Observed,
    rows::{RowKey, RowKind, Rows},
};
use sdk_core::Millis;
use serde::Deserialize;
use worker::{Result, State};

use self::{
    audit::{ChangesQuery, Compared, ComparisonPlace, EventsQuery, ForExplain, Found, Happened, ListedVersion, Part, Stored},
    backup::{Head, Line, Place},
    jobs::{Expired, Forget, Job, JobKey},
    webhooks::{WebhookAttempt, WebhookProgress, WebhookWrite},
};
use crate::{
    tally::wire::Batch,
    version::{Epoch, Version},
};

/// The store of the hub.
pub(crate) type HubStore = sqlite::Sqlite;

/// Opens the store of the hub with this state.
pub(crate) fn open(state: &State) -> HubStore {
    HubStore::of(state)
}

/// The rows to read.
#[derive(Clone, Copy)]
pub(crate) enum Wanted<'w> {
    /// The newest rows but for those on pages.
    Unpaged,
    /// The newest rows of a kind that stands on no page.
    Kind(RowKind),
    /// The rows as they were at a version, but for those on pages.
    UnpagedAt(u32),
    /// The newest rows on all pages.
    Paged,
    /// The rows of a page as they were at a version.
    PageAt(u16, u32),
    /// The newest of these rows.
    Keys(&'w [RowKey]),
    /// These rows as they were at a version.
    KeysAt(&'w [RowKey], u32),
}

/// Rows, and the version and the record that they are of.
pub(crate) struct Snapshot {
    pub(crate) version: Version,
    pub(crate) head: audit::Head,
    pub(crate) rows: Rows,
}

/// The writes of one command, or of one slice of a job: all of them, or none.
#[derive(Clone, Copy, Default)]
pub(crate) struct Commit<'c> {
    /// Rows to write, or to take away. With one there is a new version.
    pub(crate) writes: &'c [(RowKey, Option<String>)],
    /// The epoch that the store has from this version on; `None` for the same one. With one there must be a write.
    pub(crate) epoch: Option<Epoch>,
    /// Its records, linked to the newest.
    pub(crate) records: &'c [Record],
    /// Entries for the logs of rollouts, each with an id of its own.
    pub(crate) events: &'c [(String, Event)],
    /// The answer, for who sends the same request again.
    pub(crate) answer: Option<Answer<'c>>,
    /// The number of a record whose payload to erase.
    pub(crate) erase: Option<u64>,
    /// The progress of an import of overrides.
    pub(crate) progress: Option<Progress<'c>>,
    /// The data to delete because its time is over.
    pub(crate) forget: Option<Forget>,
    /// Jobs to write; without a state they are done.
    pub(crate) jobs: &'c [(JobKey, Option<Job>)],
    /// Writes about webhooks, each with the id of one.
    pub(crate) webhooks: &'c [(String, WebhookWrite)],
    /// The milliseconds by which a test sets the time of jobs ahead of the clock.
    pub(crate) clock_ahead: Option<i64>,
}

/// The states of verifications that a store keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verification {
    /// The end of the last one that found no fault.
    Good,
    /// The position of one that has not ended.
    Running,
}

/// The store is at another version than a commit expects, and nothing was written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Conflict;

/// An answer that is kept for who sends the same request again.
#[derive(Clone, Copy)]
pub(crate) struct Answer<'a> {
    pub(crate) subject: &'a str,
    pub(crate) key: &'a str,
    /// A text that identifies the request.
    pub(crate) request: &'a str,
    pub(crate) body: &'a str,
}

/// The progress of an import of overrides.
#[derive(Clone, Copy)]
pub(crate) struct Progress<'p> {
    /// The id of the import.
    pub(crate) import: &'p str,
    /// A JSON object, in place of the one before.
    pub(crate) text: &'p str,
}

/// The guard's state about the rollout of a flag.
pub(crate) struct GuardRow {
    /// The key of the flag.
    pub(crate) flag: String,
    /// JSON, of at most [`control::guard::MAX_STATE`] bytes.
    pub(crate) state: String,
    /// The moment at which the guard last held the rollout; `None` if it never did.
    pub(crate) held_at: Option<Millis>,
}

/// The outcomes of a flag in an hour.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Used {
    /// The hour since 1970.
    pub(crate) hour: i64,
    /// Empty for outcomes that named no variant of the flag.
    pub(crate) variant: String,
    pub(crate) event_type: String,
    pub(crate) outcomes: u64,
}

/// A name that outcomes named and that no flag has.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct UnknownFlag {
    pub(crate) name: String,
    pub(crate) outcomes: u64,
    /// The moment of the last, in milliseconds since 1970.
    pub(crate) last_at: i64,
}

/// The use that a release may make of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Read and write it.
    Write,
    /// Read it: a later release wrote rows that this one would spoil.
    Serve,
    /// Not even that: it would be read wrongly.
    Nothing,
}

/// Reads of a store: each is of one version, but two need not be of the same.
pub(crate) trait Read {
    /// The use that this release may make of the store.
    fn access(&self) -> Result<Access>;
    /// The version of the newest change. A store that was emptied or restored has another epoch.
    fn newest(&self) -> Result<Version>;
    /// The version that served at a moment.
    fn version_at(&self, moment: Millis) -> Result<Option<u32>>;
    /// The version of the newest change that is none of overrides and memberships, notes of the break-glass token aside: while it is the
    /// same, so are the document without its overrides, its state, and the keys. Number 0 if there is none.
    fn definitions_version(&self) -> Result<Version>;
    /// The version of the newest change of overrides or memberships; number 0 if there is none.
    fn overrides_version(&self) -> Result<Version>;
    /// Rows of kinds that this release knows.
    fn rows(&self, wanted: Wanted<'_>) -> Result<Rows>;
    /// The keys of the rows on no page that were written or removed after a version, some perhaps several times, and only those of kinds that this
    /// release knows; `None` if there are more than `most`.
    fn written_since(&self, version: u32, most: u32) -> Result<Option<Vec<RowKey>>>;
    /// The keys of the rows on pages that were written or removed after a version, some perhaps several times; `None` if there are more than
    /// `most`.
    fn owners_written_since(&self, version: u32, most: u32) -> Result<Option<Vec<RowKey>>>;
    /// Every page that was written at a version or before it, with the version of its newest change until then.
    fn pages(&self, version: Option<u32>) -> Result<Vec<(u16, u32)>>;
    /// The version of the newest change on a page; `None` if nothing was ever written on it.
    fn page_version(&self, page: u16) -> Result<Option<u32>>;
    /// The keys of the newest rows on a page; `None` if there are more than `most`, those of a later release's kinds included.
    fn page_owners(&self, page: u16, most: u32) -> Result<Option<Vec<RowKey>>>;
    /// Names of owners of overrides behind one, in their order.
    fn owners(&self, kind: &str, after: &str, limit: u32) -> Result<Vec<String>>;

    /// Names of owners of overrides behind one, in their order, that were written up to a version; some may be gone at it.
    fn owners_at(&self, kind: &str, after: &str, version: u32, limit: u32) -> Result<Vec<String>>;

    /// The progress of an import of overrides, as it was committed; `None` for an import that is unknown or forgotten.
    fn import_progress(&self, import: &str) -> Result<Option<String>>;
    /// The keys among these that an import of overrides wrote, from a version on.
    fn written_by_import(&self, keys: &[RowKey], import: &str, from: u32) -> Result<Vec<RowKey>>;
    /// The versions up to one in which an import of overrides wrote a row, newest first.
    fn import_versions(&self, key: &RowKey, upto: u32, limit: u32) -> Result<Vec<u32>>;

    /// The newest record and version.
    fn head(&self) -> Result<audit::Head>;
    /// Records, newest first.
    fn changes(&self, asked: &ChangesQuery) -> Result<Found<Stored>>;
    /// Records behind this number, in their order, as many as one slice reads.
    fn records(&self, after: u64, limit: u32) -> Result<Vec<Stored>>;
    /// The rows that a version wrote, each as it was before, and the newest version that gave it another text.
    fn reverted(&self, version: u32) -> Result<Reverted>;
    /// The newest version below one, or of all, that wrote a row or removed it.
    fn last_write(&self, key: &RowKey, below: Option<u32>) -> Result<Option<u32>>;
    /// The text that a version wrote for a row; `None` if it removed the row, or did not write it.
    fn written(&self, key: &RowKey, version: u32) -> Result<Option<String>>;
    /// The newest rows of these kinds, which lie on no page, whose version has a record with one of these actions.
    fn last_written_by(&self, kinds: &[RowKind], actions: &[Action]) -> Result<Vec<RowKey>>;
    /// The rows of these kinds, which lie on no page, that are not there and were removed by a version that has a record with one of these
    /// actions.
    fn last_removed_by(&self, kinds: &[RowKind], actions: &[Action]) -> Result<Vec<RowKey>>;
    /// The next parts of all that was ever written, ordered by version, kind, name and part; empty behind the last.
    fn parts(&self, behind: Option<&Part>) -> Result<Vec<Part>>;
    /// The next parts ordered by kind, name, version and part; empty behind the last. A part that did not serve at the version has no
    /// text.
    fn serving_parts(&self, version: u32, behind: Option<&Part>) -> Result<Vec<Part>>;
    /// Returns true if the first versions have no record that commits to their rows, all behind them have one, and there is no baseline.
    fn lacks_baseline(&self) -> Result<bool>;
    /// Looks at up to `most` rows for a contradiction between what serves and the history: a row or a page that is not at its last
    /// version, or a version behind the first record that has none but a baseline. With `since`, at what later versions than this wrote.
    fn compare(&self, since: Option<u32>, place: &ComparisonPlace, most: u32) -> Result<Compared>;
    /// The state that a verification left, as JSON; `None` if it left none.
    fn verification(&self, what: Verification) -> Result<Option<String>>;
    /// Versions below one, newest first.
    fn versions(&self, below: Option<u32>, limit: u32) -> Result<Vec<ListedVersion>>;
    /// The newest record, at a version or before it, that could have made an answer what it is.
    fn explaining(&self, asked: &ForExplain<'_>) -> Result<Option<Stored>>;
    /// The answer that was given to a request with this key: what identified the request, and the body.
    fn answered(&self, subject: &str, key: &str) -> Result<Option<(String, String)>>;
    /// Entries of the logs of rollouts, newest first.
    fn events(&self, asked: &EventsQuery) -> Result<Found<Happened>>;
    /// The counts of a flag's units in the stage that began at a moment.
    fn observed(&self, flag: &str, since: Millis) -> Result<Observed>;
    /// The number of the last batch of sums that was stored of a tally; 0 before the first.
    fn last_batch(&self, tally: &str) -> Result<i64>;
    /// The guard's state about a flag, as JSON, and the moment at which the guard last held its rollout; `None` before the first sums.
    fn guard_state(&self, flag: &str) -> Result<Option<(String, Option<Millis>)>>;
    /// The outcomes of a flag from an hour since 1970 on, by hour, variant (empty without one) and event.
    fn usage(&self, flag: &str, from_hour: i64) -> Result<Vec<Used>>;
    /// The last hour since 1970 in which an outcome of a flag arrived; `None` if none ever did.
    fn last_used(&self, flag: &str) -> Result<Option<i64>>;
    /// Names that outcomes named and that no flag has, with their counts and the moments of the last: the latest first.
    fn unknown_flags(&self, limit: u32) -> Result<Vec<UnknownFlag>>;
    /// The secret that receipts are made with; `None` before it was first needed.
    fn receipt_key(&self) -> Result<Option<String>>;

    /// The earliest jobs of these kinds, or of any kind.
    fn jobs(&self, kinds: Option<&[&str]>, limit: u32) -> Result<Vec<(JobKey, Job)>>;
    /// The oldest that is kept of something.
    fn expired(&self, forget: Forget) -> Result<Expired>;
    /// The key of the environment's streams, in hexadecimal digits; `None` if it was removed.
    fn stream_key(&self) -> Result<Option<String>>;
    /// The name under which the hub's environment is registered; `None` in the first hub, and before a request told it.
    fn registered_name(&self) -> Result<Option<String>>;
    /// The hour since 1970 in which each API token was last used, by the name of its row.
    fn token_uses(&self) -> Result<BTreeMap<String, i64>>;
    /// The progress of a webhook; `None` if nothing was due since it was made, enabled or restored.
    fn webhook_progress(&self, id: &str) -> Result<Option<WebhookProgress>>;
    /// The attempts of a webhook, the latest first.
    fn webhook_attempts(&self, id: &str, limit: u32) -> Result<Vec<WebhookAttempt>>;
    /// The milliseconds by which a test set the time of jobs ahead of the clock.
    fn clock_ahead(&self) -> Result<i64>;
}

/// The rows of documents by version, the records of what changed them, and what happened since.
///
/// A command loads, decides, and commits on the version that it loaded. Every write is all or nothing, and there when it returns.
pub(crate) trait Store: Read {
    /// Rows, and what a commit on them must name: all of one version.
    fn load(&self, wanted: Wanted<'_>) -> Result<Snapshot>;
    /// Writes what a command wants written, at a moment that is not before the newest version, if the newest version is the expected
    /// one. Returns the newest version then.
    fn commit(&self, expected: Version, commit: &Commit<'_>, at: Millis) -> Result<Result<Version, Conflict>>;
    /// Adds a batch of sums, and stores the guard's states that follow from it. Adds nothing of a batch that was stored before.
    fn keep_sums(&self, batch: &Batch, states: &[GuardRow], at: Millis) -> Result<()>;
    /// Keeps the secret that receipts are made with.
    fn keep_receipt_key(&self, key: &str) -> Result<()>;
    /// Keeps the name under which the hub's environment is registered.
    fn keep_registered_name(&self, name: &str) -> Result<()>;
    /// Keeps the hour since 1970 in which an API token was last used, unless a later one is kept, by the name of the token's row.
    fn keep_token_use(&self, token: &str, hour: i64) -> Result<()>;
    /// Keeps the state that a verification leaves, as JSON; `None` deletes it.
    fn keep_verification(&self, what: Verification, state: Option<&str>) -> Result<()>;
}

/// A store as lines, and lines as a store.
pub(crate) trait Transfer: Read {
    /// The head of a backup of the store as it is now.
    fn backup_head(&self) -> Result<Head>;
    /// The next lines of a backup of what `head` names, and where those that follow begin; `None` behind the last.
    fn backup(&self, head: &Head, place: Place) -> Result<Option<(Vec<Line>, Place)>>;
    /// Begins to take a backup, of another epoch than what is there. Until [`Self::end_restore`] the store answers nothing else; where
    /// that is never called, what was there is there again when the store is opened the next time.
    fn begin_restore(&self) -> Result<()>;
    /// Takes lines of a backup.
    fn restore(&self, lines: &[Line]) -> Result<()>;
    /// Takes lines of a backup, and keeps the state of the restore with them. From then on the restore goes on when the store is opened
    /// the next time.
    fn restore_piece(&self, lines: &[Line], state: &str) -> Result<()>;
    /// The state of a restore that has not ended, as it was kept last; `None` if there is none.
    fn restore_state(&self) -> Result<Option<String>>;
    /// The rows of keys and API tokens that are to be replaced by a restore that has not ended.
    fn replaced_keys(&self) -> Result<Rows>;
    /// Opens the store again: with what was taken alone, or as it was before.
    fn end_restore(&self, is_good: bool) -> Result<()>;
}
