//! Searches of the trail and of the rollouts' logs, newest first. A search follows the index of one filter, looks at a bounded number of its
//! entries, and stops.
use control::rows::RowKey;
use serde::{Deserialize, de::DeserializeOwned};
use worker::{Result, SqlStorageValue};

use super::database::Database;

/// A number above those of all entries. The runtime binds whole numbers up to JavaScript's largest safe one, and logs a warning for each that
/// is larger.
pub(crate) const ABOVE_ALL: i64 = 9_007_199_254_740_991;

/// A search of a table whose primary key is `sequence`.
pub(crate) struct Search {
    /// The table's name. The tested conditions name its row `entry`.
    pub(crate) table: &'static str,
    /// The filter whose index is followed; `None` for all entries.
    pub(crate) followed: Option<Followed>,
    /// The conditions that a looked-at entry must meet besides.
    pub(crate) tested: Vec<Condition>,
    /// Only entries below this number.
    pub(crate) below: i64,
    /// The most entries to return.
    pub(crate) limit: u32,
    /// The most entries to look at; `None` for all.
    pub(crate) budget: Option<u32>,
}

/// The filter of a search whose index is followed: an entry's column is one of some values.
pub(crate) struct Followed {
    pub(crate) column: &'static str,
    pub(crate) values: Vec<serde_json::Value>,
    /// The owner whose slices of imports are looked at besides. The record of a slice names no owner; the rows of its version do.
    pub(crate) owner: Option<RowKey>,
}

/// A condition in SQL over `entry`, and the values of its parameters.
pub(crate) struct Condition {
    pub(crate) sql: String,
    pub(crate) values: Vec<SqlStorageValue>,
}

impl Condition {
    pub(crate) fn equals(column: &str, value: &str) -> Self {
        Self { sql: format!("{column} = ?"), values: vec![value.into()] }
    }
}

/// Divides the filters that a caller gave, each a column and its value, into the one whose index is followed and the conditions that
/// are tested. The first one given is followed, so that filters stand in the order of the entries that they tend to match, fewest first.
pub(crate) fn divided<'a>(filters: impl IntoIterator<Item = (&'static str, &'a Option<String>)>) -> (Option<Followed>, Vec<Condition>) {
    let mut given = filters.into_iter().filter_map(|(column, value)| Some((column, value.as_deref()?)));
    let followed = given.next().map(|(column, value)| Followed { column, values: vec![value.into()], owner: None });
    (followed, given.map(|(column, value)| Condition::equals(column, value)).collect())
}

/// The entries that a search found, newest first.
pub(crate) struct Matches<T> {
    pub(crate) entries: Vec<T>,
    /// The number below which the search goes on; `None` if nothing older matches.
    pub(crate) next: Option<i64>,
}

impl Search {
    /// Runs the search. `columns` are those of `entry` that `T` is read from; `sequence` tells the number of a `T`.
    pub(crate) fn run<T: DeserializeOwned>(
        self,
        sql: &impl Database,
        columns: &str,
        sequence: impl Fn(&T) -> Result<i64>,
    ) -> Result<Matches<T>> {
        let (query, values) = self.statement(columns);
        let entries: Vec<T> = sql.exec(&query, values)?;
        if let Some(last) = entries.last()
            && entries.len() >= self.limit as usize
        {
            let next = Some(sequence(last)?);
            return Ok(Matches { entries, next });
        }
        let next = match self.budget {
            Some(budget) if !self.tested.is_empty() => {
                let (looked, values) = self.looked_at();
                let reach: Reach = sql.one(&format!("{looked} SELECT count(*) AS entries, min(sequence) AS oldest FROM looked"), values)?;
                reach.oldest.filter(|_| reach.entries >= budget)
            }
            _ => None,
        };
        Ok(Matches { entries, next })
    }

    /// The statement that finds the entries, and the values of its parameters.
    pub(crate) fn statement(&self, columns: &str) -> (String, Vec<SqlStorageValue>) {
        let (mut query, mut values) = self.looked_at();
        query += &format!(" SELECT {columns} FROM looked CROSS JOIN {} AS entry USING (sequence) WHERE 1", self.table);
        for Condition { sql, values: own } in &self.tested {
            query += &format!(" AND {sql}");
            values.extend(own.iter().cloned());
        }
        query += " ORDER BY sequence DESC LIMIT ?";
        values.push(i64::from(self.limit).into());
        (query, values)
    }

    /// The numbers of the entries to look at, as the table `looked` of a statement.
    fn looked_at(&self) -> (String, Vec<SqlStorageValue>) {
        let table = self.table;
        // If no more is tested, every entry that is looked at is returned.
        let most = if self.tested.is_empty() { i64::from(self.limit) } else { self.budget.map_or(-1, i64::from) };
        let newest = |filter: &str| format!("SELECT sequence FROM {table} WHERE {filter}sequence < ? ORDER BY sequence DESC LIMIT ?");
        let Some(Followed { column, values: wanted, owner }) = &self.followed else {
            return (format!("WITH looked AS MATERIALIZED ({})", newest("")), vec![self.below.into(), most.into()]);
        };
        // The runtime allows five terms of a compound SELECT and 100 parameters, so that the values are one parameter.
        let newest = newest(&format!("{column} = wanted.value AND "));
        let found =
            format!("SELECT entry.sequence FROM json_each(?) AS wanted CROSS JOIN {table} AS entry ON entry.sequence IN ({newest})");
        let wanted = serde_json::Value::from(wanted.as_slice()).to_string();
        let mut values = vec![wanted.into(), self.below.into(), most.into()];
        let slices = owner.as_ref().map_or("", |owner| {
            values.extend([owner.kind.as_str().into(), owner.name.as_str().into(), self.below.into(), most.into()]);
            SLICES
        });
        values.push(most.into());
        (format!("WITH looked AS MATERIALIZED (SELECT sequence FROM ({found}{slices}) ORDER BY sequence DESC LIMIT ?)"), values)
    }
}

/// The numbers of the slices of imports that wrote the row of an owner. Versions and numbers grow together.
const SLICES: &str = " UNION ALL SELECT sequence FROM (SELECT slice.sequence FROM history CROSS JOIN feature_flag_changes AS slice
    ON slice.version = history.version WHERE history.kind = ? AND history.name = ? AND history.part = 0 AND slice.sequence < ?
    AND +slice.action = 'override.import' ORDER BY history.version DESC LIMIT ?)";

/// The entries that a search looked at.
#[derive(Deserialize)]
struct Reach {
    entries: u32,
    oldest: Option<i64>,
}
