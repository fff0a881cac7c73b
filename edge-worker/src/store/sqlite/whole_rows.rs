//! Writes many rows by a few statements. A call into the runtime costs more than SQLite's own work on a row, so SQLite gets them as JSON.
use worker::Result;

use super::{
    PART,
    database::Database,
    rows::{Located, SHORT},
};

/// The bytes of rows in one statement, quotes not escaped; a row may exceed them by itself.
const MOST_BYTES: usize = 500_000;

/// The bytes of a row in JSON besides its name and its text.
const BYTES_AROUND: usize = 40;

/// Writes rows at a version, each of at most [`PART`] bytes; those without a text go.
pub(super) fn put(sql: &impl Database, version: u32, rows: &[(Located<'_>, Option<&str>)]) -> Result<()> {
    let mut rest = rows;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = |(row, text): &&(Located<'_>, Option<&str>)| {
            bytes += row.name.len() + text.map_or(0, str::len) + BYTES_AROUND;
            bytes <= MOST_BYTES
        };
        let count = rest.iter().take_while(fits).count().max(1);
        let (now, later) = rest.split_at(count);
        put_together(sql, version, now)?;
        rest = later;
    }
    Ok(())
}

fn put_together(sql: &impl Database, version: u32, rows: &[(Located<'_>, Option<&str>)]) -> Result<()> {
    debug_assert!(rows.iter().all(|(_, text)| text.is_none_or(|text| text.len() <= PART)), "a longer text lies in parts");
    let rows_as_json: Vec<(&str, &str, Option<u16>, Option<&str>)> =
        rows.iter().map(|(row, text)| (row.kind, row.name, row.page, *text)).collect();
    let json = serde_json::to_string(&rows_as_json)?;
    let run = |statement: &str| sql.run(statement, vec![json.as_str().into(), i64::from(version).into()]);
    run("INSERT INTO history (kind, name, version, part, page, text)
        SELECT value ->> 0, value ->> 1, ?2, 0, value ->> 2, value ->> 3 FROM json_each(?1)")?;
    let has = |is_on_page: bool| rows.iter().any(|(row, _)| row.page.is_some() == is_on_page);
    if has(false) {
        run("INSERT INTO unpaged_rows (kind, name, version) SELECT value ->> 0, value ->> 1, ?2 FROM json_each(?1)
            WHERE value ->> 2 IS NULL AND value ->> 3 IS NOT NULL ON CONFLICT DO UPDATE SET version = excluded.version")?;
    }
    if has(true) {
        run(&format!(
            "INSERT INTO paged_rows (page, kind, name, version, text) SELECT value ->> 2, value ->> 0, value ->> 1, ?2,
                iif(octet_length(value ->> 3) <= {SHORT}, value ->> 3, NULL) FROM json_each(?1)
              WHERE value ->> 2 IS NOT NULL AND value ->> 3 IS NOT NULL
              ON CONFLICT DO UPDATE SET page = excluded.page, version = excluded.version, text = excluded.text"
        ))?;
    }
    if rows.iter().any(|(_, text)| text.is_none()) {
        for table in ["unpaged_rows", "paged_rows"] {
            let gone = format!(
                "DELETE FROM {table} WHERE (kind, name) IN (SELECT value ->> 0, value ->> 1 FROM json_each(?) WHERE value ->> 3 IS NULL)"
            );
            sql.run(&gone, vec![json.as_str().into()])?;
        }
    }
    run("INSERT INTO pages (page, version) SELECT DISTINCT value ->> 2, ?2 FROM json_each(?1)
        WHERE value ->> 2 IS NOT NULL ON CONFLICT DO UPDATE SET version = excluded.version")
}
