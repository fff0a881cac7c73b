//! A store as lines, and lines as a store.
use control::rows::{RowKey, RowKind};
use sdk_core::Millis;
use serde::{Deserialize, de::DeserializeOwned};
use worker::{Error, Result, SqlStorageValue};

use super::{
    database::Database,
    events, migrations, put_version, records,
    rows::{Located, put_part, text_of},
    slices::{self, fit},
};
use crate::store::{
    audit,
    backup::{Head, Line, Place},
};

pub(super) fn head(sql: &impl Database) -> Result<Head> {
    let newest: Newest = sql.one(
        "SELECT coalesce((SELECT max(version) FROM versions), 0) AS version, coalesce((SELECT max(sequence) FROM rollout_events), 0) AS events",
        Vec::new(),
    )?;
    let audit::Head { chain, link, .. } = records::head(sql)?;
    Ok(Head { backup: 1, version: newest.version, records: link.sequence, chain: chain.to_hex(), events: newest.events })
}

pub(super) fn lines(sql: &impl Database, head: &Head, mut place: Place) -> Result<Option<(Vec<Line>, Place)>> {
    loop {
        let found = match place.table {
            0 => read::<VersionRow>(
                sql,
                ["version AS at, created_at", "1", "versions WHERE version > ? AND version <= ? ORDER BY version"],
                place,
                head.version.into(),
            )?,
            1 => read::<PartRow>(
                sql,
                [
                    &format!("rowid AS at, kind, name, version, part, page, {} AS text", text_of("text")),
                    "coalesce(octet_length(text), 0)",
                    "history WHERE rowid > ? AND version <= ? ORDER BY rowid",
                ],
                place,
                head.version.into(),
            )?,
            2 => read::<ChangeRow>(
                sql,
                [
                    "sequence AS at, version, payload, payload_hash, rows_hash, hash",
                    "coalesce(octet_length(payload), 0)",
                    "feature_flag_changes WHERE sequence > ? AND sequence <= ? ORDER BY sequence",
                ],
                place,
                whole(head.records)?,
            )?,
            3 => read::<events::Row>(
                sql,
                [
                    "sequence, id, feature_name, flag_path, customer_id, unit, event_type, metadata, timestamp",
                    "octet_length(metadata)",
                    "rollout_events WHERE sequence > ? AND sequence <= ? ORDER BY sequence",
                ],
                place,
                whole(head.events)?,
            )?,
            4 => read::<StageRow>(
                sql,
                [
                    "rowid AS at, flag_path, stage_since, exposures, errors",
                    "1",
                    "stage_counts WHERE rowid > ? AND rowid <= ? ORDER BY rowid",
                ],
                place,
                LAST_ROWID,
            )?,
            5 => read::<UsageRow>(
                sql,
                [
                    "rowid AS at, flag_path, hour, variant, event_type, outcomes",
                    "1",
                    "flag_usage WHERE rowid > ? AND rowid <= ? ORDER BY rowid",
                ],
                place,
                LAST_ROWID,
            )?,
            6 => read::<GuardRow>(
                sql,
                [
                    "rowid AS at, flag_path, state, held_at",
                    "octet_length(state)",
                    "guard_states WHERE rowid > ? AND rowid <= ? ORDER BY rowid",
                ],
                place,
                LAST_ROWID,
            )?,
            _ => return Ok(None),
        };
        match found.last() {
            Some((after, _)) => {
                place.after = *after;
                return Ok(Some((found.into_iter().map(|(_, line)| line).collect(), place)));
            }
            None => place = Place { table: place.table + 1, after: 0 },
        }
    }
}

