//! The store in the durable object's own SQLite: nothing to install.
pub(crate) mod database;
mod events;
mod history;
mod imports;
mod jobs;
mod migrations;
mod proof;
mod records;
mod transaction;
mod transfer;
mod whole_rows;

use std::cell::Cell;

use control::{
    Reverted,
    change::Action,
    lifecycle::Observed,
    rows::{RowKey, RowKind, Rows},
};
use sdk_core::Millis;
use serde::Deserialize;
use worker::{Error, Result, SqlStorageValue, State};

use self::database::{Database, Object};
use super::{
    Access, Commit, Conflict, Outcome, Read, Snapshot, Store, Transfer, Wanted,
    audit::{self, ChangesQuery, EventsQuery, ForExplain, Happened, ListedVersion, Stored},
    backup::{Head, Line, Place},
    jobs::{Expired, Forget, Job, JobKey},
};
use crate::version::{Epoch, Version};

/// Bytes of text in one row. A value of more than 1 MB can fail; a part ends where a character does.
const PART: usize = 500_000;

/// The store in an SQLite.
pub(crate) struct Sqlite<D = Object> {
    database: D,
    migrated: Cell<bool>,
    /// Known once it is migrated.
    access: Cell<Access>,
}

impl Sqlite {
    pub(crate) fn of(state: &State) -> Self {
        Self::new(Object::of(state.storage()))
    }
}

