//! The tables of a tally: outcomes as they came, the ids of a day, units, and batches of sums for the hub.
//!
//! Each method is one transaction. What a batch counts is marked as counted in the transaction that makes the batch, and the batch stays
//! until the hub has confirmed it: so a crash at any place loses and doubles nothing.
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use control::{change::Hash, guard::UnitCaps};
use sdk_core::Millis;
use serde::Deserialize;
use serde_json::{Value, json};
use worker::{Result, SqlStorageValue};

use super::sqlite::{
    database::Database,
    search::{self, Search},
};
use crate::tally::{
    counting::{self, Adding, Arrived, Unit, Wait},
    random_name,
    wire::{Arriving, Batch, OpenUnits, Page, Stages, StoredOutcome, Taken, Trust},
};

const MIGRATION: &str = include_str!("../../migrations/tally/0001_tally.sql");

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;
/// The time for which outcomes are kept, and for which a unit that is not seen again is remembered.
const KEPT_MS: i64 = 7 * DAY_MS;
/// The most rows that one transaction counts, settles or deletes in one table.
const SLICE: i64 = 1_000;

/// The bounds of a tally's tables.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    /// The most outcomes that may wait to be counted. They do while the hub is away.
    pub(crate) arrived: i64,
    /// The most bytes of outcomes that are kept, about: beyond it the oldest go.
    pub(crate) bytes: i64,
    /// The most units that are remembered; further ones are not counted.
    pub(crate) units: i64,
    /// The most ids of a day; beyond it the oldest go.
    pub(crate) ids: i64,
}

pub(crate) const BOUNDS: Bounds = Bounds { arrived: 300_000, bytes: 1_000_000_000, units: 1_000_000, ids: 4_000_000 };

/// The tables of a tally.
pub(crate) struct Book<D> {
    database: D,
    bounds: Bounds,
    opened: RefCell<Option<Opened>>,
}

/// The tables' facts that memory holds.
struct Opened {
    name: String,
    caps: UnitCaps,
    units: i64,
    ids: i64,
    bytes: i64,
    /// The open exposures of each flag that has any.
    open: BTreeMap<String, OpenUnits>,
}

impl Opened {
    /// Counts a unit that was one thing and is another.
    fn change(&mut self, flag: &str, before: Option<&Unit>, after: &Unit) {
        let before = before.map(Unit::open).unwrap_or_default();
        if before != after.open() {
            let open = self.open.entry(flag.to_owned()).or_default();
            *open = open.plus(after.open()).minus(before);
            if *open == OpenUnits::default() {
                self.open.remove(flag);
            }
        }
    }
}

#[derive(Deserialize)]
struct OpenRow {
    flag_path: String,
    stage: i64,
    treatment: i64,
    control: i64,
}

#[derive(Deserialize)]
struct Number {
    n: i64,
}

#[derive(Deserialize)]
struct Text {
    text: Option<String>,
}

#[derive(Deserialize)]
struct ArrivedRow {
    sequence: i64,
    flag_path: String,
    unit: String,
    event_type: String,
    variant: Option<String>,
    epoch: Option<String>,
    version: Option<u32>,
    trust: u8,
    block: Option<u64>,
    at: i64,
}

#[derive(Deserialize)]
struct UnitRow {
    is_treatment: u8,
    block: Option<u64>,
    stage: i64,
    stage_state: u8,
    window: i64,
    window_state: u8,
}

#[derive(Deserialize)]
struct WaitRow {
    due: i64,
    flag_path: String,
    unit: String,
    stage: Option<i64>,
    window: Option<i64>,
}

#[derive(Deserialize)]
struct AdmittedRow {
    block: Option<u64>,
    n: u32,
}

/// The work that is left after a slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// There is more to do at once.
    More,
    /// The next outcome settles at this moment, or the next row is to be deleted.
    Until(i64),
    Nothing,
}

/// About what a row takes besides its texts, with its entries in the indices.
const ROW_BYTES: i64 = 200;
const EVENT_BYTES: &str =
    "octet_length(id) + octet_length(flag_path) + octet_length(unit) + octet_length(event_type) + octet_length(metadata)
    + coalesce(octet_length(customer_id), 0) + 200";

