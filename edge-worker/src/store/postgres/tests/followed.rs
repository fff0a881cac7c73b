//! A store of two: one decides, and the other one reads, which knows only what came to it through the journal.
use std::{cell::Cell, collections::BTreeMap};

use control::{
    Reverted,
    change::Action,
    lifecycle::Observed,
    rows::{RowKey, RowKind, Rows},
};
use sdk_core::Millis;
use worker::Result;

use super::Hub;
use crate::{
    store::{
        Access, Commit, Conflict, GuardRow, Read, Snapshot, Store, Transfer, UnknownFlag, Used, Verification, Wanted,
        audit::{self, ChangesQuery, Compared, ComparisonPlace, EventsQuery, ForExplain, Found, Happened, ListedVersion, Part, Stored},
        backup::{Head, Line, Place},
        jobs::{Expired, Forget, Job, JobKey},
        sqlite::{Sqlite, database::tests::Memory},
        webhooks::{WebhookAttempt, WebhookProgress},
    },
    tally::wire::Batch,
    version::Version,
};

pub(super) struct Followed {
    decides: Sqlite<Memory>,
    reads: Sqlite<Memory>,
    hub: Hub,
    /// True once a backup was taken: a hub with a journal takes none, so that from then on the store is one without.
    is_apart: Cell<bool>,
}

impl Followed {
    pub(super) fn new(hub: Hub) -> Self {
        let [decides, reads] = [(); 2].map(|()| Sqlite::new(Memory::new()));
        hub.catch_up(&decides);
        decides.outbox().turn_on();
        Self { decides, reads, hub, is_apart: Cell::new(false) }
    }

    fn read(&self) -> &Sqlite<Memory> {
        if !self.is_apart.get() {
            self.hub.catch_up(&self.reads);
        }
        &self.reads
    }
}

impl Read for Followed {
    fn webhook_progress(&self, id: &str) -> Result<Option<WebhookProgress>> {
        self.read().webhook_progress(id)
    }
    fn webhook_attempts(&self, id: &str, limit: u32) -> Result<Vec<WebhookAttempt>> {
        self.read().webhook_attempts(id, limit)
    }
    fn access(&self) -> Result<Access> {
        self.read().access()
    }
    fn newest(&self) -> Result<Version> {
        self.read().newest()
    }
    fn version_at(&self, moment: Millis) -> Result<Option<u32>> {
        self.read().version_at(moment)
    }
    fn definitions_version(&self) -> Result<Version> {
        self.read().definitions_version()
    }
    fn overrides_version(&self) -> Result<Version> {
        self.read().overrides_version()
    }
    fn rows(&self, wanted: Wanted<'_>) -> Result<Rows> {
        self.read().rows(wanted)
    }
    fn written_since(&self, version: u32, most: u32) -> Result<Option<Vec<RowKey>>> {
        self.read().written_since(version, most)
    }
    fn owners_written_since(&self, version: u32, most: u32) -> Result<Option<Vec<RowKey>>> {
        self.read().owners_written_since(version, most)
    }
    fn pages(&self, version: Option<u32>) -> Result<Vec<(u16, u32)>> {
        self.read().pages(version)
    }
    fn page_version(&self, page: u16) -> Result<Option<u32>> {
        self.read().page_version(page)
    }
    fn page_owners(&self, page: u16, most: u32) -> Result<Option<Vec<RowKey>>> {
        self.read().page_owners(page, most)
    }
    fn owners(&self, kind: &str, after: &str, limit: u32) -> Result<Vec<String>> {
        self.read().owners(kind, after, limit)
    }
    fn owners_at(&self, kind: &str, after: &str, version: u32, limit: u32) -> Result<Vec<String>> {
        self.read().owners_at(kind, after, version, limit)
    }
    fn import_progress(&self, import: &str) -> Result<Option<String>> {
        self.read().import_progress(import)
    }
    fn written_by_import(&self, keys: &[RowKey], import: &str, from: u32) -> Result<Vec<RowKey>> {
        self.read().written_by_import(keys, import, from)
    }
    fn import_versions(&self, key: &RowKey, upto: u32, limit: u32) -> Result<Vec<u32>> {
        self.read().import_versions(key, upto, limit)
    }
    fn head(&self) -> Result<audit::Head> {
        self.read().head()
    }
    fn changes(&self, asked: &ChangesQuery) -> Result<Found<Stored>> {
        self.read().changes(asked)
    }
    fn records(&self, after: u64, limit: u32) -> Result<Vec<Stored>> {
        self.read().records(after, limit)
    }
    fn reverted(&self, version: u32) -> Result<Reverted> {
        self.read().reverted(version)
    }
    fn last_write(&self, key: &RowKey, below: Option<u32>) -> Result<Option<u32>> {
        self.read().last_write(key, below)
    }
    fn written(&self, key: &RowKey, version: u32) -> Result<Option<String>> {
        self.read().written(key, version)
    }
    fn last_written_by(&self, kinds: &[RowKind], actions: &[Action]) -> Result<Vec<RowKey>> {
        self.read().last_written_by(kinds, actions)
    }