impl<D: Database> Sqlite<D> {
    pub(crate) const fn new(database: D) -> Self {
        Self { database, migrated: Cell::new(false), access: Cell::new(Access::Nothing) }
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

    /// The rows of a query for kind, name and text, parts in their order.
    fn found(&self, query: &str, bindings: Vec<SqlStorageValue>) -> Result<Rows> {
        let found: Vec<Part> = self.migrated()?.exec(query, bindings)?;
        let mut rows = Rows::default();
        let mut open: Option<(RowKey, String)> = None;
        for Part { kind, name, text } in found {
            // A row of a kind that a later release writes stays where it is.
            let (Some(text), Some(kind)) = (text, RowKind::from_name(&kind)) else { continue };
            match &mut open {
                Some((key, whole)) if key.kind == kind && key.name == name => whole.push_str(&text),
                _ => {
                    if let Some((key, whole)) = open.replace((RowKey { kind, name }, text)) {
                        rows.insert(key, whole);
                    }
                }
            }
        }
        if let Some((key, whole)) = open {
            rows.insert(key, whole);
        }
        Ok(rows)
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
        let newest = |which: &str, bindings| {
            let query = "SELECT kind, name, text FROM newest JOIN history USING (kind, name, version) WHERE";
            self.found(&format!("{query} {which} ORDER BY kind, name, part"), bindings)
        };
        let then = |which: &str, bindings| {
            let last = "SELECT max(version) FROM history WHERE kind = row.kind AND name = row.name AND version <= ?";
            let query = format!("SELECT kind, name, text FROM history AS row WHERE {which} AND version = ({last})");
            self.found(&format!("{query} ORDER BY kind, name, part"), bindings)
        };
        match wanted {
            Wanted::Unpaged => newest("newest.page IS NULL", Vec::new()),
            Wanted::Paged => newest("newest.page IS NOT NULL", Vec::new()),
            Wanted::UnpagedAt(version) => then("page IS NULL", vec![i64::from(version).into()]),
            Wanted::PageAt(page, version) => then("page = ?", vec![i64::from(page).into(), i64::from(version).into()]),
            Wanted::KeysAt(keys, version) => {
                let names: Vec<[&str; 2]> = keys.iter().map(|key| [key.kind.as_str(), &key.name]).collect();
                let query = "WITH wanted AS (SELECT value ->> 0 AS kind, value ->> 1 AS name FROM json_each(?))
                    SELECT row.kind, row.name, row.text FROM wanted CROSS JOIN history AS row USING (kind, name)
                    WHERE row.version = (SELECT max(version) FROM history AS last
                        WHERE last.kind = wanted.kind AND last.name = wanted.name AND last.version <= ?)
                    ORDER BY row.kind, row.name, row.part";
                self.found(query, vec![serde_json::to_string(&names)?.into(), i64::from(version).into()])
            }
            Wanted::Keys(keys) => {
                let mut rows = Rows::default();
                for key in keys {
                    rows.append(newest("kind = ? AND name = ?", vec![key.kind.as_str().into(), key.name.as_str().into()])?);
                }
                Ok(rows)
            }
        }
    }

    fn pages(&self, version: Option<u32>) -> Result<Vec<(u16, u32)>> {
        let sql = self.migrated()?;
        let pages: Vec<Page> = match version {
            None => sql.exec("SELECT page, version FROM pages ORDER BY page", Vec::new())?,
            Some(version) => {
                let then = "SELECT page, max(version) AS version FROM history WHERE page IS NOT NULL AND version <= ?
                    GROUP BY page ORDER BY page";
                sql.exec(then, vec![i64::from(version).into()])?
            }
        };
        Ok(pages.into_iter().map(|Page { page, version }| (page, version)).collect())
    }

    fn page_version(&self, page: u16) -> Result<Option<u32>> {
        let version = self.migrated()?.number("SELECT version AS n FROM pages WHERE page = ?", vec![i64::from(page).into()])?;
        Ok(version.and_then(|version| version.try_into().ok()))
    }

    fn page_owners(&self, page: u16, most: u32) -> Result<Option<Vec<RowKey>>> {
        let query = "SELECT kind, name, NULL AS text FROM newest WHERE page = ? ORDER BY kind, name LIMIT ?";
        let found: Vec<Part> = self.migrated()?.exec(query, vec![i64::from(page).into(), (i64::from(most) + 1).into()])?;
        if i64::try_from(found.len()).is_ok_and(|count| count > i64::from(most)) {
            return Ok(None);
        }
        // A kind that a later release writes is no owner of this one.
        let key = |Part { kind, name, .. }| Some(RowKey { kind: RowKind::from_name(&kind)?, name });
        Ok(Some(found.into_iter().filter_map(key).collect()))
    }

    fn owners(&self, kind: &str, after: &str, limit: u32) -> Result<Vec<String>> {
        let query = "SELECT name FROM newest WHERE kind = ? AND name > ? ORDER BY name LIMIT ?";
        let bindings = vec![kind.into(), after.into(), i64::from(limit).into()];
        let found: Vec<Name> = self.migrated()?.exec(query, bindings)?;
        Ok(found.into_iter().map(|Name { name }| name).collect())
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

    fn changes(&self, asked: &ChangesQuery) -> Result<Vec<Stored>> {
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

    fn parts(&self, behind: Option<&audit::Part>) -> Result<Vec<audit::Part>> {
        proof::parts(self.migrated()?, behind)
    }

    fn serving_parts(&self, version: u32, behind: Option<&audit::Part>) -> Result<Vec<audit::Part>> {
        proof::serving_parts(self.migrated()?, version, behind)
    }

    fn lacks_baseline(&self) -> Result<bool> {
        proof::lacks_baseline(self.migrated()?)
    }

    fn untold(&self) -> Result<Option<String>> {
        proof::untold(self.migrated()?)
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

    fn events(&self, asked: &EventsQuery) -> Result<Vec<Happened>> {
        events::list(self.migrated()?, asked)
    }

    fn observed(&self, flag: &str, since: Millis) -> Result<Observed> {
        events::observed(self.migrated()?, flag, since)
    }

    fn jobs(&self, kinds: Option<&[&str]>, limit: u32) -> Result<Vec<(JobKey, Job)>> {
        jobs::list(self.migrated()?, kinds, limit)
    }

    fn expired(&self, forget: Forget) -> Result<Expired> {
        jobs::expired(self.migrated()?, forget)
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

    fn commit(&self, expected: Version, commit: &Commit<'_>, at: Millis) -> Result<Result<Version, Conflict>> {
        let sql = self.migrated()?;
        sql.transaction(|| {
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
            if let Some(progress) = commit.progress {
                imports::put(sql, progress, at)?;
            }
            Ok(Ok(newest))
        })
    }

    fn keep_outcomes(&self, outcomes: &[Outcome]) -> Result<u32> {
        let sql = self.migrated()?;
        sql.transaction(|| events::keep(sql, outcomes))
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

    fn end_restore(&self, is_good: bool) -> Result<()> {
        // If ending fails, the next use puts the replaced tables back, as opening the store does.
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
    let mut whole: Vec<(Located<'_>, Option<&str>)> = Vec::new();
    for (key, text) in writes {
        match text.filter(|text| text.len() > PART) {
            None => whole.push((key.into(), text)),
            Some(text) => {
                for (part, number) in parts(text).zip(0..) {
                    put_part(sql, &key.into(), version, number, Some(part))?;
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

/// The place of a row: its kind by name, so that backups carry kinds of later releases too, and its page if it has one.
pub(super) struct Located<'r> {
    kind: &'r str,
    name: &'r str,
    page: Option<u16>,
}

impl<'r> From<&'r RowKey> for Located<'r> {
    fn from(key: &'r RowKey) -> Self {
        Self { kind: key.kind.as_str(), name: &key.name, page: key.page() }
    }
}

/// Writes one part of a row; none stands for a row that goes.
fn put_part(sql: &impl Database, row: &Located<'_>, version: u32, part: u32, text: Option<&str>) -> Result<()> {
    let (kind, name) = (|| SqlStorageValue::from(row.kind), || SqlStorageValue::from(row.name));
    let page = row.page.map(i64::from);
    let version = || SqlStorageValue::Integer(version.into());
    let row = vec![kind(), name(), version(), i64::from(part).into(), page.into(), text.into()];
    sql.run("INSERT INTO history (kind, name, version, part, page, text) VALUES (?, ?, ?, ?, ?, ?)", row)?;
    if part > 0 {
        return Ok(());
    }
    if text.is_some() {
        let newest =
            "INSERT INTO newest (kind, name, version, page) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET version = excluded.version";
        sql.run(newest, vec![kind(), name(), version(), page.into()])?;
    } else {
        sql.run("DELETE FROM newest WHERE kind = ? AND name = ?", vec![kind(), name()])?;
    }
    if let Some(page) = page {
        let newest = "INSERT INTO pages (page, version) VALUES (?, ?) ON CONFLICT DO UPDATE SET version = excluded.version";
        sql.run(newest, vec![page.into(), version()])?;
    }
    Ok(())
}

#[derive(Deserialize)]
struct Newest {
    epoch: Epoch,
    number: u32,
}

#[derive(Deserialize)]
struct Name {
    name: String,
}

#[derive(Deserialize)]
struct Part {
    kind: String,
    name: String,
    text: Option<String>,
}

#[derive(Deserialize)]
struct Page {
    page: u16,
    version: u32,
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
    fn a_row_of_no_version_is_told() {
        let store = Sqlite::new(Memory::new());
        let sql = store.migrated().unwrap();
        sql.script("PRAGMA foreign_keys = OFF; INSERT INTO history VALUES ('flag', 'a', 0, 0, NULL, NULL)").unwrap();
        let said = "the flag \"a\" was written at version 0, which does not exist";
        assert_eq!(store.untold().unwrap().as_deref(), Some(said));
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