impl<D: Database> Book<D> {
    pub(crate) const fn new(database: D, bounds: Bounds) -> Self {
        Self { database, bounds, opened: RefCell::new(None) }
    }

    /// The database, opened at first use.
    fn sql(&self, now: i64) -> Result<&D> {
        if self.opened.borrow().is_some() {
            return Ok(&self.database);
        }
        let sql = &self.database;
        sql.script(MIGRATION)?;
        let name = random_name()?;
        sql.run("INSERT INTO tally (id, name) VALUES (1, ?) ON CONFLICT DO NOTHING", vec![name.into()])?;
        let name: Text = sql.one("SELECT name AS text FROM tally", Vec::new())?;
        let count = |query: &str| Ok::<_, worker::Error>(sql.number(query, Vec::new())?.unwrap_or_default());
        // The caps of this hour are those of the units that it admitted.
        let mut caps = UnitCaps::default();
        let hour = now.div_euclid(3_600_000) * 3_600_000;
        let admitted: Vec<AdmittedRow> =
            sql.exec("SELECT block, count(*) AS n FROM admitted WHERE at >= ? GROUP BY block", vec![hour.into()])?;
        for AdmittedRow { block, n } in admitted {
            for _ in 0..n {
                counting::admit(&mut caps, block, now);
            }
        }
        let open = "SELECT flag_path, sum(is_treatment AND stage_state = 0) AS stage, sum(is_treatment AND window_state = 0) AS treatment,
            sum(NOT is_treatment AND window_state = 0) AS control FROM units
            WHERE (flag_path, unit) IN (SELECT flag_path, unit FROM waiting) GROUP BY flag_path";
        let open: Vec<OpenRow> = sql.exec(open, Vec::new())?;
        let open =
            open.into_iter().map(|OpenRow { flag_path, stage, treatment, control }| (flag_path, OpenUnits { stage, treatment, control }));
        let opened = Opened {
            open: open.collect(),
            name: name.text.unwrap_or_default(),
            caps,
            units: count("SELECT count(*) AS n FROM units")?,
            ids: count("SELECT count(*) AS n FROM ids")?,
            bytes: count(&format!("SELECT coalesce(sum({EVENT_BYTES}), 0) AS n FROM events"))?,
        };
        self.opened.replace(Some(opened));
        Ok(sql)
    }

    fn opened<T>(&self, read: impl FnOnce(&mut Opened) -> T) -> Option<T> {
        self.opened.borrow_mut().as_mut().map(read)
    }

    /// Remembers the environment whose hub gets the sums, and the milliseconds by which a test set the time ahead of the clock.
    pub(crate) fn note(&self, environment: Option<&str>, ahead: i64, now: i64) -> Result<()> {
        let values = vec![environment.into(), ahead.into()];
        self.sql(now)?.run("UPDATE tally SET environment = ?1, clock_ahead = ?2 WHERE environment IS NOT ?1 OR clock_ahead <> ?2", values)
    }

    /// The environment whose hub gets the sums; `None` for the first one.
    pub(crate) fn environment(&self, now: i64) -> Result<Option<String>> {
        Ok(self.sql(now)?.one::<Text>("SELECT environment AS text FROM tally", Vec::new())?.text)
    }

    /// The milliseconds by which a test set the time ahead of the clock.
    pub(crate) fn clock_ahead(&self, now: i64) -> Result<i64> {
        Ok(self.sql(now)?.number("SELECT clock_ahead AS n FROM tally", Vec::new())?.unwrap_or_default())
    }

