//! The store in the durable object's own SQLite: nothing to install.
mod comparison;
pub(crate) mod database;
#[cfg(test)]
pub(crate) mod edits;
mod events;
mod history;
mod imports;
mod jobs;
mod journal;
mod migrations;
mod own_facts;
mod proof;
mod records;
mod rows;
pub(crate) mod search;
mod slices;
mod sums;
mod transaction;
mod transfer;
mod webhooks;
mod whole_rows;

use std::{cell::Cell, collections::BTreeMap};

use control::{
    Reverted,
    change::Action,
    lifecycle::Observed,
    rows::{RowKey, RowKind, Rows},
};
use sdk_core::Millis;
use serde::Deserialize;
use worker::{Error, Result, State};

use self::database::{Database, Object};
use super::{
    Access, Commit, Conflict, GuardRow, Read, Snapshot, Store, Transfer, UnknownFlag, Used, Verification, Wanted,
    audit::{self, ChangesQuery, Compared, ComparisonPlace, EventsQuery, ForExplain, Found, Happened, ListedVersion, Stored},
    backup::{Head, Line, Place},
    jobs::{Expired, Forget, Job, JobKey},
    journal::{Entry, Outbox},
    webhooks::{WebhookAttempt, WebhookProgress},
};
use crate::{
    tally::wire::Batch,
    version::{Epoch, Version},
};

/// Bytes of text in one row. A value of more than 1 MB can fail; a part ends where a character does.
const PART: usize = 500_000;

/// The reason for which a commit that is only tried is undone.
const UNDONE: &str = "the commit was only tried";

/// The store in an SQLite.
pub(crate) struct Sqlite<D = Object> {
    database: D,
    migrated: Cell<bool>,
    /// Known once it is migrated.
    access: Cell<Access>,
    outbox: Outbox,
}

impl Sqlite {
    pub(crate) fn of(state: &State) -> Self {
        Self::new(Object::of(state.storage()))
    }
}

impl<D: Database> Sqlite<D> {
    pub(crate) fn new(database: D) -> Self {
        Self { database, migrated: Cell::new(false), access: Cell::new(Access::Nothing), outbox: Outbox::default() }
    }

    /// At first use, not before: a constructor has nobody to tell of an error.
    fn migrated(&self) -> Result<&D> {
        if !self.migrated.get() {
            transfer::clear_unfinished(&self.database)?;
            migrations::apply(&self.database)?;
            self.access.set(migrations::access(&self.database)?);
            self.migrated.set(true);
        }
        Ok(&self.database)
    }

    /// Writes a commit within the caller's transaction.
    fn commit_within(&self, sql: &D, expected: Version, commit: &Commit<'_>, at: Millis) -> Result<Result<Version, Conflict>> {
        let mut newest = self.newest()?;
        if newest != expected {
            return Ok(Err(Conflict));
        }
        if !commit.writes.is_empty() {
            newest.number += 1;
            if at < records::head(sql)?.made {
                return Err(Error::RustError(format!("version {} would be made before the one below it", newest.number)));
            }
            put(sql, newest.number, at, commit.writes.iter().map(|(key, text)| (key, text.as_deref())))?;
        }
        if let Some(epoch) = commit.epoch {
            sql.run("UPDATE store SET epoch = ?", vec![epoch.to_string().into()])?;
            newest.epoch = epoch;
        }
        records::put(sql, commit, at)?;
        jobs::put(sql, commit)?;
        webhooks::put(sql, commit.webhooks)?;
        if let Some(progress) = commit.progress {
            imports::put(sql, progress, at)?;
        }
        Ok(Ok(newest))
    }

    /// The database, for tests that edit it.
    #[cfg(test)]
    pub(crate) const fn database(&self) -> &D {
        &self.database
    }
}

impl<D: Database> Read for Sqlite<D> {
    fn access(&self) -> Result<Access> {
        self.migrated()?;
        Ok(self.access.get())
    }