    fn last_removed_by(&self, kinds: &[RowKind], actions: &[Action]) -> Result<Vec<RowKey>> {
        self.read().last_removed_by(kinds, actions)
    }
    fn parts(&self, behind: Option<&Part>) -> Result<Vec<Part>> {
        self.read().parts(behind)
    }
    fn serving_parts(&self, version: u32, behind: Option<&Part>) -> Result<Vec<Part>> {
        self.read().serving_parts(version, behind)
    }
    fn lacks_baseline(&self) -> Result<bool> {
        self.read().lacks_baseline()
    }
    fn compare(&self, since: Option<u32>, place: &ComparisonPlace, most: u32) -> Result<Compared> {
        self.read().compare(since, place, most)
    }
    fn verification(&self, what: Verification) -> Result<Option<String>> {
        self.read().verification(what)
    }
    fn versions(&self, below: Option<u32>, limit: u32) -> Result<Vec<ListedVersion>> {
        self.read().versions(below, limit)
    }
    fn explaining(&self, asked: &ForExplain<'_>) -> Result<Option<Stored>> {
        self.read().explaining(asked)
    }
    fn answered(&self, subject: &str, key: &str) -> Result<Option<(String, String)>> {
        self.read().answered(subject, key)
    }
    fn events(&self, asked: &EventsQuery) -> Result<Found<Happened>> {
        self.read().events(asked)
    }
    fn observed(&self, flag: &str, since: Millis) -> Result<Observed> {
        self.read().observed(flag, since)
    }
    fn last_batch(&self, tally: &str) -> Result<i64> {
        self.read().last_batch(tally)
    }
    fn guard_state(&self, flag: &str) -> Result<Option<(String, Option<Millis>)>> {
        self.read().guard_state(flag)
    }
    fn usage(&self, flag: &str, from_hour: i64) -> Result<Vec<Used>> {
        self.read().usage(flag, from_hour)
    }
    fn last_used(&self, flag: &str) -> Result<Option<i64>> {
        self.read().last_used(flag)
    }
    fn unknown_flags(&self, limit: u32) -> Result<Vec<UnknownFlag>> {
        self.read().unknown_flags(limit)
    }
    fn receipt_key(&self) -> Result<Option<String>> {
        self.read().receipt_key()
    }
    fn jobs(&self, kinds: Option<&[&str]>, limit: u32) -> Result<Vec<(JobKey, Job)>> {
        self.read().jobs(kinds, limit)
    }
    fn expired(&self, forget: Forget) -> Result<Expired> {
        self.read().expired(forget)
    }
    fn stream_key(&self) -> Result<Option<String>> {
        self.read().stream_key()
    }
    fn registered_name(&self) -> Result<Option<String>> {
        self.read().registered_name()
    }
    fn token_uses(&self) -> Result<BTreeMap<String, i64>> {
        self.read().token_uses()
    }
    fn clock_ahead(&self) -> Result<i64> {
        self.read().clock_ahead()
    }
}

impl Store for Followed {
    fn load(&self, wanted: Wanted<'_>) -> Result<Snapshot> {
        self.read().load(wanted)
    }

    fn commit(&self, expected: Version, commit: &Commit<'_>, at: Millis) -> Result<Result<Version, Conflict>> {
        if self.is_apart.get() {
            return self.reads.commit(expected, commit, at);
        }
        let decided = self.decides.commit(expected, commit, at)?;
        if decided.is_ok() {
            self.hub.add(&self.decides);
            // Jobs, webhooks and what is kept for a while are each store's own.
            let own = Commit {
                jobs: commit.jobs,
                webhooks: commit.webhooks,
                forget: commit.forget,
                clock_ahead: commit.clock_ahead,
                ..Commit::default()
            };
            assert_eq!(self.read().commit(self.reads.newest()?, &own, at)?, decided);
        }
        Ok(decided)
    }

    fn keep_sums(&self, batch: &Batch, states: &[GuardRow], at: Millis) -> Result<()> {
        self.read().keep_sums(batch, states, at)
    }

    fn keep_receipt_key(&self, key: &str) -> Result<()> {
        self.read().keep_receipt_key(key)
    }

    fn keep_registered_name(&self, name: &str) -> Result<()> {
        self.read().keep_registered_name(name)
    }

    fn keep_token_use(&self, token: &str, hour: i64) -> Result<()> {
        self.read().keep_token_use(token, hour)
    }

    fn keep_verification(&self, what: Verification, state: Option<&str>) -> Result<()> {
        self.read().keep_verification(what, state)
    }
}

impl Transfer for Followed {
    fn backup_head(&self) -> Result<Head> {
        self.read().backup_head()
    }
    fn backup(&self, head: &Head, place: Place) -> Result<Option<(Vec<Line>, Place)>> {
        self.read().backup(head, place)
    }
    fn begin_restore(&self) -> Result<()> {
        self.read();
        self.is_apart.set(true);
        self.reads.begin_restore()
    }
    fn restore(&self, lines: &[Line]) -> Result<()> {
        self.read().restore(lines)
    }
    fn restore_piece(&self, lines: &[Line], state: &str) -> Result<()> {
        self.read().restore_piece(lines, state)
    }
    fn restore_state(&self) -> Result<Option<String>> {
        self.read().restore_state()
    }
    fn replaced_keys(&self) -> Result<Rows> {
        self.read().replaced_keys()
    }
    fn end_restore(&self, is_good: bool) -> Result<()> {
        self.read().end_restore(is_good)
    }
}
