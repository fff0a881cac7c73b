//! Reads the tables for a verification: all parts that were ever written, and contradictions between the tables.
use control::change::Action;
use sdk_core::Millis;
use serde::Deserialize;
use worker::{Result, SqlStorageValue};

use super::database::Database;
use crate::store::audit::Part;

/// The number of parts that one query reads. A part has at most half a megabyte.
const PIECE: i64 = 64;

pub(super) fn parts(sql: &impl Database, behind: Option<&Part>) -> Result<Vec<Part>> {
    let query = format!("{COLUMNS} WHERE (version, kind, name, part) > (?, ?, ?, ?) ORDER BY version, kind, name, part LIMIT ?");
    let Place { version, kind, name, part } = place(behind);
    read(sql, &query, vec![version, kind, name, part, PIECE.into()])
}

/// Of each row the newest version at or before this one, unless that took the row away.
pub(super) fn serving_parts(sql: &impl Database, version: u32, behind: Option<&Part>) -> Result<Vec<Part>> {
    let last = "SELECT max(version) FROM history AS other WHERE other.kind = history.kind AND other.name = history.name AND version <= ?";
    // In the order of the table's key, so that no piece is sorted.
    let query = format!(
        "{COLUMNS} WHERE (kind, name, version, part) > (?, ?, ?, ?) AND text IS NOT NULL AND version = ({last})
            ORDER BY kind, name, version, part LIMIT ?"
    );
    let Place { version: behind, kind, name, part } = place(behind);
    read(sql, &query, vec![kind, name, behind, part, i64::from(version).into(), PIECE.into()])
}

const COLUMNS: &str = "SELECT version, created_at, kind, name, part, page, text FROM history LEFT JOIN versions USING (version)";

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

/// A statement for each way in which the tables that serve could say something else than the history of rows, or the history
/// something that no record tells.
const UNTOLD: [&str; 6] = [
    "SELECT 'the ' || kind || ' \"' || name || '\" does not serve as it was last written' AS said
       FROM (SELECT kind, name, max(version) AS version FROM history GROUP BY kind, name)
       JOIN history AS last USING (kind, name, version)
       LEFT JOIN unpaged_rows AS apart USING (kind, name) LEFT JOIN paged_rows AS on_page USING (kind, name)
       WHERE last.part = 0 AND (apart.version IS NOT iif(last.text IS NULL OR last.page IS NOT NULL, NULL, last.version)
         OR on_page.version IS NOT iif(last.text IS NULL OR last.page IS NULL, NULL, last.version)
         OR on_page.page IS NOT iif(last.text IS NULL, NULL, last.page)) LIMIT 1",
    "SELECT 'the ' || kind || ' \"' || name || '\" serves and was never written' AS said
       FROM (SELECT kind, name FROM unpaged_rows UNION ALL SELECT kind, name FROM paged_rows) AS row
       WHERE NOT EXISTS (SELECT 1 FROM history WHERE history.kind = row.kind AND history.name = row.name) LIMIT 1",
    // A text beside a row is the whole text of its version.
    "SELECT 'the ' || kind || ' \"' || name || '\" does not serve as it was last written' AS said FROM paged_rows AS row
       WHERE text IS NOT NULL AND (SELECT group_concat(text, '') FROM history AS part
         WHERE part.kind = row.kind AND part.name = row.name AND part.version = row.version) IS NOT text LIMIT 1",
    "SELECT 'page ' || page || ' does not stand at its last version' AS said
       FROM (SELECT page, max(version) AS version FROM history WHERE page IS NOT NULL GROUP BY page) AS written
       LEFT JOIN pages AS stands USING (page) WHERE stands.version IS NOT written.version LIMIT 1",
    // A baseline tells nothing of who wrote its version. An erased record has no action.
    "SELECT 'version ' || version || ' has no record' AS said FROM versions
       WHERE (version < 1 OR version > (SELECT min(version) FROM feature_flag_changes))
         AND NOT EXISTS (SELECT 1 FROM feature_flag_changes AS change
           WHERE change.version = versions.version AND change.action IS NOT 'trail.baseline') LIMIT 1",
    "SELECT 'the ' || kind || ' \"' || name || '\" was written at version ' || version || ', which does not exist' AS said FROM history
       WHERE NOT EXISTS (SELECT 1 FROM versions WHERE versions.version = history.version) LIMIT 1",
];

pub(super) fn untold(sql: &impl Database) -> Result<Option<String>> {
    for statement in UNTOLD {
        if let Some(Said { said }) = sql.exec(statement, Vec::new())?.into_iter().next() {
            return Ok(Some(said));
        }
    }
    Ok(None)
}

#[derive(Deserialize)]
struct Said {
    said: String,
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
