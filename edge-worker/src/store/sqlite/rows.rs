//! Reads and writes rows: those on pages in the table that is clustered by page, the others in a table of their own, and what rows were in
//! the history.
use control::rows::{RowKey, RowKind, Rows};
use serde::Deserialize;
use worker::{Result, SqlStorageValue};

use super::database::Database;
use crate::store::Wanted;

/// The longest text in bytes that stands beside its row on a page. A longer one would fill a large part of a page of the database.
pub(super) const SHORT: usize = 700;

/// The characters of names and texts behind which a new string begins. SQLite writes rows as JSON, because one string crosses into
/// WebAssembly at a fraction of what many rows cost; with its last row, and quotes escaped, a string stays below 2 MB.
const STRING: u32 = 200_000;

/// The text of a row, or of a part of one, in a query. A value that is no text, which only an edit of the store's file leaves, reads as
/// empty: that is no definition, and its hash is another, so that one row is left out and found, and all others are read.
pub(super) fn text_of(column: &str) -> String {
    format!("iif(typeof({column}) = 'blob', '', {column})")
}

/// The keys that a JSON text lists, each with its page.
const WANTED: &str = "WITH wanted AS (SELECT value ->> 0 AS page, value ->> 1 AS kind, value ->> 2 AS name FROM json_each(?1))";

pub(super) fn read(sql: &impl Database, wanted: Wanted<'_>) -> Result<Rows> {
    let found = match wanted {
        Wanted::Unpaged => {
            found(sql, "SELECT kind, name, part, text FROM unpaged_rows CROSS JOIN history USING (kind, name, version)", Vec::new())?
        }
        Wanted::Kind(kind) => {
            let of_kind = "SELECT kind, name, part, text FROM unpaged_rows CROSS JOIN history USING (kind, name, version) WHERE kind = ?";
            found(sql, of_kind, vec![kind.as_str().into()])?
        }
        Wanted::UnpagedAt(version) => found(sql, &then("page IS NULL AND version <= ?"), vec![i64::from(version).into()])?,
        Wanted::Paged => found(sql, &on_pages("paged_rows AS row"), Vec::new())?,
        Wanted::PageAt(page, version) if page_version(sql, page)?.is_none_or(|newest| newest <= version) => {
            found(sql, &on_pages("(SELECT * FROM paged_rows WHERE page = ?) AS row"), vec![i64::from(page).into()])?
        }
        Wanted::PageAt(page, version) => {
            found(sql, &then("page = ? AND version <= ?"), vec![i64::from(page).into(), i64::from(version).into()])?
        }
        Wanted::Keys(keys) => of_keys(sql, keys, None)?,
        Wanted::KeysAt(keys, version) => of_keys(sql, keys, Some(version))?,
    };
    Ok(joined(found))
}

/// The rows of a kind without a page in the store that a restore is replacing.
pub(super) fn replaced(sql: &impl Database, kind: RowKind) -> Result<Rows> {
    let aside = "SELECT kind, name, part, text FROM aside_unpaged_rows CROSS JOIN aside_history USING (kind, name, version) WHERE kind = ?";
    Ok(joined(found(sql, aside, vec![kind.as_str().into()])?))
}

/// Rows on pages, or what stands for them, with the parts of long texts.
fn on_pages(rows: &str) -> String {
    format!(
        "SELECT row.kind, row.name, ifnull(part.part, 0) AS part, coalesce(row.text, part.text) AS text FROM {rows}
          LEFT JOIN history AS part ON part.kind = row.kind AND part.name = row.name AND part.version = iif(row.text IS NULL, row.version, NULL)"
    )
}

/// The rows of the history that a condition chooses, each at the newest version among those.
fn then(which: &str) -> String {
    format!(
        "SELECT kind, name, part, text FROM (SELECT kind, name, max(version) AS version FROM history WHERE {which} GROUP BY kind, name)
          CROSS JOIN history USING (kind, name, version)"
    )
}

/// The parts of these rows, as they are or as they were at a version.
fn of_keys(sql: &impl Database, keys: &[RowKey], version: Option<u32>) -> Result<Vec<Part>> {
    let (on_pages, others): (Vec<_>, Vec<_>) =
        keys.iter().map(|key| (key.page(), key.kind.as_str(), key.name.as_str())).partition(|(page, ..)| page.is_some());
    let mut parts = Vec::new();
    for (keys, queries) in [(on_pages, PAGED_KEYS), (others, UNPAGED_KEYS)] {
        if keys.is_empty() {
            continue;
        }
        let keys = serde_json::to_string(&keys)?.into();
        parts.extend(match version {
            None => found(sql, &(queries.newest)(), vec![keys])?,
            Some(version) => found(sql, &(queries.then)(), vec![keys, i64::from(version).into()])?,
        });
    }
    Ok(parts)
}

