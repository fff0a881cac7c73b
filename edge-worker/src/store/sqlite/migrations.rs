//! From the tables of an earlier release to those of this one. A number once used is never changed.
use std::iter;

use control::rows::{RowKey, RowKind, Rows, State};
use sdk_core::Millis;
use serde::Deserialize;
use worker::{Error, Result};

use super::{database::Database, parts, put_version, rows::note_part};
use crate::{store::Access, version::Epoch};

/// In their order.
const MIGRATIONS: &[&str] = &[
    include_str!("../../../migrations/sqlite/0001_documents.sql"),
    include_str!("../../../migrations/sqlite/0002_rows.sql"),
    include_str!("../../../migrations/sqlite/0003_control_plane.sql"),
    include_str!("../../../migrations/sqlite/0004_proof.sql"),
    include_str!("../../../migrations/sqlite/0005_store.sql"),
    include_str!("../../../migrations/sqlite/0006_jobs.sql"),
    include_str!("../../../migrations/sqlite/0007_baseline.sql"),
    include_str!("../../../migrations/sqlite/0008_changes_by_id.sql"),
    include_str!("../../../migrations/sqlite/0009_owners.sql"),
    include_str!("../../../migrations/sqlite/0010_clustered_rows.sql"),
    include_str!("../../../migrations/sqlite/0011_filters.sql"),
    include_str!("../../../migrations/sqlite/0012_verification.sql"),
    include_str!("../../../migrations/sqlite/0013_imports.sql"),
    include_str!("../../../migrations/sqlite/0014_stream_key.sql"),
    include_str!("../../../migrations/sqlite/0015_outcomes.sql"),
    include_str!("../../../migrations/sqlite/0016_webhooks.sql"),
    include_str!("../../../migrations/sqlite/0017_own_facts.sql"),
];

/// The form of a store that this release makes.
pub(super) const COUNT: usize = MIGRATIONS.len();

/// Applies all to an empty database, within the caller's transaction.
pub(super) fn apply_within(sql: &impl Database) -> Result<()> {
    sql.script(NUMBERS)?;
    (1_u32..).zip(MIGRATIONS).try_for_each(|(number, migration)| one(sql, number, migration))
}

const NUMBERS: &str = "CREATE TABLE IF NOT EXISTS migrations (number INTEGER PRIMARY KEY)";

fn one(sql: &impl Database, number: u32, migration: &str) -> Result<()> {
    sql.script(migration)?;
    // This step needs more than SQL.
    if number == 2 {
        documents_to_rows(sql)?;
    }
    sql.run("INSERT INTO migrations (number) VALUES (?)", vec![i64::from(number).into()])
}

/// Returns the use that this release may make of a store, which a later one may have written. A store tells the least form that may
/// serve from it and the least that may write it; a form is a number of migrations.
pub(super) fn access(sql: &impl Database) -> Result<Access> {
    let store: Forms = sql.one("SELECT writes_from, serves_from FROM store", Vec::new())?;
    Ok(match store {
        Forms { writes_from, .. } if writes_from <= COUNT => Access::Write,
        Forms { serves_from, .. } if serves_from <= COUNT => Access::Serve,
        Forms { .. } => Access::Nothing,
    })
}

/// Applies those that are missing, each in a transaction, and puts the row about the store itself back if it is gone or unreadable.
pub(super) fn apply(sql: &impl Database) -> Result<()> {
    sql.script(NUMBERS)?;
    let applied = sql.number("SELECT count(*) AS n FROM migrations", Vec::new())?.unwrap_or_default();
    for (migration, number) in MIGRATIONS.iter().zip(1_u32..).filter(|(_, number)| i64::from(*number) > applied) {
        sql.transaction(|| one(sql, number, migration))?;
    }
    restore_store_row(sql)
}

/// The forms that may write a store of this release's form, and serve from it.
const FORMS: Forms = Forms { writes_from: 10, serves_from: 5 };