    fn newest(&self) -> Result<Version> {
        let query = "SELECT epoch, coalesce((SELECT max(version) FROM versions), 0) AS number FROM store";
        let Newest { epoch, number } = self.migrated()?.one(query, Vec::new())?;
        Ok(Version { epoch, number })
    }

    fn version_at(&self, moment: Millis) -> Result<Option<u32>> {
        let query = "SELECT max(version) AS n FROM versions WHERE created_at <= ?";
        Ok(self.migrated()?.number(query, vec![moment.0.into()])?.and_then(|version| version.try_into().ok()))
    }

    fn rows(&self, wanted: Wanted<'_>) -> Result<Rows> {
        rows::read(self.migrated()?, wanted)
    }

    fn definitions_version(&self) -> Result<Version> {
        Ok(Version { number: rows::definitions_version(self.migrated()?)?, ..self.newest()? })
    }

    fn overrides_version(&self) -> Result<Version> {
        Ok(Version { number: rows::overrides_version(self.migrated()?)?, ..self.newest()? })
    }

    fn written_since(&self, version: u32, most: u32) -> Result<Option<Vec<RowKey>>> {
        history::written_since(self.migrated()?, version, most)
    }

    fn owners_written_since(&self, version: u32, most: u32) -> Result<Option<Vec<RowKey>>> {
        history::owners_written_since(self.migrated()?, version, most)
    }

    fn pages(&self, version: Option<u32>) -> Result<Vec<(u16, u32)>> {
        rows::pages(self.migrated()?, version)
    }

    fn page_version(&self, page: u16) -> Result<Option<u32>> {
        rows::page_version(self.migrated()?, page)
    }

    fn page_owners(&self, page: u16, most: u32) -> Result<Option<Vec<RowKey>>> {
        rows::page_owners(self.migrated()?, page, most)
    }

    fn owners(&self, kind: &str, after: &str, limit: u32) -> Result<Vec<String>> {
        rows::owners(self.migrated()?, kind, after, limit)
    }

    fn owners_at(&self, kind: &str, after: &str, version: u32, limit: u32) -> Result<Vec<String>> {
        imports::owners_at(self.migrated()?, kind, after, version, limit)
    }

    fn import_progress(&self, import: &str) -> Result<Option<String>> {
        imports::progress(self.migrated()?, import)
    }

    fn written_by_import(&self, keys: &[RowKey], import: &str, from: u32) -> Result<Vec<RowKey>> {
        imports::written(self.migrated()?, keys, import, from)
    }

    fn import_versions(&self, key: &RowKey, upto: u32, limit: u32) -> Result<Vec<u32>> {
        imports::versions(self.migrated()?, key, upto, limit)
    }

    fn head(&self) -> Result<audit::Head> {
        records::head(self.migrated()?)
    }

    fn changes(&self, asked: &ChangesQuery) -> Result<Found<Stored>> {
        records::changes(self.migrated()?, asked)
    }

    fn records(&self, after: u64, limit: u32) -> Result<Vec<Stored>> {
        records::behind(self.migrated()?, after, limit)
    }

    fn reverted(&self, version: u32) -> Result<Reverted> {
        history::reverted(self.migrated()?, version)
    }

    fn last_write(&self, key: &RowKey, below: Option<u32>) -> Result<Option<u32>> {
        history::last_write(self.migrated()?, key, below)
    }

    fn written(&self, key: &RowKey, version: u32) -> Result<Option<String>> {
        history::written(self.migrated()?, key, version)
    }

    fn last_written_by(&self, kinds: &[RowKind], actions: &[Action]) -> Result<Vec<RowKey>> {
        history::last_written_by(self.migrated()?, kinds, actions)
    }

    fn last_removed_by(&self, kinds: &[RowKind], actions: &[Action]) -> Result<Vec<RowKey>> {
        history::last_removed_by(self.migrated()?, kinds, actions)
    }

    fn parts(&self, behind: Option<&audit::Part>) -> Result<Vec<audit::Part>> {
        proof::parts(self.migrated()?, behind)
    }