/// The tables step aside, and empty ones take their places. What has a name in the schema beside them goes, and is written down to be
/// made again.
pub(super) fn begin(sql: &impl Database) -> Result<()> {
    sql.transaction(|| {
        sql.script("CREATE TABLE restoring (number INTEGER PRIMARY KEY, statement TEXT NOT NULL)")?;
        let beside = format!("sql IS NOT NULL AND type <> 'table' AND {OURS}");
        sql.script(&format!(
            "INSERT INTO restoring (statement) SELECT sql FROM sqlite_master WHERE {beside} ORDER BY type <> 'index', rowid"
        ))?;
        drop_all(sql, &beside)?;
        for Name { name } in sql.exec::<Name>(&format!("SELECT name FROM sqlite_master WHERE type = 'table' AND {OURS}"), Vec::new())? {
            sql.script(&format!("ALTER TABLE {name} RENAME TO {ASIDE}{name}"))?;
        }
        migrations::apply_within(sql)
    })
}

pub(super) fn take(sql: &impl Database, line: &Line) -> Result<()> {
    match line {
        Line::Version(version, at) => put_version(sql, *version, Millis(*at)),
        Line::Row(kind, name, version, part, text) => {
            let page = RowKind::from_name(kind).and_then(|kind| RowKey { kind, name: name.clone() }.page());
            put_part(sql, &Located { kind, name, page }, *version, *part, text.as_deref())
        }
        Line::PagedRow(page, kind, name, version, part, text) => {
            put_part(sql, &Located { kind, name, page: Some(*page) }, *version, *part, text.as_deref())
        }
        Line::Change(sequence, version, payload, payload_hash, hash) => {
            put_record(sql, (*sequence, *version), payload.as_deref(), [Some(payload_hash), None, Some(hash)])
        }
        Line::Record(sequence, version, payload, payload_hash, rows_hash, hash) => {
            put_record(sql, (*sequence, *version), payload.as_deref(), [Some(payload_hash), Some(rows_hash), Some(hash)])
        }
        Line::Event(sequence, id, feature, flag, customer, unit, kind, metadata, at) => {
            let row = vec![
                whole(*sequence)?.into(),
                id.as_str().into(),
                feature.as_str().into(),
                flag.as_str().into(),
                customer.as_deref().into(),
                unit.as_deref().into(),
                kind.as_str().into(),
                metadata.as_str().into(),
                (*at).into(),
            ];
            let insert =
                "INSERT INTO rollout_events (sequence, id, feature_name, flag_path, customer_id, unit, event_type, metadata, timestamp)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
            sql.run(insert, row)
        }
        Line::Stage(flag, since, exposures, errors) => {
            let row = vec![flag.as_str().into(), (*since).into(), whole(*exposures)?.into(), whole(*errors)?.into()];
            sql.run("INSERT INTO stage_counts (flag_path, stage_since, exposures, errors) VALUES (?, ?, ?, ?)", row)
        }
        Line::Usage(flag, hour, variant, event, outcomes) => {
            let row = vec![flag.as_str().into(), (*hour).into(), variant.as_str().into(), event.as_str().into(), whole(*outcomes)?.into()];
            sql.run("INSERT INTO flag_usage (flag_path, hour, variant, event_type, outcomes) VALUES (?, ?, ?, ?, ?)", row)
        }
        Line::Guard(flag, state, held_at) => {
            let row = vec![flag.as_str().into(), state.as_str().into(), (*held_at).into()];
            sql.run("INSERT INTO guard_states (flag_path, state, held_at) VALUES (?, ?, ?)", row)
        }
    }
}

/// Writes a record with the hashes of its payload, of its rows and of the chain.
fn put_record(
    sql: &impl Database,
    (sequence, version): (u64, u32),
    payload: Option<&str>,
    [payload_hash, rows_hash, hash]: [Option<&String>; 3],
) -> Result<()> {
    let mut row: Vec<SqlStorageValue> = vec![whole(sequence)?.into(), i64::from(version).into(), payload.into()];
    row.extend([payload_hash, rows_hash, hash].map(|hash| hash.map(String::as_str).into()));
    sql.run(records::INSERT, row)
}