/// Inserts the row about the store itself if an edit of the file deleted it or made it unreadable. Of a store that a later release wrote it is
/// not known which releases may use it: those that know all its migrations may. The epoch is [`Epoch::LOST`], for the hub to record that it
/// makes another; a store without a version needs no record.
fn restore_store_row(sql: &impl Database) -> Result<()> {
    sql.script(
        "DELETE FROM store WHERE typeof(epoch) <> 'text' OR length(epoch) <> 12 OR epoch GLOB '*[^0-9a-f]*'
          OR typeof(writes_from) <> 'integer' OR writes_from < 0 OR typeof(serves_from) <> 'integer' OR serves_from < 0",
    )?;
    let put = "INSERT INTO store (id, epoch, writes_from, serves_from)
        SELECT 1, CASE WHEN EXISTS (SELECT 1 FROM versions) THEN ? ELSE lower(hex(randomblob(6))) END,
          CASE WHEN number > ? THEN number ELSE ? END, CASE WHEN number > ? THEN number ELSE ? END
        FROM (SELECT max(number) AS number FROM migrations) WHERE NOT EXISTS (SELECT 1 FROM store)";
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    let (known, Forms { writes_from, serves_from }) = (number(COUNT), FORMS);
    let forms = [known, number(writes_from), known, number(serves_from)].map(Into::into);
    sql.run(put, iter::once(Epoch::LOST.to_string().into()).chain(forms).collect())
}