    /// Stores new outcomes, to be counted later; `None` if too many wait to be counted.
    pub(crate) fn take(&self, arriving: &Arriving, at: Millis) -> Result<Option<Taken>> {
        let sql = self.sql(at.0)?;
        let waiting = sql.number("SELECT max(sequence) - min(sequence) + 1 AS n FROM arrived", Vec::new())?.unwrap_or_default();
        if waiting + whole(arriving.outcomes.len()) > self.bounds.arrived {
            return Ok(None);
        }
        let hashes: Vec<String> = arriving.outcomes.iter().map(|outcome| id_hash(&outcome.id)).collect();
        let mut taken = Taken::default();
        let mut bytes = 0;
        sql.transaction(|| {
            taken = Taken::default();
            bytes = 0;
            let insert = "INSERT INTO ids (hash, at) SELECT value, ? FROM json_each(?) WHERE 1 ON CONFLICT DO NOTHING RETURNING hash AS text";
            let new: Vec<Text> = sql.exec(insert, vec![at.0.into(), Value::from(hashes.clone()).to_string().into()])?;
            let mut new: BTreeSet<String> = new.into_iter().filter_map(|row| row.text).collect();
            let (mut events, mut arrived) = (Vec::new(), Vec::new());
            for (outcome, hash) in arriving.outcomes.iter().zip(&hashes) {
                if !new.remove(hash) {
                    taken.duplicates += 1;
                    continue;
                }
                if outcome.counts() { taken.counted += 1 } else { taken.kept += 1 }
                let (epoch, version) = outcome.evaluated_at.clone().unzip();
                events.push(json!([
                    outcome.id,
                    outcome.flag,
                    outcome.customer,
                    outcome.unit,
                    outcome.event,
                    outcome.metadata,
                ]));
                let block = arriving.block.filter(|_| outcome.trust != Trust::Server);
                arrived.push(json!([
                    outcome.flag,
                    outcome.unit,
                    outcome.event,
                    outcome.variant,
                    epoch,
                    version,
                    u8::from(outcome.trust),
                    block
                ]));
                let texts = [&outcome.id, &outcome.flag, &outcome.unit, &outcome.event, &outcome.metadata];
                let length = texts.into_iter().chain(&outcome.customer).map(String::len).sum();
                bytes += whole(length) + ROW_BYTES;
            }
            if !events.is_empty() {
                let columns = members(6);
                let insert = format!(
                    "INSERT INTO events (id, flag_path, customer_id, unit, event_type, metadata, timestamp) SELECT {columns}, ? FROM json_each(?)"
                );
                sql.run(&insert, vec![at.0.into(), Value::from(events).to_string().into()])?;
                let columns = members(8);
                let insert = format!(
                    "INSERT INTO arrived (flag_path, unit, event_type, variant, epoch, version, trust, block, at) SELECT {columns}, ? FROM json_each(?)"
                );
                sql.run(&insert, vec![at.0.into(), Value::from(arrived).to_string().into()])?;
            }
            Ok(())
        })?;
        self.opened(|opened| {
            opened.ids += whole(taken.counted + taken.kept);
            opened.bytes += bytes;
        });
        Ok(Some(taken))
    }

    /// Forgets what memory holds of the tables, after a transaction that failed.
    fn after<T>(&self, outcome: Result<T>) -> Result<T> {
        if outcome.is_err() {
            self.opened.replace(None);
        }
        outcome
    }

    /// Counts a slice of what arrived, settles what is due, deletes what was kept for long enough, and makes a batch of the sums.
    pub(crate) fn work(&self, stages: &Stages, unknown: &[(String, u64)], now: Millis) -> Result<Left> {
        let sql = self.sql(now.0)?;
        let name = self.opened(|opened| opened.name.clone()).unwrap_or_default();
        let mut left = Left::Nothing;
        let worked = sql.transaction(|| {
            let mut adding = Adding::default();
            let counted = self.count_arrived(stages, &mut adding)?;
            let settled = self.settle_due(stages, &mut adding, now)?;
            let deleted = self.forget(now)?;
            let number = sql.number("SELECT batch AS n FROM tally", Vec::new())?.unwrap_or_default() + 1;
            if let Some(batch) = adding.batch(&name, number, unknown.to_vec(), |flag| self.open(flag)) {
                let text = serde_json::to_string(&batch).map_err(|error| worker::Error::RustError(error.to_string()))?;
                sql.run("INSERT INTO outbox (batch, text) VALUES (?, ?)", vec![number.into(), text.into()])?;
                sql.run("UPDATE tally SET batch = ?", vec![number.into()])?;
            }
            left = if [counted, settled, deleted].contains(&true) { Left::More } else { self.next()?.map_or(Left::Nothing, Left::Until) };
            Ok(())
        });
        self.after(worked)?;
        Ok(left)
    }

