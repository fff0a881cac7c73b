//! Patterns at run time: a walk over a table, one look-up for a byte of text.
//!
//! The table is a deterministic automaton over bytes that is made when a document is compiled. It is a search, not a whole match: the table
//! has starts at every place of the text, and the assertions `$` and `\b` at its end, compiled in.
//!
//! | bytes | content |
//! | --- | --- |
//! | 1 | the number of bytes of a state's number, 1 or 2, the low one first |
//! | 1 | the number of runs of bytes, less one |
//! | 2 for each run | its last byte, ascending up to 255; the class of the run's bytes |
//! | 1 | the last class; a row has a cell for each class from 0 |
//! | 1 number | the start state |
//! | 1 number | states below this one are found where the text ends |
//! | the rest | rows of cells; a cell is the number of the next state |
//!
//! State 0 is "found", whatever follows, and has no row; row 0 is state 1. The number after the last row's is "never found any more".

use alloc::{
    string::{String, ToString},
    vec::Vec,
};

use crate::{
    hex,
    json::{Object, canonical::write_string},
};

/// The number of the state in which the pattern was found.
const FOUND: usize = 0;

/// Returns true if the pattern is found in `text`.
///
/// Total for every table, in time linear in the text. Bytes that are no table find nothing.
#[inline(never)] // keeps its code away from that of other tests, for their speed
pub(crate) fn found(table: &[u8], text: &[u8]) -> bool {
    let Some(table) = Table::read(table) else { return false };
    let mut state = table.start;
    for &byte in text {
        if state == FOUND {
            return true;
        }
        match table.next(state, table.class(byte)) {
            Some(next) => state = next,
            None => return false,
        }
    }
    state < table.found_at_end
}

/// Writes a table as JSON for an interpreter that looks the class of a byte up in 256 of them: `classes` and `rows` in hexadecimal digits,
/// the latter with two bytes a cell, the high one first; `null` for bytes that are no table.
pub(crate) fn write_automaton(out: &mut String, table: &[u8]) {
    let Some(table) = Table::read(table) else { return out.push_str("null") };
    let classes: Vec<u8> = (0..=255).map(|byte| table.class(byte)).collect();
    let cells = (0..table.rows.len() / table.width).filter_map(|at| number(table.rows, at, table.width));
    let rows: Vec<u8> = cells.flat_map(|cell| u16::try_from(cell).unwrap_or(u16::MAX).to_be_bytes()).collect();
    let mut object = Object::open(out);
    write_string(object.member("classes"), &hex::encode(&classes));
    object.member("columns").push_str(&table.columns.to_string());
    object.member("end").push_str(&table.found_at_end.to_string());
    write_string(object.member("rows"), &hex::encode(&rows));
    object.member("start").push_str(&table.start.to_string());
    object.close();
}

/// Returns true if every number in `table` is one of its own.
#[cfg(test)]
pub(crate) fn is_valid(table: &[u8]) -> bool {
    let Some(table) = Table::read(table) else { return false };
    let mut ascending = None;
    for run in table.runs.chunks_exact(2) {
        let [last, class] = *run else { return false };
        if ascending.is_some_and(|before| before >= last) || usize::from(class) >= table.columns {
            return false;
        }
        ascending = Some(last);
    }
    let cells = table.rows.len() / table.width;
    let never = cells / table.columns + 1;
    ascending == Some(255)
        && table.rows.len() % (table.width * table.columns) == 0
        && table.start <= never
        && (1..=never).contains(&table.found_at_end)
        && (0..cells).all(|at| number(table.rows, at, table.width).is_some_and(|next| next <= never))
}

/// A table whose head is whole; a cell is read only when it is needed.
struct Table<'a> {
    width: usize,
    runs: &'a [u8],
    columns: usize,
    start: usize,
    found_at_end: usize,
    rows: &'a [u8],
}