    fn serving_parts(&self, version: u32, behind: Option<&audit::Part>) -> Result<Vec<audit::Part>> {
        proof::serving_parts(self.migrated()?, version, behind)
    }

    fn lacks_baseline(&self) -> Result<bool> {
        proof::lacks_baseline(self.migrated()?)
    }

    fn compare(&self, since: Option<u32>, place: &ComparisonPlace, most: u32) -> Result<Compared> {
        comparison::compare(self.migrated()?, since, place, most)
    }

    fn verification(&self, what: Verification) -> Result<Option<String>> {
        proof::verification(self.migrated()?, what)
    }

    fn versions(&self, below: Option<u32>, limit: u32) -> Result<Vec<ListedVersion>> {
        records::versions(self.migrated()?, below, limit)
    }

    fn explaining(&self, asked: &ForExplain<'_>) -> Result<Option<Stored>> {
        records::explaining(self.migrated()?, asked)
    }

    fn answered(&self, subject: &str, key: &str) -> Result<Option<(String, String)>> {
        records::answered(self.migrated()?, subject, key)
    }

    fn events(&self, asked: &EventsQuery) -> Result<Found<Happened>> {
        events::list(self.migrated()?, asked)
    }

    fn observed(&self, flag: &str, since: Millis) -> Result<Observed> {
        sums::observed(self.migrated()?, flag, since)
    }

    fn last_batch(&self, tally: &str) -> Result<i64> {
        sums::last_batch(self.migrated()?, tally)
    }

    fn guard_state(&self, flag: &str) -> Result<Option<(String, Option<Millis>)>> {
        sums::guard_state(self.migrated()?, flag)
    }

    fn usage(&self, flag: &str, from_hour: i64) -> Result<Vec<Used>> {
        sums::usage(self.migrated()?, flag, from_hour)
    }

    fn last_used(&self, flag: &str) -> Result<Option<i64>> {
        sums::last_used(self.migrated()?, flag)
    }

    fn unknown_flags(&self, limit: u32) -> Result<Vec<UnknownFlag>> {
        sums::unknown_flags(self.migrated()?, limit)
    }

    fn receipt_key(&self) -> Result<Option<String>> {
        sums::receipt_key(self.migrated()?)
    }

    fn jobs(&self, kinds: Option<&[&str]>, limit: u32) -> Result<Vec<(JobKey, Job)>> {
        jobs::list(self.migrated()?, kinds, limit)
    }

    fn expired(&self, forget: Forget) -> Result<Expired> {
        jobs::expired(self.migrated()?, forget)
    }

    fn stream_key(&self) -> Result<Option<String>> {
        own_facts::stream_key(self.migrated()?)
    }

    fn registered_name(&self) -> Result<Option<String>> {
        own_facts::registered_name(self.migrated()?)
    }

    fn token_uses(&self) -> Result<BTreeMap<String, i64>> {
        own_facts::token_uses(self.migrated()?)
    }

    fn webhook_progress(&self, id: &str) -> Result<Option<WebhookProgress>> {
        webhooks::progress(self.migrated()?, id)
    }

    fn webhook_attempts(&self, id: &str, limit: u32) -> Result<Vec<WebhookAttempt>> {
        webhooks::attempts(self.migrated()?, id, limit)
    }

    fn clock_ahead(&self) -> Result<i64> {
        jobs::clock_ahead(self.migrated()?)
    }
}

impl<D: Database> Store for Sqlite<D> {
    fn load(&self, wanted: Wanted<'_>) -> Result<Snapshot> {
        // The three reads are one turn of the object, so they see one version.
        Ok(Snapshot { version: self.newest()?, head: self.head()?, rows: self.rows(wanted)? })
    }