/// Documents that lie in parts become rows, each at the version it had, and the key made for those without one goes with them.
fn documents_to_rows(sql: &impl Database) -> Result<()> {
    let keys: Vec<Key> = sql.exec("SELECT hex FROM bucket_key", Vec::new())?;
    let versions: Vec<Document> = sql.exec("SELECT version, imported_at FROM documents ORDER BY version", Vec::new())?;
    let mut held = Rows::default();
    for Document { version, imported_at } in versions {
        let query = "SELECT text FROM document_parts WHERE version = ? ORDER BY part";
        let found: Vec<Part> = sql.exec(query, vec![i64::from(version).into()])?;
        let text: String = found.into_iter().map(|part| part.text).collect();
        let document = Rows::split(&text).ok_or_else(|| Error::RustError(format!("version {version} is no document")))?;
        let keyless = document.get(RowKind::Member, "bucketKey").is_none();
        let mut next = held.merge(document, State::Replace).rows;
        // There, a document without a key was drawn by the made one, whatever was imported before it.
        if let (true, Some(key)) = (keyless, keys.first()) {
            next.insert(RowKey::of(RowKind::BucketKey, ""), key.hex.clone());
            next.remove(&RowKey::of(RowKind::Member, "bucketKey"));
        }
        put_version(sql, version, Millis(imported_at))?;
        for (key, text) in held.writes(&next) {
            match text {
                None => note_part(sql, &key.into(), version, 0, None)?,
                Some(text) => {
                    parts(text).zip(0..).try_for_each(|(part, number)| note_part(sql, &key.into(), version, number, Some(part)))?;
                }
            }
        }
        held = next;
    }
    // The tables that served then, which later migrations replace.
    sql.script(
        "INSERT INTO newest SELECT kind, name, version, page FROM history AS row WHERE part = 0 AND text IS NOT NULL
           AND version = (SELECT max(version) FROM history AS last WHERE last.kind = row.kind AND last.name = row.name)",
    )?;
    sql.script("INSERT INTO pages SELECT page, max(version) FROM history WHERE page IS NOT NULL GROUP BY page")?;
    for table in ["document_parts", "documents", "bucket_key"] {
        sql.script(&format!("DROP TABLE {table}"))?;
    }
    Ok(())
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
struct Forms {
    writes_from: usize,
    serves_from: usize,
}

#[derive(Deserialize)]
struct Key {
    hex: String,
}

#[derive(Deserialize)]
struct Document {
    version: u32,
    imported_at: i64,
}

#[derive(Deserialize)]
struct Part {
    text: String,
}

#[cfg(test)]
mod tests {
    use control::rows::PAGES;

    use super::*;
    use crate::store::{
        Read, Wanted,
        conformance::untold,
        sqlite::{Sqlite, database::tests::Memory},
    };

    /// Rows, each with the text that it has at last; `None` for one that was removed.
    fn rows() -> Vec<(RowKey, Option<String>)> {
        let text = |bytes| Some("x".repeat(bytes));
        let texts = [text(2), text(700), text(701), text(600_000), text(0), None];
        let kinds = [RowKind::Customer, RowKind::Membership, RowKind::Organization, RowKind::Flag, RowKind::State, RowKind::Key];
        let rows = kinds.into_iter().flat_map(|kind| texts.iter().enumerate().map(move |(at, text)| (kind, at, text.clone())));
        rows.map(|(kind, at, text)| (RowKey::of(kind, &format!("a \"{at}\"")), text)).collect()
    }

    #[test]
    fn a_store_without_the_row_about_itself_gets_another() {
        let memory = Memory::new();
        let epoch = |memory: &Memory| memory.one::<Part>("SELECT epoch AS text FROM store", Vec::new()).unwrap().text;
        let forms = |memory: &Memory| memory.one::<Forms>("SELECT writes_from, serves_from FROM store", Vec::new()).unwrap();
        apply(&memory).unwrap();
        assert_eq!(forms(&memory), FORMS);
        let first = epoch(&memory);
        apply(&memory).unwrap();
        assert_eq!(epoch(&memory), first);
        memory.script("DELETE FROM store").unwrap();
        apply(&memory).unwrap();
        assert!(![&first, &Epoch::LOST.to_string()].contains(&&epoch(&memory)));
        memory.script("INSERT INTO versions VALUES (1, 0); DELETE FROM store").unwrap();
        apply(&memory).unwrap();
        assert_eq!((epoch(&memory), forms(&memory)), (Epoch::LOST.to_string(), FORMS));
        for spoilt in [
            "epoch = 'zzz'",
            "epoch = '0a1b2c3d4e5f0'",
            "epoch = ''",
            "epoch = 'ABCDEFABCDEF'",
            "epoch = x'00'",
            "writes_from = -1",
            "serves_from = 'x'",
        ] {
            memory.script(&format!("UPDATE store SET epoch = '0a1b2c3d4e5f'; UPDATE store SET {spoilt}")).unwrap();
            apply(&memory).unwrap();
            assert_eq!((epoch(&memory), forms(&memory)), (Epoch::LOST.to_string(), FORMS), "{spoilt}");
        }
        // A later release made it.
        memory.script("DELETE FROM store; INSERT INTO migrations VALUES (1000)").unwrap();
        apply(&memory).unwrap();
        assert_eq!(access(&memory).unwrap(), Access::Nothing);
    }

    #[test]
    fn a_store_of_the_form_before_pages_lay_together_says_the_same_after_the_migration() {
        let memory = Memory::new();
        memory.script(NUMBERS).unwrap();
        (1_u32..).zip(MIGRATIONS).take(9).for_each(|(number, migration)| one(&memory, number, migration).unwrap());
        memory.script("INSERT INTO versions VALUES (1, 0), (2, 0)").unwrap();
        let put = |kind: &str, name: &str, page: Option<u16>, version: u32, text: Option<&str>| {
            let parts: Vec<Option<&str>> = match text {
                Some(text) if text.len() > 500_000 => vec![text.get(..500_000), text.get(500_000..)],
                text => vec![text],
            };
            for (number, part) in (0_i64..).zip(parts) {
                let page = page.map(i64::from);
                let row = vec![kind.into(), name.into(), i64::from(version).into(), number.into(), page.into(), part.into()];
                memory.run("INSERT INTO history VALUES (?, ?, ?, ?, ?, ?)", row).unwrap();
            }
            if text.is_some() {
                let row = vec![kind.into(), name.into(), i64::from(version).into(), page.map(i64::from).into()];
                memory.run("INSERT OR REPLACE INTO newest VALUES (?, ?, ?, ?)", row).unwrap();
            } else {
                memory.run("DELETE FROM newest WHERE kind = ? AND name = ?", vec![kind.into(), name.into()]).unwrap();
            }
            if let Some(page) = page.map(i64::from) {
                memory.run("INSERT OR REPLACE INTO pages VALUES (?, ?)", vec![page.into(), i64::from(version).into()]).unwrap();
            }
        };
        for (key, text) in rows() {
            put(key.kind.as_str(), &key.name, key.page(), 1, Some("before"));
            put(key.kind.as_str(), &key.name, key.page(), 2, text.as_deref());
        }
        // Kinds of a later release.
        put("badge", "c", Some(PAGES - 1), 2, Some("{}"));
        put("note", "n", None, 2, Some("{}"));
        let listed = |memory: &Memory| -> Vec<String> {
            let query = "SELECT kind || ' ' || name || ' ' || version || ' ' || ifnull(page, '') AS text FROM newest ORDER BY 1";
            memory.exec::<Part>(query, Vec::new()).unwrap().into_iter().map(|Part { text }| text).collect()
        };
        let before = listed(&memory);
        assert_eq!(before.len(), 6 * 5 + 2);

        apply(&memory).unwrap();
        assert_eq!(listed(&memory), before);
        let store = Sqlite::new(memory);
        assert_eq!(untold(&store), None);
        let keys: Vec<RowKey> = rows().into_iter().map(|(key, _)| key).collect();
        let newest = store.rows(Wanted::Keys(&keys)).unwrap();
        let then = store.rows(Wanted::KeysAt(&keys, 1)).unwrap();
        for (key, text) in rows() {
            assert!(newest.text(&key) == text.as_deref(), "{key:?}");
            assert_eq!(then.text(&key), Some("before"), "{key:?}");
        }
        let (mut all, unpaged) = (store.rows(Wanted::Paged).unwrap(), store.rows(Wanted::Unpaged).unwrap());
        assert_eq!((all.iter().count(), unpaged.iter().count()), (15, 15));
        all.append(unpaged);
        assert!(all == newest);
    }

    /// The first form kept whole documents, which become rows on the way.
    #[test]
    fn documents_of_the_first_form_become_rows_of_this_one() {
        let memory = Memory::new();
        memory.script(NUMBERS).unwrap();
        one(&memory, 1, MIGRATIONS[0]).unwrap();
        let document = |flags: &str, customers: &str| {
            let key = "000102030405060708090a0b0c0d0e0f";
            format!(r#"{{"schema":"twinflag/1","bucketKey":"{key}","flags":{{{flags}}},"overrides":{{"customers":{{{customers}}}}}}}"#)
        };
        let (first, second) =
            (document(r#""a":{},"b":{}"#, r#""c":{"a":true},"d":{"a":true}"#), document(r#""a":{"default":"on"}"#, r#""c":{"a":false}"#));
        for (version, text) in [(1_i64, first), (2, second)] {
            memory.run("INSERT INTO documents VALUES (?, ?)", vec![version.into(), (version * 1_000).into()]).unwrap();
            memory.run("INSERT INTO document_parts VALUES (?, 0, ?)", vec![version.into(), text.into()]).unwrap();
        }
        let store = Sqlite::new(memory);
        let (now, then) = (store.rows(Wanted::Unpaged).unwrap(), store.rows(Wanted::UnpagedAt(1)).unwrap());
        assert_eq!([now.get(RowKind::Flag, "a"), now.get(RowKind::Flag, "b")], [Some(r#"{"default":"on"}"#), None]);
        assert_eq!([then.get(RowKind::Flag, "a"), then.get(RowKind::Flag, "b")], [Some("{}"), Some("{}")]);
        let owners = ["c", "d"].map(|id| RowKey::of(RowKind::Customer, id));
        let (now, then) = (store.rows(Wanted::Keys(&owners)).unwrap(), store.rows(Wanted::KeysAt(&owners, 1)).unwrap());
        assert_eq!(owners.each_ref().map(|key| now.text(key)), [Some(r#"{"a":false}"#), None]);
        assert_eq!(owners.each_ref().map(|key| then.text(key)), [Some(r#"{"a":true}"#), Some(r#"{"a":true}"#)]);
        assert_eq!((store.newest().unwrap().number, store.version_at(Millis(1_500)).unwrap(), untold(&store)), (2, Some(1), None));
    }

    #[test]
    fn an_earlier_release_serves_from_a_store_of_this_form_and_does_not_write_it() {
        let memory = Memory::new();
        apply(&memory).unwrap();
        let Forms { writes_from, serves_from } = memory.one("SELECT writes_from, serves_from FROM store", Vec::new()).unwrap();
        assert_eq!((writes_from, serves_from), (10, 5));
        // The statements of an earlier release, as it spells them.
        memory
            .script("INSERT INTO versions VALUES (1, 0); INSERT INTO history VALUES ('flag', 'f', 1, 0, NULL, '{}'), ('customer', 'c', 1, 0, 7, '1'); INSERT INTO unpaged_rows VALUES ('flag', 'f', 1); INSERT INTO paged_rows VALUES (7, 'customer', 'c', 1, '1')")
            .unwrap();
        let asked = |which: &str| -> Vec<String> {
            let query =
                format!("SELECT name AS text FROM newest JOIN history USING (kind, name, version) WHERE {which} ORDER BY kind, name, part");
            memory.exec::<Part>(&query, Vec::new()).unwrap().into_iter().map(|Part { text }| text).collect()
        };
        assert_eq!(
            [asked("newest.page IS NULL"), asked("newest.page IS NOT NULL"), asked("kind = 'flag' AND name = 'f'")],
            [["f"], ["c"], ["f"]]
        );
        assert!(memory.script("INSERT INTO newest (kind, name, version, page) VALUES ('flag', 'g', 1, NULL)").is_err());
    }
}