/// Opens the store: with the tables that were filled, or with those that stepped aside, as they were.
pub(super) fn end(sql: &impl Database, is_good: bool) -> Result<()> {
    sql.transaction(|| {
        sql.script("PRAGMA defer_foreign_keys = ON")?;
        if is_good {
            drop_all(sql, &format!("type = 'table' AND name GLOB '{ASIDE}*'"))?;
            return sql.script(ENDED);
        }
        drop_all(sql, &format!("sql IS NOT NULL AND {OURS}"))?;
        for Name { name } in sql.exec::<Name>(&format!("SELECT name FROM sqlite_master WHERE name GLOB '{ASIDE}*'"), Vec::new())? {
            sql.script(&format!("ALTER TABLE {name} RENAME TO {}", name.strip_prefix(ASIDE).unwrap_or(&name)))?;
        }
        for Name { name: statement } in sql.exec::<Name>("SELECT statement AS name FROM restoring ORDER BY number", Vec::new())? {
            sql.script(&statement)?;
        }
        sql.script(ENDED)
    })
}

/// Undoes a restore that did not finish and cannot go on.
pub(super) fn clear_unfinished(sql: &impl Database) -> Result<()> {
    if has(sql, "restoring")? && !has(sql, "restoring_state")? { end(sql, false) } else { Ok(()) }
}

/// Keeps the state of a restore that goes on when the store is opened the next time.
pub(super) fn keep_state(sql: &impl Database, state: &str) -> Result<()> {
    sql.script("CREATE TABLE IF NOT EXISTS restoring_state (id INTEGER PRIMARY KEY CHECK (id = 1), state TEXT NOT NULL)")?;
    sql.run("INSERT OR REPLACE INTO restoring_state (id, state) VALUES (1, ?)", vec![state.into()])
}

pub(super) fn state(sql: &impl Database) -> Result<Option<String>> {
    if !has(sql, "restoring_state")? {
        return Ok(None);
    }
    let found: Vec<Name> = sql.exec("SELECT state AS name FROM restoring_state", Vec::new())?;
    Ok(found.into_iter().next().map(|Name { name }| name))
}

fn has(sql: &impl Database, table: &str) -> Result<bool> {
    let found: Vec<Name> = sql.exec("SELECT name FROM sqlite_master WHERE name = ?", vec![table.into()])?;
    Ok(!found.is_empty())
}

/// No row has a greater number; a greater one would not cross JavaScript unchanged.
const LAST_ROWID: i64 = (1 << 53) - 1;

const ENDED: &str = "DROP TABLE restoring; DROP TABLE IF EXISTS restoring_state";

/// Stands before the name of a table that stepped aside.
const ASIDE: &str = "aside_";
/// Selects what migrations made, as far as it did not step aside.
const OURS: &str =
    "name NOT GLOB 'sqlite_*' AND name NOT GLOB '_cf_*' AND name NOT GLOB 'aside_*' AND name NOT IN ('restoring', 'restoring_state')";

/// Drops part of the schema, what refers to a table before the table. A dropped table asks no trigger.
fn drop_all(sql: &impl Database, part: &str) -> Result<()> {
    let statements = format!("SELECT type || ' ' || name AS name FROM sqlite_master WHERE {part} ORDER BY type = 'table', rowid DESC");
    for Name { name } in sql.exec::<Name>(&statements, Vec::new())? {
        // A trigger or an index goes with its table or view.
        let (kind, name) = name.split_once(' ').unwrap_or_default();
        sql.script(&format!("DROP {kind} IF EXISTS {name}"))?;
    }
    Ok(())
}