/// The queries for keys in the first parameter, and for them at the version in the second.
struct Queries {
    newest: fn() -> String,
    then: fn() -> String,
}

const PAGED_KEYS: Queries = Queries {
    newest: || {
        let rows = "(SELECT row.* FROM wanted CROSS JOIN paged_rows AS row USING (page, kind, name)) AS row";
        format!("{WANTED} {}", on_pages(rows))
    },
    // The history is asked only for rows that changed since, or are gone.
    then: || {
        let rows = "(SELECT wanted.kind, wanted.name, iif(row.version <= ?2, row.text, NULL) AS text,
              coalesce(iif(row.version <= ?2, row.version, NULL), (SELECT max(version) FROM history AS last
                WHERE last.kind = wanted.kind AND last.name = wanted.name AND last.version <= ?2)) AS version
            FROM wanted LEFT JOIN paged_rows AS row USING (page, kind, name)) AS row";
        format!("{WANTED} {}", on_pages(rows))
    },
};

const UNPAGED_KEYS: Queries = Queries {
    newest: || {
        format!(
            "{WANTED} SELECT row.kind, row.name, part, text FROM wanted CROSS JOIN unpaged_rows AS row USING (kind, name)
              CROSS JOIN history USING (kind, name, version)"
        )
    },
    then: || {
        format!(
            "{WANTED} SELECT row.kind, row.name, row.part, row.text FROM wanted CROSS JOIN history AS row USING (kind, name)
              WHERE row.version = (SELECT max(version) FROM history AS last
                WHERE last.kind = wanted.kind AND last.name = wanted.name AND last.version <= ?2)"
        )
    },
};

/// The rows of a query for kind, name, part and text, in no order.
fn found(sql: &impl Database, query: &str, bindings: Vec<SqlStorageValue>) -> Result<Vec<Part>> {
    // The query keeps its `WITH` in front.
    let (with, select) = query.strip_prefix(WANTED).map_or(("", query), |select| (WANTED, select));
    let text = text_of("text");
    let strings = format!(
        "{with} SELECT json_group_array(json_array(kind, name, part, {text})) AS rows FROM
          (SELECT *, sum(length(name) + ifnull(length(text), 0)) OVER (ROWS UNBOUNDED PRECEDING) / {STRING} AS number FROM ({select}))
        GROUP BY number"
    );
    let mut parts = Vec::new();
    for Strings { rows } in sql.exec(&strings, bindings)? {
        parts.extend(serde_json::from_str::<Vec<Part>>(&rows)?);
    }
    Ok(parts)
}