    /// A store whose outbox is on only tries the commit, which waits in the outbox until it stands in the journal.
    fn commit(&self, expected: Version, commit: &Commit<'_>, at: Millis) -> Result<Result<Version, Conflict>> {
        let sql = self.migrated()?;
        let waits = if self.outbox.is_on() { Entry::of(expected, commit, at) } else { None };
        let Some(entry) = waits else {
            return sql.transaction(|| self.commit_within(sql, expected, commit, at));
        };
        let mut tried = Ok(Err(Conflict));
        // An error undoes a transaction, so this one writes nothing.
        let _undone: Result<()> = sql.transaction(|| {
            tried = self.commit_within(sql, expected, commit, at);
            Err(Error::RustError(UNDONE.to_owned()))
        });
        Ok(tried?.and_then(|_| self.outbox.put(entry)))
    }

    fn keep_sums(&self, batch: &Batch, states: &[GuardRow], at: Millis) -> Result<()> {
        let sql = self.migrated()?;
        sql.transaction(|| sums::keep(sql, batch, states, at))
    }

    fn keep_receipt_key(&self, key: &str) -> Result<()> {
        self.migrated()?.run("UPDATE store SET receipt_key = ?", vec![key.into()])
    }

    fn keep_registered_name(&self, name: &str) -> Result<()> {
        own_facts::keep_registered_name(self.migrated()?, name)
    }

    fn keep_token_use(&self, token: &str, hour: i64) -> Result<()> {
        own_facts::keep_token_use(self.migrated()?, token, hour)
    }

    fn keep_verification(&self, what: Verification, state: Option<&str>) -> Result<()> {
        proof::keep_verification(self.migrated()?, what, state)
    }
}

impl<D: Database> Transfer for Sqlite<D> {
    fn backup_head(&self) -> Result<Head> {
        transfer::head(self.migrated()?)
    }

    fn backup(&self, head: &Head, place: Place) -> Result<Option<(Vec<Line>, Place)>> {
        transfer::lines(self.migrated()?, head, place)
    }

    fn begin_restore(&self) -> Result<()> {
        transfer::begin(self.migrated()?)
    }

    fn restore(&self, lines: &[Line]) -> Result<()> {
        let sql = &self.database;
        sql.transaction(|| lines.iter().try_for_each(|line| transfer::take(sql, line)))
    }

    fn restore_piece(&self, lines: &[Line], state: &str) -> Result<()> {
        let sql = self.migrated()?;
        sql.transaction(|| {
            lines.iter().try_for_each(|line| transfer::take(sql, line))?;
            transfer::keep_state(sql, state)
        })
    }

    fn restore_state(&self) -> Result<Option<String>> {
        transfer::state(self.migrated()?)
    }

    fn replaced_keys(&self) -> Result<Rows> {
        rows::replaced(self.migrated()?, RowKind::Key)
    }

    fn end_restore(&self, is_good: bool) -> Result<()> {
        // If ending fails, the next use puts the replaced tables back, as opening the store does; unless the restore has a state.
        self.migrated.set(false);
        transfer::end(&self.database, is_good)?;
        self.access.set(migrations::access(&self.database)?);
        Ok(())
    }
}

