//! Compares the tables that serve with the history of rows, slice by slice.
use serde::Deserialize;
use worker::{Result, SqlStorageValue};

use super::{database::Database, slices};
use crate::store::audit::{Compared, ComparisonPlace, ComparisonStep};

/// Looks at the next rows. With `since`, only what later versions than this wrote is compared.
pub(super) fn compare(sql: &impl Database, since: Option<u32>, place: &ComparisonPlace, most: u32) -> Result<Compared> {
    let most = most.min(slices::ROWS);
    match place.step {
        ComparisonStep::Rows => rows(sql, since, place, most),
        ComparisonStep::Serving => serving(sql, place, most),
        ComparisonStep::Pages => pages(sql, place, most),
        ComparisonStep::Versions => versions(sql, since, place, most),
        ComparisonStep::Origins => origins(sql, since, place, most),
        ComparisonStep::Erased => erased(sql, place, most),
    }
}

/// Every row serves as it was last written, from the table of its kind, and its page does not stand at an earlier version. A text that
/// stands beside a row is the whole text of its version.
fn rows(sql: &impl Database, since: Option<u32>, place: &ComparisonPlace, most: u32) -> Result<Compared> {
    // Of all rows each is taken once, however many versions it has: the step from one to the next is a search.
    let (keys, mut bindings): (_, Vec<SqlStorageValue>) = match since {
        None => (
            "RECURSIVE key (version, kind, name) AS (
                SELECT * FROM (SELECT 0, kind, name FROM history WHERE (kind, name) > (?, ?) ORDER BY kind, name LIMIT 1)
                UNION ALL SELECT 0, next.kind, next.name FROM key JOIN history AS next ON next.rowid = coalesce(
                  (SELECT rowid FROM history WHERE kind = key.kind AND name > key.name ORDER BY name LIMIT 1),
                  (SELECT rowid FROM history WHERE kind > key.kind ORDER BY kind, name LIMIT 1))
                LIMIT ?)",
            Vec::new(),
        ),
        Some(since) => (
            "key (version, kind, name) AS (SELECT version, kind, name FROM history WHERE (version, kind, name) > (?, ?, ?) AND part = 0
                ORDER BY version, kind, name LIMIT ?)",
            vec![place.version.max(i64::from(since) + 1).into()],
        ),
    };
    bindings.extend([place.kind.as_str().into(), place.name.as_str().into(), i64::from(most).into()]);
    let query = format!(
        "WITH {keys} SELECT key.version, key.kind, key.name, last.version AS written, last.text IS NULL AS is_gone, last.page,
            apart.version AS serves_apart, on_page.version AS serves, on_page.page AS serves_on, pages.version AS stands,
            on_page.text IS NULL OR on_page.text IS last.text AND NOT EXISTS (SELECT 1 FROM history AS part
              WHERE part.kind = key.kind AND part.name = key.name AND part.version = last.version AND part.part > 0) AS is_whole
          FROM key LEFT JOIN history AS last ON last.kind = key.kind AND last.name = key.name AND last.part = 0
            AND last.version = (SELECT max(version) FROM history WHERE kind = key.kind AND name = key.name)
          LEFT JOIN unpaged_rows AS apart ON apart.kind = key.kind AND apart.name = key.name
          LEFT JOIN paged_rows AS on_page ON on_page.kind = key.kind AND on_page.name = key.name
          LEFT JOIN pages ON pages.page = last.page"
    );
    let found: Vec<Row> = sql.exec(&query, bindings)?;
    for Row { kind, name, written, is_gone, page, serves_apart, serves, serves_on, stands, is_whole, .. } in &found {
        let Some(written) = written else { continue };
        let version = Some(*written).filter(|_| *is_gone == 0);
        let expected = if page.is_some() { (None, version, page.filter(|_| *is_gone == 0)) } else { (version, None, None) };
        if (*serves_apart, *serves, *serves_on) != expected || *is_whole == 0 {
            return Ok(Compared::Fault(format!("the {kind} \"{name}\" does not serve as it was last written")));
        }
        if let Some(page) = page.filter(|_| *stands < Some(*written)) {
            return Ok(Compared::Fault(not_at_its_last(page)));
        }
    }
    let next = if since.is_some() { ComparisonStep::Versions } else { ComparisonStep::Serving };
    Ok(on(found.len(), most, place.step, Some(next), found.into_iter().next_back().map(|row| (row.version, row.kind, row.name))))
}

/// Every row that serves was written.
fn serving(sql: &impl Database, place: &ComparisonPlace, most: u32) -> Result<Compared> {
    let query = "SELECT kind, name, EXISTS (SELECT 1 FROM history WHERE history.kind = row.kind AND history.name = row.name) AS is_written
        FROM (SELECT * FROM (SELECT kind, name FROM unpaged_rows WHERE (kind, name) > (?1, ?2) ORDER BY kind, name LIMIT ?3)
          UNION ALL SELECT * FROM (SELECT kind, name FROM paged_rows WHERE (kind, name) > (?1, ?2) ORDER BY kind, name LIMIT ?3)) AS row
        ORDER BY kind, name LIMIT ?3";
    let bindings = vec![place.kind.as_str().into(), place.name.as_str().into(), i64::from(most).into()];
    let found: Vec<Serving> = sql.exec(query, bindings)?;
    if let Some(Serving { kind, name, .. }) = found.iter().find(|row| row.is_written == 0) {
        return Ok(Compared::Fault(format!("the {kind} \"{name}\" serves and was never written")));
    }
    Ok(on(found.len(), most, place.step, Some(ComparisonStep::Pages), found.into_iter().next_back().map(|row| (0, row.kind, row.name))))
}