/// The rows of these parts; those of kinds that a later release writes stay where they are.
fn joined(mut parts: Vec<Part>) -> Rows {
    parts.sort_unstable_by(|Part(kind, name, number, _), Part(other, of, after, _)| (kind, name, number).cmp(&(other, of, after)));
    let mut rows = Rows::default();
    let mut open: Option<(RowKey, String)> = None;
    for Part(kind, name, _, text) in parts {
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
    rows
}

pub(super) fn pages(sql: &impl Database, version: Option<u32>) -> Result<Vec<(u16, u32)>> {
    let pages: Vec<Page> = match version {
        None => sql.exec("SELECT page, version FROM pages ORDER BY page", Vec::new())?,
        Some(version) => {
            // Of the history, only that of pages which changed since.
            let then = "SELECT page, version FROM pages WHERE version <= ?1 UNION ALL
                SELECT page, max(version) FROM history WHERE page IN (SELECT page FROM pages WHERE version > ?1) AND version <= ?1
                GROUP BY page ORDER BY page";
            sql.exec(then, vec![i64::from(version).into()])?
        }
    };
    Ok(pages.into_iter().map(|Page { page, version }| (page, version)).collect())
}

pub(super) fn page_version(sql: &impl Database, page: u16) -> Result<Option<u32>> {
    number(sql, "SELECT version AS n FROM pages WHERE page = ?", vec![i64::from(page).into()])
}

pub(super) fn definitions_version(sql: &impl Database) -> Result<u32> {
    let query = "SELECT max(version) AS n FROM history WHERE page IS NULL AND kind NOT IN ('break glass', 'schedule', 'rollout override', 'webhook')";
    Ok(number(sql, query, Vec::new())?.unwrap_or_default())
}

pub(super) fn overrides_version(sql: &impl Database) -> Result<u32> {
    Ok(number(sql, "SELECT max(version) AS n FROM pages", Vec::new())?.unwrap_or_default())
}

pub(super) fn page_owners(sql: &impl Database, page: u16, most: u32) -> Result<Option<Vec<RowKey>>> {
    let query = "SELECT kind, name, 0 AS part, NULL AS text FROM paged_rows WHERE page = ? LIMIT ?";
    let found = found(sql, query, vec![i64::from(page).into(), (i64::from(most) + 1).into()])?;
    if i64::try_from(found.len()).is_ok_and(|count| count > i64::from(most)) {
        return Ok(None);
    }
    // A kind that a later release writes is no owner of this one.
    let key = |Part(kind, name, ..)| Some(RowKey { kind: RowKind::from_name(&kind)?, name });
    Ok(Some(found.into_iter().filter_map(key).collect()))
}

pub(super) fn owners(sql: &impl Database, kind: &str, after: &str, limit: u32) -> Result<Vec<String>> {
    let query = "SELECT name FROM paged_rows WHERE kind = ? AND name > ? ORDER BY name LIMIT ?";
    let found: Vec<Name> = sql.exec(query, vec![kind.into(), after.into(), i64::from(limit).into()])?;
    Ok(found.into_iter().map(|Name { name }| name).collect())
}

/// The place of a row: its kind by name, so that backups carry kinds of later releases too, and its page if it has one.
pub(super) struct Located<'r> {
    pub(super) kind: &'r str,
    pub(super) name: &'r str,
    pub(super) page: Option<u16>,
}

impl<'r> From<&'r RowKey> for Located<'r> {
    fn from(key: &'r RowKey) -> Self {
        Self { kind: key.kind.as_str(), name: &key.name, page: key.page() }
    }
}

/// Writes one part of a row into the history; none stands for a row that goes.
pub(super) fn note_part(sql: &impl Database, row: &Located<'_>, version: u32, part: u32, text: Option<&str>) -> Result<()> {
    let (version, part, page) = (i64::from(version).into(), i64::from(part).into(), row.page.map(i64::from).into());
    let written = vec![row.kind.into(), row.name.into(), version, part, page, text.into()];
    sql.run("INSERT INTO history (kind, name, version, part, page, text) VALUES (?, ?, ?, ?, ?, ?)", written)
}

/// Writes one part of a row, which serves from then on. The parts of a text are written in their order.
pub(super) fn put_part(sql: &impl Database, row: &Located<'_>, version: u32, part: u32, text: Option<&str>) -> Result<()> {
    note_part(sql, row, version, part, text)?;
    let (kind, name) = (|| SqlStorageValue::from(row.kind), || SqlStorageValue::from(row.name));
    let version = || SqlStorageValue::Integer(version.into());
    let Some(page) = row.page.map(i64::from) else {
        return match (part, text) {
            (1.., _) => Ok(()),
            (0, Some(_)) => {
                let newest =
                    "INSERT INTO unpaged_rows (kind, name, version) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET version = excluded.version";
                sql.run(newest, vec![kind(), name(), version()])
            }
            (0, None) => sql.run("DELETE FROM unpaged_rows WHERE kind = ? AND name = ?", vec![kind(), name()]),
        };
    };
    match (part, text) {
        // The parts of a backup may be of any length.
        (1.., _) => {
            return sql
                .run("UPDATE paged_rows SET text = NULL WHERE page = ? AND kind = ? AND name = ?", vec![page.into(), kind(), name()]);
        }
        (0, Some(text)) => {
            let newest = "INSERT INTO paged_rows (page, kind, name, version, text) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT DO UPDATE SET page = excluded.page, version = excluded.version, text = excluded.text";
            let short = Some(text).filter(|text| text.len() <= SHORT);
            sql.run(newest, vec![page.into(), kind(), name(), version(), short.into()])?;
        }
        (0, None) => sql.run("DELETE FROM paged_rows WHERE kind = ? AND name = ?", vec![kind(), name()])?,
    }
    let newest = "INSERT INTO pages (page, version) VALUES (?, ?) ON CONFLICT DO UPDATE SET version = excluded.version";
    sql.run(newest, vec![page.into(), version()])
}