/// Writes rows as a version of this number.
pub(super) fn put<'r>(
    sql: &impl Database,
    version: u32,
    at: Millis,
    writes: impl Iterator<Item = (&'r RowKey, Option<&'r str>)>,
) -> Result<()> {
    put_version(sql, version, at)?;
    let mut whole: Vec<(rows::Located<'_>, Option<&str>)> = Vec::new();
    for (key, text) in writes {
        match text.filter(|text| text.len() > PART) {
            None => whole.push((key.into(), text)),
            Some(text) => {
                for (part, number) in parts(text).zip(0..) {
                    rows::put_part(sql, &key.into(), version, number, Some(part))?;
                }
            }
        }
    }
    whole_rows::put(sql, version, &whole)
}

/// Writes that there is a version.
fn put_version(sql: &impl Database, version: u32, at: Millis) -> Result<()> {
    sql.run("INSERT INTO versions (version, created_at) VALUES (?, ?)", vec![i64::from(version).into(), at.0.into()])
}

#[derive(Deserialize)]
struct Newest {
    epoch: Epoch,
    number: u32,
}

/// The text in pieces of at most [`PART`] bytes; an empty text is one.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let (part, tail) = text.split_at(text.floor_char_boundary(PART));
        rest = (!tail.is_empty()).then_some(tail);
        Some(part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{conformance, sqlite::database::tests::Memory};

    #[derive(Deserialize)]
    struct Name {
        name: String,
    }

    #[test]
    fn it_does_what_a_store_must() {
        conformance::check(|| Sqlite::new(Memory::new()));
    }

    #[test]
    fn a_store_of_a_later_release_says_what_may_be_done_with_it() {
        let own = i64::try_from(migrations::COUNT).unwrap();
        for (writes_from, serves_from, access) in
            [(own, own, Access::Write), (1, 1, Access::Write), (own + 1, own, Access::Serve), (own + 1, own + 1, Access::Nothing)]
        {
            let memory = Memory::new();
            migrations::apply(&memory).unwrap();
            // The traces of a later release: a table, a migration, and the least forms.
            memory.script("CREATE TABLE later (due INTEGER)").unwrap();
            memory.run("INSERT INTO migrations VALUES (?)", vec![(own + 1).into()]).unwrap();
            memory.run("UPDATE store SET writes_from = ?, serves_from = ?", vec![writes_from.into(), serves_from.into()]).unwrap();
            let store = Sqlite::new(memory);
            assert_eq!(store.access().unwrap(), access);
            // A restore makes a store of this release; one that fails leaves the store as it was.
            for (is_good, then) in [(false, access), (true, Access::Write)] {
                store.begin_restore().unwrap();
                store.end_restore(is_good).unwrap();
                assert_eq!(store.access().unwrap(), then);
            }
        }
    }

    #[test]
    fn what_a_restore_was_to_replace_is_there_again_when_the_store_opens() {
        let store = Sqlite::new(Memory::new());
        let writes = [(RowKey::of(RowKind::Flag, "a"), Some("1".to_owned()))];
        store.commit(store.newest().unwrap(), &Commit { writes: &writes, ..Commit::default() }, Millis(7)).unwrap().unwrap();
        let schema = |store: &Sqlite<Memory>| -> Vec<String> {
            let found: Vec<Name> = store
                .database
                .exec("SELECT type || ' ' || name || ' ' || sql AS name FROM sqlite_master WHERE sql IS NOT NULL ORDER BY 1", vec![])
                .unwrap();
            // A table that was renamed back has its name in quotes.
            found.into_iter().map(|Name { name }| name.replace('"', "")).collect()
        };
        let (before, made) = (store.newest().unwrap(), schema(&store));
        store.begin_restore().unwrap();
        store.restore(&[Line::Version(1, 1), Line::Row("flag".into(), "b".into(), 1, 0, Some("2".into()))]).unwrap();
        // The power goes.
        let opened = Sqlite::new(store.database);
        assert_eq!((opened.newest().unwrap(), opened.rows(Wanted::Unpaged).unwrap().get(RowKind::Flag, "a")), (before, Some("1")));
        assert_eq!(schema(&opened), made);
    }

    #[test]
    fn a_restore_with_a_state_goes_on_when_the_store_opens() {
        let store = Sqlite::new(Memory::new());
        let writes = [(RowKey::of(RowKind::Flag, "a"), Some("1".to_owned())), (RowKey::of(RowKind::Key, "k"), Some("2".to_owned()))];
        store.commit(store.newest().unwrap(), &Commit { writes: &writes, ..Commit::default() }, Millis(7)).unwrap().unwrap();
        let before = (store.newest().unwrap(), store.rows(Wanted::Unpaged).unwrap());
        let row = |name: &str| Line::Row("flag".into(), name.into(), 1, 0, Some("3".into()));
        store.begin_restore().unwrap();
        assert_eq!(store.restore_state().unwrap(), None);
        store.restore_piece(&[Line::Version(1, 1), row("b")], "first").unwrap();
        // A slice whose lines contradict each other writes neither a line nor the state.
        assert!(store.restore_piece(&[row("c"), row("b")], "second").is_err());
        // The power goes.
        let opened = Sqlite::new(store.database);
        assert_eq!(opened.restore_state().unwrap().as_deref(), Some("first"));
        assert_eq!(opened.replaced_keys().unwrap().iter().map(|(key, _)| key.name.clone()).collect::<Vec<_>>(), ["k"]);
        opened.restore_piece(&[row("c")], "third").unwrap();
        let restored = opened.rows(Wanted::Unpaged).unwrap();
        assert_eq!(restored.iter().map(|(key, _)| key.name.as_str()).collect::<Vec<_>>(), ["b", "c"]);
        opened.end_restore(false).unwrap();
        assert_eq!((opened.newest().unwrap(), opened.rows(Wanted::Unpaged).unwrap()), before);
        assert_eq!(opened.restore_state().unwrap(), None);
    }

    #[test]
    fn a_text_beside_a_row_that_is_not_the_one_of_its_version_is_told() {
        let store = Sqlite::new(Memory::new());
        let writes = [(RowKey::of(RowKind::Customer, "c"), Some("{}".to_owned()))];
        store.commit(store.newest().unwrap(), &Commit { writes: &writes, ..Commit::default() }, Millis(7)).unwrap().unwrap();
        let untold = |statement: &str| {
            store.database.script(statement).unwrap();
            conformance::untold(&store)
        };
        // Without records; that is told last.
        let none = untold("");
        let said = Some("the customer \"c\" does not serve as it was last written".to_owned());
        assert_eq!(untold("UPDATE paged_rows SET text = '{ }'"), said);
        assert_eq!(untold("UPDATE paged_rows SET text = '{}'"), none);
        assert_eq!(untold("UPDATE paged_rows SET text = NULL"), none);
        assert_eq!(untold("UPDATE paged_rows SET page = (page + 1) % 1024"), said);
    }

    #[test]
    fn a_row_of_no_version_is_told() {
        let store = Sqlite::new(Memory::new());
        let sql = store.migrated().unwrap();
        sql.script("PRAGMA foreign_keys = OFF; INSERT INTO history VALUES ('flag', 'a', 0, 0, NULL, NULL)").unwrap();
        let said = "the flag \"a\" was written at version 0, which does not exist";
        assert_eq!(conformance::untold(&store).as_deref(), Some(said));
    }

    #[test]
    fn the_trail_is_neither_altered_nor_deleted() {
        let store = Sqlite::new(Memory::new());
        let sql = store.migrated().unwrap();
        sql.script(
            "INSERT INTO versions VALUES (1, 0); INSERT INTO feature_flag_changes (sequence, version, payload, payload_hash, hash)
            VALUES (1, 1, '{\"reason\":\"r\"}', 'p', 'h')",
        )
        .unwrap();
        for statement in [
            "UPDATE feature_flag_changes SET payload = '{}'",
            "UPDATE feature_flag_changes SET hash = 'x'",
            "UPDATE feature_flag_changes SET payload_hash = 'x'",
            "UPDATE feature_flag_changes SET version = 2",
            "UPDATE feature_flag_changes SET sequence = 2",
            "DELETE FROM feature_flag_changes",
            "INSERT OR REPLACE INTO feature_flag_changes (sequence, version, payload, payload_hash, hash) VALUES (1, 1, '{}', 'p', 'h')",
        ] {
            assert!(sql.script(statement).is_err(), "{statement}");
        }
        // A person may ask to be forgotten; the chain holds without the payload.
        sql.script("UPDATE feature_flag_changes SET payload = NULL").unwrap();
    }

    #[track_caller]
    fn check(text: &str, expected: &[usize]) {
        assert_eq!(parts(text).map(str::len).collect::<Vec<_>>(), expected);
        assert_eq!(parts(text).collect::<String>(), text);
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        check("", &[0]);
        check(&"a".repeat(PART), &[PART]);
        check(&"a".repeat(PART + 1), &[PART, 1]);
        // Three bytes each: 500,000 is no multiple of three.
        check(&"€".repeat(200_000), &[PART - 2, 100_002]);
    }
}