    fn open(&self, flag: &str) -> OpenUnits {
        self.opened(|opened| opened.open.get(flag).copied()).flatten().unwrap_or_default()
    }

    /// The earliest moment at which something settles or is to be deleted; `None` if the tally is empty.
    fn next(&self) -> Result<Option<i64>> {
        let query = format!(
            "SELECT min(due) AS n FROM (SELECT min(due) AS due FROM waiting UNION ALL SELECT min(at) + {DAY_MS} FROM ids
            UNION ALL SELECT min(timestamp) + {KEPT_MS} FROM events UNION ALL SELECT min(seen_at) + {KEPT_MS} FROM units
            UNION ALL SELECT min(at) + {DAY_MS} FROM admitted)"
        );
        self.database.number(&query, Vec::new())
    }

    /// Returns true if a whole slice was counted, and so there may be more.
    fn count_arrived(&self, stages: &Stages, adding: &mut Adding) -> Result<bool> {
        let sql = &self.database;
        let rows: Vec<ArrivedRow> = sql.exec("SELECT * FROM arrived ORDER BY sequence LIMIT ?", vec![SLICE.into()])?;
        let Some(last) = rows.last().map(|row| row.sequence) else { return Ok(false) };
        let is_whole = whole(rows.len()) >= SLICE;
        for row in rows {
            let outcome = Arrived {
                flag: row.flag_path,
                unit: row.unit,
                event: row.event_type,
                variant: row.variant,
                evaluated_at: row.epoch.zip(row.version),
                trust: Trust::from(row.trust),
                block: row.block,
                at: row.at,
            };
            adding.used(&outcome);
            if outcome.trust == Trust::None || !stages.flags.contains_key(&outcome.flag) {
                continue;
            }
            let known = self.unit(&outcome.flag, &outcome.unit)?;
            let is_new = known.is_none();
            if is_new && self.opened(|opened| opened.units).unwrap_or_default() >= self.bounds.units {
                continue;
            }
            let counted = adding.count(&outcome, known.as_ref(), stages, || self.admit(&outcome))?;
            if let Some(unit) = &counted.unit {
                self.put_unit(&outcome.flag, &outcome.unit, unit, outcome.at)?;
                self.opened(|opened| {
                    opened.units += i64::from(is_new);
                    opened.change(&outcome.flag, known.as_ref(), unit);
                });
            }
            if let Some(Wait { due, stage, window }) = counted.wait {
                let insert = "INSERT INTO waiting (due, flag_path, unit, stage, window) VALUES (?, ?, ?, ?, ?)
                    ON CONFLICT DO UPDATE SET stage = coalesce(excluded.stage, stage), window = coalesce(excluded.window, window)";
                let values = vec![due.into(), outcome.flag.as_str().into(), outcome.unit.as_str().into(), stage.into(), window.into()];
                sql.run(insert, values)?;
            }
        }
        sql.run("DELETE FROM arrived WHERE sequence <= ?", vec![last.into()])?;
        Ok(is_whole)
    }

    /// Returns true if the outcome's unit counts: every one but anonymous units over the cap of their block.
    fn admit(&self, outcome: &Arrived) -> Result<bool> {
        if outcome.trust != Trust::Anonymous {
            return Ok(true);
        }
        let sql = &self.database;
        let unit = || SqlStorageValue::from(outcome.unit.as_str());
        if sql.number("SELECT 1 AS n FROM admitted WHERE unit = ?", vec![unit()])?.is_some() {
            return Ok(true);
        }
        let is_admitted = self.opened(|opened| counting::admit(&mut opened.caps, outcome.block, outcome.at)).unwrap_or_default();
        if is_admitted {
            let block = outcome.block.and_then(|block| i64::try_from(block).ok());
            sql.run("INSERT INTO admitted (unit, block, at) VALUES (?, ?, ?)", vec![unit(), block.into(), outcome.at.into()])?;
        }
        Ok(is_admitted)
    }

    /// Returns true if a whole slice was settled, and so there may be more.
    fn settle_due(&self, stages: &Stages, adding: &mut Adding, now: Millis) -> Result<bool> {
        let sql = &self.database;
        let due = "DELETE FROM waiting WHERE (due, flag_path, unit) IN
            (SELECT due, flag_path, unit FROM waiting WHERE due <= ? ORDER BY due LIMIT ?) RETURNING due, flag_path, unit, stage, window";
        let rows: Vec<WaitRow> = sql.exec(due, vec![now.0.into(), SLICE.into()])?;
        let is_whole = whole(rows.len()) >= SLICE;
        for WaitRow { due, flag_path, unit, stage, window } in rows {
            let Some(known) = self.unit(&flag_path, &unit)? else { continue };
            if let Some(settled) = adding.settle(&flag_path, known.clone(), Wait { due, stage, window }, stages) {
                self.opened(|opened| opened.change(&flag_path, Some(&known), &settled));
                self.put_unit(&flag_path, &unit, &settled, due)?;
            }
        }
        Ok(is_whole)
    }

    fn unit(&self, flag: &str, unit: &str) -> Result<Option<Unit>> {
        let query = "SELECT is_treatment, block, stage, stage_state, window, window_state FROM units WHERE flag_path = ? AND unit = ?";
        let found: Vec<UnitRow> = self.database.exec(query, vec![flag.into(), unit.into()])?;
        Ok(found.into_iter().next().map(|row| Unit {
            is_treatment: row.is_treatment == 1,
            block: row.block,
            stage: row.stage,
            stage_state: row.stage_state,
            window: row.window,
            window_state: row.window_state,
        }))
    }

    fn put_unit(&self, flag: &str, unit: &str, to: &Unit, seen: i64) -> Result<()> {
        let put = "INSERT INTO units (flag_path, unit, is_treatment, block, stage, stage_state, window, window_state, seen_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET is_treatment = excluded.is_treatment, block = excluded.block,
            stage = excluded.stage, stage_state = excluded.stage_state, window = excluded.window, window_state = excluded.window_state,
            seen_at = max(seen_at, excluded.seen_at)";
        let block = to.block.and_then(|block| i64::try_from(block).ok());
        let values = vec![
            flag.into(),
            unit.into(),
            i64::from(to.is_treatment).into(),
            block.into(),
            to.stage.into(),
            i64::from(to.stage_state).into(),
            to.window.into(),
            i64::from(to.window_state).into(),
            seen.into(),
        ];
        self.database.run(put, values)
    }

    /// Deletes a slice of what was kept for long enough, or is more than fits. Returns true if there may be more.
    fn forget(&self, now: Millis) -> Result<bool> {
        let sql = &self.database;
        let (bytes, ids) = self.opened(|opened| (opened.bytes, opened.ids)).unwrap_or_default();
        let before = |limit: i64, is_full: bool| if is_full { search::ABOVE_ALL } else { now.0.saturating_sub(limit) };
        let old = |table: &str, column: &str, key: &str| {
            format!("DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE {column} <= ? ORDER BY {column} LIMIT ?)")
        };
        let is_full = bytes > self.bounds.bytes;
        let delete = old("events", "timestamp", "sequence") + &format!(" RETURNING {EVENT_BYTES} AS n");
        let gone: Vec<Number> = sql.exec(&delete, vec![before(KEPT_MS, is_full).into(), SLICE.into()])?;
        let delete = old("ids", "at", "hash") + " RETURNING 1 AS n";
        let gone_ids: Vec<Number> = sql.exec(&delete, vec![before(DAY_MS, ids > self.bounds.ids).into(), SLICE.into()])?;
        let delete = "DELETE FROM units WHERE (flag_path, unit) IN
            (SELECT flag_path, unit FROM units WHERE seen_at <= ? ORDER BY seen_at LIMIT ?) RETURNING 1 AS n";
        let gone_units: Vec<Number> = sql.exec(delete, vec![before(KEPT_MS, false).into(), SLICE.into()])?;
        let delete = old("admitted", "at", "unit") + " RETURNING 1 AS n";
        let gone_admitted: Vec<Number> = sql.exec(&delete, vec![before(DAY_MS, false).into(), SLICE.into()])?;
        self.opened(|opened| {
            opened.bytes -= gone.iter().map(|row| row.n).sum::<i64>();
            opened.ids -= whole(gone_ids.len());
            opened.units -= whole(gone_units.len());
        });
        Ok([gone.len(), gone_ids.len(), gone_units.len(), gone_admitted.len()].into_iter().any(|gone| whole(gone) >= SLICE))
    }

    /// The oldest batch that the hub has not confirmed, and its number.
    pub(crate) fn unsent(&self, now: i64) -> Result<Option<(i64, String)>> {
        #[derive(Deserialize)]
        struct Row {
            batch: i64,
            text: String,
        }
        let found: Vec<Row> = self.sql(now)?.exec("SELECT batch, text FROM outbox ORDER BY batch LIMIT 1", Vec::new())?;
        Ok(found.into_iter().next().map(|row| (row.batch, row.text)))
    }

    /// Forgets a batch, which the hub has confirmed.
    pub(crate) fn confirmed(&self, number: i64, now: i64) -> Result<()> {
        self.sql(now)?.run("DELETE FROM outbox WHERE batch = ?", vec![number.into()])
    }

    /// Stored outcomes, newest first.
    pub(crate) fn list(&self, asked: &Asked, now: i64) -> Result<Page> {
        let (followed, tested) =
            search::divided([("customer_id", &asked.customer), ("flag_path", &asked.flag), ("event_type", &asked.event)]);
        let below = asked.below.unwrap_or(search::ABOVE_ALL);
        let search = Search { table: "events", followed, tested, below, limit: asked.limit, budget: asked.budget };
        let found = search.run(self.sql(now)?, COLUMNS, |row: &StoredOutcome| Ok(row.sequence))?;
        Ok(Page { outcomes: found.entries, next: found.next })
    }

    /// Stored outcomes behind a number, oldest first.
    pub(crate) fn list_behind(&self, after: i64, limit: u32, now: i64) -> Result<Page> {
        let query = format!("SELECT {COLUMNS} FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?");
        let outcomes = self.sql(now)?.exec(&query, vec![after.into(), i64::from(limit).into()])?;
        Ok(Page { outcomes, next: None })
    }
}

