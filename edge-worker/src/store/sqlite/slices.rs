//! Bounds what one statement reads, in rows and in bytes, so that the hub carries out other requests between two statements.
use worker::{Result, SqlStorageValue};

use super::database::Database;

/// The most rows that one statement of a long operation reads.
pub(super) const ROWS: u32 = 500;
/// The most bytes of their texts. A first row that has more is read alone.
const BYTES: u32 = 256 * 1024;

/// Returns how many of the next rows one slice reads, from 1 to `most`. `lengths` selects the length of each as `bytes`, in their order;
/// SQLite tells the length of a text without reading it.
pub(super) fn fit(sql: &impl Database, lengths: &str, bindings: Vec<SqlStorageValue>, most: u32) -> Result<i64> {
    let query = format!(
        "SELECT count(*) AS n FROM (SELECT sum(bytes) OVER (ROWS UNBOUNDED PRECEDING) AS upto FROM ({lengths} LIMIT {}))
            WHERE upto <= {BYTES}",
        most.min(ROWS)
    );
    Ok(sql.number(&query, bindings)?.unwrap_or_default().max(1))
}

#[cfg(test)]
mod tests {
    use super::{super::database::tests::Memory, *};

    #[track_caller]
    fn check(lengths: &[usize], most: u32, expected: i64) {
        let memory = Memory::new();
        memory.script("CREATE TABLE texts (number INTEGER PRIMARY KEY, text TEXT)").unwrap();
        for (number, length) in lengths.iter().enumerate() {
            let number = i64::try_from(number).unwrap();
            memory.run("INSERT INTO texts VALUES (?, ?)", vec![number.into(), "x".repeat(*length).into()]).unwrap();
        }
        let lengths = "SELECT octet_length(text) AS bytes FROM texts WHERE number > ? ORDER BY number";
        assert_eq!(fit(&memory, lengths, vec![(-1_i64).into()], most).unwrap(), expected);
    }

    #[test]
    fn a_slice_has_at_most_500_rows_and_a_quarter_of_a_megabyte() {
        check(&[1; 600], 1_000, 500);
        check(&[1; 600], 7, 7);
        check(&[1_000; 400], 500, 262);
        check(&[300_000, 1], 500, 1);
        check(&[1, 262_143, 1], 500, 2);
        check(&[], 500, 1);
    }
}