impl<'a> Table<'a> {
    fn read(table: &'a [u8]) -> Option<Self> {
        let width = usize::from(*table.first()?);
        let end = 2 * usize::from(*table.get(1)?) + 4;
        if width != 1 && width != 2 {
            return None;
        }
        let (runs, columns, rest) = (table.get(2..end)?, usize::from(*table.get(end)?) + 1, table.get(end + 1..)?);
        let (start, found_at_end) = (number(rest, 0, width)?, number(rest, 1, width)?);
        Some(Self { width, runs, columns, start, found_at_end, rows: rest.get(2 * width..)? })
    }

    /// The class of a byte.
    fn class(&self, byte: u8) -> u8 {
        let runs: &[[u8; 2]] = self.runs.as_chunks().0;
        runs.iter().find(|[last, _]| byte <= *last).map_or(0, |[_, class]| *class)
    }

    /// The state after `state`, which is not the one in which the pattern was found; `None` past the last row.
    fn next(&self, state: usize, class: u8) -> Option<usize> {
        number(self.rows, state.checked_sub(1)? * self.columns + usize::from(class), self.width)
    }
}

/// The number at place `at` among numbers of `width` bytes.
fn number(numbers: &[u8], at: usize, width: usize) -> Option<usize> {
    let low = usize::from(*numbers.get(at * width)?);
    if width == 1 {
        return Some(low);
    }
    Some(low | usize::from(*numbers.get(at * width + 1)?) << 8)
}

#[cfg(test)]
mod tests {
    use super::{found, is_valid};
    use crate::matching::seeded::Seeded;
    use alloc::vec::Vec;

    /// `ab$` by hand. Classes: 0 for any other, 1 for `a`, 2 for `b`. States: 1 after `ab`, 2 at the start, 3 after `a`; 4 is never.
    const AB_AT_END: &[u8] = &[
        1,
        3,
        b'a' - 1,
        0,
        b'a',
        1,
        b'b',
        2,
        255,
        0,
        2,
        2,
        2, //
        2,
        3,
        2, //
        2,
        3,
        2, //
        2,
        3,
        1,
    ];

    #[test]
    fn a_table_written_by_hand_finds_its_pattern() {
        assert!(is_valid(AB_AT_END));
        for (text, expected) in [("", false), ("ab", true), ("aab", true), ("abab", true), ("aba", false), ("b", false), ("éab", true)] {
            assert_eq!(found(AB_AT_END, text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn a_table_without_rows_finds_always_or_never() {
        let always = &[1, 0, 255, 0, 0, 0, 1];
        let never = &[1, 0, 255, 0, 0, 1, 1];
        assert!(is_valid(always) && is_valid(never));
        for text in [&b""[..], b"a", b"\xff"] {
            assert!(found(always, text));
            assert!(!found(never, text));
        }
    }

    #[test]
    fn a_walk_stops_past_the_last_row() {
        let only_a_at_the_start = &[1, 2, b'a' - 1, 0, b'a', 1, 255, 0, 1, 1, 1, 2, 0];
        assert!(is_valid(only_a_at_the_start));
        assert!(found(only_a_at_the_start, b"ab"));
        assert!(!found(only_a_at_the_start, b"ba"));
    }

    #[test]
    fn bytes_that_are_no_table_find_nothing() {
        for length in 0..AB_AT_END.len() {
            assert!(!is_valid(&AB_AT_END[..length]) || (AB_AT_END.len() - length).is_multiple_of(3), "{length}");
            found(&AB_AT_END[..length], b"ab");
        }
        assert!(!found(b"", b""));
        assert!(!is_valid(b""));
    }

    #[test]
    fn any_bytes_are_walked_without_harm() {
        let mut random = Seeded(6);
        let bytes: Vec<u8> = (0..=255).collect();
        let mut valid = 0;
        for _ in 0..200_000 {
            let mut table = AB_AT_END.to_vec();
            for _ in 0..random.below(6) {
                let most = if random.one_in(2) { 5 } else { 256 };
                random.mutate(&mut table, &bytes[..most]);
            }
            valid += u32::from(is_valid(&table));
            found(&table, b"");
            found(&table, b"xaab\xff\x00ab");
        }
        assert!(valid > 10_000, "{valid}");
    }
}
