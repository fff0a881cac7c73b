//! Reads the tables for a verification: all parts that were ever written, and what verifications left.
use control::change::Action;
use sdk_core::Millis;
use serde::Deserialize;
use worker::{Result, SqlStorageValue};

use super::{
    database::Database,
    rows::text_of,
    slices::{self, fit},
};
use crate::store::{Verification, audit::Part};

pub(super) fn parts(sql: &impl Database, behind: Option<&Part>) -> Result<Vec<Part>> {
    let which = "WHERE (version, kind, name, part) > (?, ?, ?, ?) ORDER BY version, kind, name, part";
    let bindings = || {
        let Place { version, kind, name, part } = place(behind);
        vec![version, kind, name, part]
    };
    let most = fit(sql, &format!("{LENGTHS} {which}"), bindings(), slices::ROWS)?;
    read(sql, &format!("{COLUMNS}, {} AS text {FROM} {which} LIMIT ?", text_of("text")), [bindings(), vec![most.into()]].concat())
}

/// All parts in the order of the table's key, so that no piece is sorted. Of each row the newest version at or before this one has its
/// text; the others are passed in the same slices, and have none.
pub(super) fn serving_parts(sql: &impl Database, version: u32, behind: Option<&Part>) -> Result<Vec<Part>> {
    let which = "WHERE (kind, name, version, part) > (?, ?, ?, ?) ORDER BY kind, name, version, part";
    let bindings = || {
        let Place { version, kind, name, part } = place(behind);
        vec![kind, name, version, part]
    };
    let most = fit(sql, &format!("{LENGTHS} {which}"), bindings(), slices::ROWS)?;
    let last = "SELECT max(version) FROM history AS other WHERE other.kind = history.kind AND other.name = history.name AND version <= ?";
    let query = format!("{COLUMNS}, iif(version = ({last}), {}, NULL) AS text {FROM} {which} LIMIT ?", text_of("text"));
    read(sql, &query, [vec![i64::from(version).into()], bindings(), vec![most.into()]].concat())
}

const LENGTHS: &str = "SELECT coalesce(octet_length(text), 0) AS bytes FROM history";
const COLUMNS: &str = "SELECT version, created_at, kind, name, part, page";
const FROM: &str = "FROM history LEFT JOIN versions USING (version)";

/// The key of a part.
struct Place {
    version: SqlStorageValue,
    kind: SqlStorageValue,
    name: SqlStorageValue,
    part: SqlStorageValue,
}

/// The place of a part; without one, a place before the first.
fn place(part: Option<&Part>) -> Place {
    let (version, kind, name, part) =
        part.map_or((-1, "", "", 0), |part| (i64::from(part.version), part.kind.as_str(), part.name.as_str(), part.number));
    Place { version: version.into(), kind: kind.into(), name: name.into(), part: i64::from(part).into() }
}

fn read(sql: &impl Database, query: &str, bindings: Vec<SqlStorageValue>) -> Result<Vec<Part>> {
    let part = |Row { version, created_at, kind, name, part, page, text }| Part {
        version,
        made: created_at.map(Millis),
        kind,
        name,
        number: part,
        page,
        text,
    };
    Ok(sql.exec(query, bindings)?.into_iter().map(part).collect())
}

pub(super) fn lacks_baseline(sql: &impl Database) -> Result<bool> {
    let query = "WITH
        bare AS (SELECT version FROM versions WHERE NOT EXISTS
          (SELECT 1 FROM feature_flag_changes AS change WHERE change.version = versions.version AND change.rows_hash IS NOT NULL)),
        proved AS (SELECT min(version) AS first FROM feature_flag_changes WHERE rows_hash IS NOT NULL)
      SELECT EXISTS (SELECT 1 FROM bare) AND NOT EXISTS (SELECT 1 FROM bare, proved WHERE bare.version > proved.first)
        AND NOT EXISTS (SELECT 1 FROM feature_flag_changes WHERE action = ?) AS n";
    Ok(sql.number(query, vec![Action::Baseline.as_str().into()])? == Some(1))
}

pub(super) fn verification(sql: &impl Database, what: Verification) -> Result<Option<String>> {
    let found: Vec<State> = sql.exec("SELECT state FROM verification WHERE what = ?", vec![name(what).into()])?;
    Ok(found.into_iter().next().map(|row| row.state))
}

pub(super) fn keep_verification(sql: &impl Database, what: Verification, state: Option<&str>) -> Result<()> {
    match state {
        Some(state) => {
            let put = "INSERT INTO verification (what, state) VALUES (?, ?) ON CONFLICT DO UPDATE SET state = excluded.state";
            sql.run(put, vec![name(what).into(), state.into()])
        }
        None => sql.run("DELETE FROM verification WHERE what = ?", vec![name(what).into()]),
    }
}

const fn name(what: Verification) -> &'static str {
    match what {
        Verification::Good => "good",
        Verification::Running => "running",
    }
}

#[derive(Deserialize)]
struct State {
    state: String,
}

#[derive(Deserialize)]
struct Row {
    version: u32,
    created_at: Option<i64>,
    kind: String,
    name: String,
    part: u32,
    page: Option<u16>,
    text: Option<String>,
}