/// Rows as lines, each with its place, as many as one slice reads. A query is its columns, the bytes of a row, and the rows.
fn read<R: DeserializeOwned + Into<(i64, Line)>>(
    sql: &impl Database,
    [columns, bytes, rows]: [&str; 3],
    place: Place,
    upto: i64,
) -> Result<Vec<(i64, Line)>> {
    let bindings = || -> Vec<SqlStorageValue> { vec![place.after.into(), upto.into()] };
    let most = fit(sql, &format!("SELECT {bytes} AS bytes FROM {rows}"), bindings(), slices::ROWS)?;
    let found: Vec<R> = sql.exec(&format!("SELECT {columns} FROM {rows} LIMIT ?"), [bindings(), vec![most.into()]].concat())?;
    Ok(found.into_iter().map(Into::into).collect())
}

fn whole(number: u64) -> Result<i64> {
    i64::try_from(number).map_err(|error| Error::RustError(error.to_string()))
}

#[derive(Deserialize)]
struct Newest {
    version: u32,
    events: u64,
}

#[derive(Deserialize)]
struct Name {
    name: String,
}

#[derive(Deserialize)]
struct VersionRow {
    at: u32,
    created_at: i64,
}

impl From<VersionRow> for (i64, Line) {
    fn from(row: VersionRow) -> Self {
        (row.at.into(), Line::Version(row.at, row.created_at))
    }
}

#[derive(Deserialize)]
struct PartRow {
    at: i64,
    kind: String,
    name: String,
    version: u32,
    part: u32,
    page: Option<u16>,
    text: Option<String>,
}

impl From<PartRow> for (i64, Line) {
    fn from(row: PartRow) -> Self {
        let PartRow { at, kind, name, version, part, page, text } = row;
        let line = match page.filter(|_| RowKind::from_name(&kind).is_none()) {
            Some(page) => Line::PagedRow(page, kind, name, version, part, text),
            None => Line::Row(kind, name, version, part, text),
        };
        (at, line)
    }
}

#[derive(Deserialize)]
struct ChangeRow {
    at: u32,
    version: u32,
    payload: Option<String>,
    payload_hash: String,
    rows_hash: Option<String>,
    hash: String,
}

impl From<ChangeRow> for (i64, Line) {
    fn from(row: ChangeRow) -> Self {
        let ChangeRow { at, version, payload, payload_hash, rows_hash, hash } = row;
        let line = match rows_hash {
            Some(rows_hash) => Line::Record(at.into(), version, payload, payload_hash, rows_hash, hash),
            None => Line::Change(at.into(), version, payload, payload_hash, hash),
        };
        (at.into(), line)
    }
}

impl From<events::Row> for (i64, Line) {
    fn from(row: events::Row) -> Self {
        let line = Line::Event(
            row.sequence.into(),
            row.id,
            row.feature_name,
            row.flag_path,
            row.customer_id,
            row.unit,
            row.event_type,
            row.metadata,
            row.timestamp,
        );
        (row.sequence.into(), line)
    }
}

#[derive(Deserialize)]
struct StageRow {
    at: i64,
    flag_path: String,
    stage_since: i64,
    exposures: u64,
    errors: u64,
}

impl From<StageRow> for (i64, Line) {
    fn from(row: StageRow) -> Self {
        (row.at, Line::Stage(row.flag_path, row.stage_since, row.exposures, row.errors))
    }
}

#[derive(Deserialize)]
struct UsageRow {
    at: i64,
    flag_path: String,
    hour: i64,
    variant: String,
    event_type: String,
    outcomes: u64,
}

impl From<UsageRow> for (i64, Line) {
    fn from(row: UsageRow) -> Self {
        (row.at, Line::Usage(row.flag_path, row.hour, row.variant, row.event_type, row.outcomes))
    }
}

#[derive(Deserialize)]
struct GuardRow {
    at: i64,
    flag_path: String,
    state: String,
    held_at: Option<i64>,
}

impl From<GuardRow> for (i64, Line) {
    fn from(row: GuardRow) -> Self {
        (row.at, Line::Guard(row.flag_path, row.state, row.held_at))
    }
}