/// Every page stands at the last version that wrote on it. A page is looked at whole.
fn pages(sql: &impl Database, place: &ComparisonPlace, most: u32) -> Result<Compared> {
    let (mut looked, mut behind) = (0, place.version);
    while looked < most {
        let Some(page) = sql.number("SELECT min(page) AS n FROM history WHERE page > ?", vec![behind.into()])? else {
            return Ok(on(0, most, place.step, Some(ComparisonStep::Versions), None));
        };
        let query = "SELECT count(*) AS entries, max(version) AS written, (SELECT version FROM pages WHERE page = ?) AS stands
            FROM history WHERE page = ?";
        let Page { entries, written, stands } = sql.one(query, vec![page.into(), page.into()])?;
        if stands != Some(written) {
            return Ok(Compared::Fault(not_at_its_last(page)));
        }
        looked = looked.saturating_add(entries);
        behind = page;
    }
    Ok(Compared::Next { place: ComparisonPlace { version: behind, ..ComparisonPlace::of(place.step) }, looked })
}

/// Every version behind the first record has a record. A baseline and an erasure tell nothing of who wrote their versions; an erased record
/// has no action.
fn versions(sql: &impl Database, since: Option<u32>, place: &ComparisonPlace, most: u32) -> Result<Compared> {
    let query = "SELECT version, coalesce(NOT (version < 1 OR version > (SELECT min(version) FROM feature_flag_changes)), 1)
          OR EXISTS (SELECT 1 FROM feature_flag_changes AS change
            WHERE change.version = versions.version AND coalesce(change.action, '') NOT IN ('trail.baseline', 'trail.erase')) AS is_good
        FROM versions WHERE version > ? ORDER BY version LIMIT ?";
    let fault = |version: i64| Ok(format!("version {version} has no record"));
    of_versions(sql, (query, since), (place, Some(ComparisonStep::Origins)), most, fault)
}

/// Every row was written at a version that exists.
fn origins(sql: &impl Database, since: Option<u32>, place: &ComparisonPlace, most: u32) -> Result<Compared> {
    let query = "WITH RECURSIVE number (version) AS (SELECT min(version) FROM history WHERE version > ?
          UNION ALL SELECT (SELECT min(version) FROM history WHERE version > number.version) FROM number WHERE version IS NOT NULL LIMIT ?)
        SELECT version, EXISTS (SELECT 1 FROM versions WHERE versions.version = number.version) AS is_good FROM number
          WHERE version IS NOT NULL";
    let fault = |version: i64| {
        let first = "SELECT kind, name, 1 AS is_written FROM history WHERE version = ? ORDER BY kind, name LIMIT 1";
        let Serving { kind, name, .. } = sql.one(first, vec![version.into()])?;
        Ok(format!("the {kind} \"{name}\" was written at version {version}, which does not exist"))
    };
    of_versions(sql, (query, since), (place, Some(ComparisonStep::Erased)), most, fault)
}

/// Every payload that is gone was erased by a later record: the chain holds without it, so that nothing else tells. Those of old records are
/// looked at each time, for they are few.
fn erased(sql: &impl Database, place: &ComparisonPlace, most: u32) -> Result<Compared> {
    let query = "SELECT sequence AS version,
          sequence IN (SELECT payload ->> '$.erases' FROM feature_flag_changes WHERE action = 'trail.erase') AS is_good
        FROM feature_flag_changes WHERE action IS NULL AND payload IS NULL AND sequence > ? ORDER BY sequence LIMIT ?";
    let fault = |record: i64| Ok(format!("the payload of record {record} is gone, and no record erases it"));
    of_versions(sql, (query, None), (place, None), most, fault)
}

fn of_versions(
    sql: &impl Database,
    (query, since): (&str, Option<u32>),
    (place, next): (&ComparisonPlace, Option<ComparisonStep>),
    most: u32,
    fault: impl FnOnce(i64) -> Result<String>,
) -> Result<Compared> {
    let behind = since.map_or(place.version, |since| place.version.max(since.into()));
    let found: Vec<Numbered> = sql.exec(query, vec![behind.into(), i64::from(most).into()])?;
    if let Some(Numbered { version, .. }) = found.iter().find(|row| row.is_good == 0) {
        return Ok(Compared::Fault(fault(*version)?));
    }
    Ok(on(found.len(), most, place.step, next, found.last().map(|row| (row.version, String::new(), String::new()))))
}

fn not_at_its_last(page: i64) -> String {
    format!("page {page} does not stand at its last version")
}

/// The place behind the last row that was looked at; that of the next step where there were fewer than asked for.
fn on(looked: usize, most: u32, step: ComparisonStep, next: Option<ComparisonStep>, last: Option<(i64, String, String)>) -> Compared {
    let looked = u32::try_from(looked).unwrap_or(u32::MAX);
    match (last, next) {
        (Some((version, kind, name)), _) if looked >= most => {
            Compared::Next { place: ComparisonPlace { step, version, kind, name }, looked }
        }
        (_, Some(next)) => Compared::Next { place: ComparisonPlace::of(next), looked },
        (_, None) => Compared::End,
    }
}

#[derive(Deserialize)]
struct Row {
    version: i64,
    kind: String,
    name: String,
    written: Option<i64>,
    is_gone: u8,
    page: Option<i64>,
    serves_apart: Option<i64>,
    serves: Option<i64>,
    serves_on: Option<i64>,
    stands: Option<i64>,
    is_whole: u8,
}

#[derive(Deserialize)]
struct Serving {
    kind: String,
    name: String,
    is_written: u8,
}

#[derive(Deserialize)]
struct Page {
    entries: u32,
    written: i64,
    stands: Option<i64>,
}

#[derive(Deserialize)]
struct Numbered {
    version: i64,
    is_good: u8,
}
