//! Tells the lines that an import has taken from other lines that come under its id.
use control::change::Hash;
use serde::{Deserialize, Serialize};

use crate::hub::ndjson::Line;

/// The hash of the lines of a body up to one: SHA-256 of the hash before it, zeros before the first, then its number and its text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LinesHash(Hash);

impl LinesHash {
    /// The hash before the first line of an import.
    pub(super) const NONE: Self = Self(Hash::NONE);

    /// The hash behind these lines.
    pub(super) fn behind(self, lines: &[(u64, Line)]) -> Self {
        lines.iter().fold(self, |Self(before), (number, line)| {
            let text = match line {
                Line::Text(text) => text.as_bytes(),
                // No line of text has this byte.
                Line::TooLong => &[0xFE],
                Line::NotUtf8 => &[0xFF],
            };
            Self(Hash::of(&[&before.0[..], &number.to_be_bytes(), text].concat()))
        })
    }
}

/// The hashes of an import's lines: at those whose number is a power of two, so that few tell of many, and at the last that was taken
/// and is not blank.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct TakenLines {
    marks: Vec<(u64, String)>,
    last: Option<(u64, String)>,
}

impl TakenLines {
    /// Returns false if lines of a body are others than those that were taken under these numbers. `before` is the hash of the body's lines
    /// before these.
    pub(super) fn agree(&self, before: LinesHash, lines: &[(u64, Line)]) -> bool {
        let marks = self.marks.iter().chain(&self.last);
        let of_these = marks.filter(|(mark, _)| lines.first().is_some_and(|(first, _)| first <= mark));
        of_these.filter(|(mark, _)| lines.last().is_some_and(|(last, _)| mark <= last)).all(|(mark, hash)| {
            let upto = lines.partition_point(|(number, _)| number <= mark);
            lines.get(..upto).is_some_and(|lines| before.behind(lines).0.to_hex() == *hash)
        })
    }

    /// Adds the lines that an import of which `taken` lines were taken takes next, the last of them `last`.
    pub(super) fn add(&mut self, taken: u64, lines: &[(u64, Line)], last: u64) {
        let before = match &self.last {
            Some((line, hash)) => Hash::from_hex(hash).map(|hash| (*line, LinesHash(hash))),
            // An earlier release took lines and kept no hash.
            None => (taken == 0).then_some((0, LinesHash::NONE)),
        };
        let Some((mut at, mut hash)) = before else { return };
        for line in lines.iter().filter(|(number, _)| *number <= last) {
            (at, hash) = (line.0, hash.behind(core::slice::from_ref(line)));
            if at.is_power_of_two() {
                self.marks.push((at, hash.0.to_hex()));
            }
        }
        self.last = Some((at, hash.0.to_hex()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(numbers: std::ops::RangeInclusive<u64>, text: &str) -> Vec<(u64, Line)> {
        numbers.map(|number| (number, Line::Text(text.to_owned()))).collect()
    }

    #[test]
    fn other_lines_are_told_from_those_that_were_taken() {
        let mut taken = TakenLines::default();
        taken.add(0, &lines(1..=100, "a"), 100);
        taken.add(100, &lines(101..=200, "a"), 150);
        let begun = LinesHash::NONE;
        for (lines, expected) in [
            (lines(1..=100, "a"), true),
            (lines(1..=3, "a"), true),
            (lines(1..=1, "b"), false),
            (lines(1..=100, "b"), false),
            ([lines(1..=99, "a"), lines(100..=100, "b")].concat(), true),
            ([lines(1..=149, "a"), lines(150..=150, "b")].concat(), false),
            // The lines behind the last one are new.
            ([lines(1..=150, "a"), lines(151..=200, "b")].concat(), true),
            (vec![(1, Line::TooLong)], false),
        ] {
            assert_eq!(taken.agree(begun, &lines), expected, "{lines:?}");
        }
        // In slices: the second begins behind the hash of the first.
        let behind = |text| begun.behind(&lines(1..=100, text));
        assert!(taken.agree(behind("a"), &lines(101..=150, "a")) && !taken.agree(behind("b"), &lines(101..=150, "a")));
        assert_eq!(taken.marks.iter().map(|(mark, _)| *mark).collect::<Vec<_>>(), [1, 2, 4, 8, 16, 32, 64, 128]);
    }

    #[test]
    fn lines_of_an_earlier_release_agree_with_all() {
        let mut taken = TakenLines::default();
        taken.add(7, &lines(8..=9, "a"), 9);
        assert_eq!(taken, TakenLines::default());
        assert!(taken.agree(LinesHash::NONE, &lines(1..=9, "b")));
    }
}