/// A query for stored outcomes.
#[derive(Default)]
pub(crate) struct Asked {
    pub(crate) flag: Option<String>,
    pub(crate) customer: Option<String>,
    pub(crate) event: Option<String>,
    /// Only outcomes below this number.
    pub(crate) below: Option<i64>,
    pub(crate) limit: u32,
    /// The most outcomes to look at; `None` for all.
    pub(crate) budget: Option<u32>,
}

/// The columns of a stored outcome.
const COLUMNS: &str = "sequence, id, flag_path, customer_id, unit, event_type, metadata, timestamp";

/// A count as SQLite has it.
fn whole(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The members of a JSON array, as columns.
fn members(count: usize) -> String {
    let columns: Vec<String> = (0..count).map(|index| format!("value ->> {index}")).collect();
    columns.join(", ")
}

/// The hash by which an id is remembered: 96 bits of SHA-256, of which a day's four million collide with a probability below 2^-52.
fn id_hash(id: &str) -> String {
    let mut hash = Hash::of(id.as_bytes()).to_hex();
    hash.truncate(24);
    hash
}

/// The sums of a batch, as the hub reads them.
pub(crate) fn read_batch(text: &str) -> Option<Batch> {
    serde_json::from_str(text).ok()
}

#[cfg(test)]
mod tests;