fn number(sql: &impl Database, query: &str, bindings: Vec<SqlStorageValue>) -> Result<Option<u32>> {
    Ok(sql.number(query, bindings)?.and_then(|number| number.try_into().ok()))
}

/// Rows as JSON.
#[derive(Deserialize)]
struct Strings {
    rows: String,
}

/// A part of a row: its kind, its name, its number, and its text; a row that was removed has none.
#[derive(Deserialize)]
struct Part(String, String, u32, Option<String>);

#[derive(Deserialize)]
struct Name {
    name: String,
}

#[derive(Deserialize)]
struct Page {
    page: u16,
    version: u32,
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use serde::de::DeserializeOwned;

    use super::*;
    use crate::store::sqlite::{database::tests::Memory, migrations};

    /// A database that notes how each statement would be carried out.
    struct Planned {
        memory: Memory,
        plans: RefCell<Vec<String>>,
    }

    #[derive(Deserialize)]
    struct Step {
        detail: String,
    }

    impl Database for Planned {
        fn exec<T: DeserializeOwned>(&self, statement: &str, bindings: Vec<SqlStorageValue>) -> Result<Vec<T>> {
            let steps: Vec<Step> = self.memory.exec(&format!("EXPLAIN QUERY PLAN {statement}"), bindings.clone())?;
            self.plans.borrow_mut().extend(steps.into_iter().map(|Step { detail }| detail));
            self.memory.exec(statement, bindings)
        }

        fn script(&self, statements: &str) -> Result<()> {
            self.memory.script(statements)
        }

        fn transaction<T>(&self, body: impl FnMut() -> Result<T>) -> Result<T> {
            self.memory.transaction(body)
        }
    }

    /// The steps of what `read` asks that walk a whole table or index of owners or of the history.
    fn walks(read: impl Fn(&Planned)) -> Vec<String> {
        let planned = Planned { memory: Memory::new(), plans: RefCell::default() };
        migrations::apply(&planned.memory).unwrap();
        let version = "INSERT INTO versions VALUES (1, 0), (2, 0); INSERT INTO pages VALUES (7, 2)";
        planned.memory.script(version).unwrap();
        read(&planned);
        let large = ["SCAN paged_rows", "SCAN history", "SCAN row", "SCAN part", "SCAN last"];
        planned.plans.into_inner().into_iter().filter(|step| large.iter().any(|scan| step.starts_with(scan))).collect()
    }

    #[test]
    fn nothing_but_a_question_for_all_overrides_walks_over_owners() {
        let owner = [RowKey::of(RowKind::Customer, "c")];
        let flag = [RowKey::of(RowKind::Flag, "f")];
        for (at, wanted) in [
            Wanted::Unpaged,
            Wanted::Kind(RowKind::Webhook),
            Wanted::PageAt(7, 1),
            Wanted::PageAt(7, 2),
            Wanted::Keys(&owner),
            Wanted::Keys(&flag),
            Wanted::KeysAt(&owner, 1),
            Wanted::KeysAt(&flag, 1),
        ]
        .into_iter()
        .enumerate()
        {
            assert_eq!(walks(|sql| drop(self::read(sql, wanted).unwrap())), Vec::<String>::new(), "{at}");
        }
        // The index of rows without a page is as long as their history, whatever the owners are.
        let then = walks(|sql| drop(self::read(sql, Wanted::UnpagedAt(1)).unwrap()));
        assert_eq!(then, ["SCAN history USING INDEX history_unpaged"]);
        for read in [
            |sql: &Planned| drop(pages(sql, Some(1)).unwrap()),
            |sql: &Planned| drop(page_owners(sql, 7, 9).unwrap()),
            |sql: &Planned| drop(owners(sql, "customer", "", 9).unwrap()),
        ] {
            assert_eq!(walks(read), Vec::<String>::new());
        }
        // The last entry of an index is found without those before it.
        let newest = walks(|sql| assert_eq!(definitions_version(sql).unwrap(), 0));
        assert!(newest.iter().all(|step| step.contains("history_of_definitions")), "{newest:?}");
        assert!(!walks(|sql| drop(self::read(sql, Wanted::Paged).unwrap())).is_empty());
    }
}
