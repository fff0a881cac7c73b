//! Lower case, one scalar value at a time, as `char::to_lowercase` has it.
//!
//! The mapping is that of the standard library, kept as runs of equal distance in 742 bytes, because the browser's engine has to be small.
//! A test compares the two on every scalar value. A run is read from the last of a few checkpoints on, and kept for the scalar values that
//! follow.

use super::fold_table::{CHECKPOINTS, RUNS};
use crate::context::value;
use alloc::vec::Vec;

/// `İ` becomes two scalar values, `i` and this one: the only mapping to more than one.
const DOT_ABOVE: u32 = 0x307;
const DOTTED_CAPITAL_I: u32 = 0x130;

#[cfg_attr(target_arch = "wasm32", inline(never))] // for its size
fn put(out: &mut [u8], at: &mut usize, byte: u32) {
    if let Some(place) = out.get_mut(*at) {
        let [low, ..] = byte.to_le_bytes();
        *place = low;
        *at += 1;
    }
}

/// The most bytes that a text may take in lower case: two may become three, and no text grows by more.
pub(crate) fn room(text: &[u8]) -> usize {
    text.len().saturating_mul(2)
}

/// Writes `text` in lower case to `out`, which has [`room`] for it; returns the number of bytes written.
///
/// Text is UTF-8; bytes that are not are copied as they stand. Each scalar value is folded alone: `Σ` is always `σ`, also at the end of a
/// word.
pub(crate) fn fold_into(text: &[u8], out: &mut [u8]) -> usize {
    let mut at = 0;
    let mut lower = Lower::default();
    let mut rest = text;
    while let Some(&first) = rest.first() {
        let (mut scalar, length) = decode(rest);
        rest = rest.get(length..).unwrap_or_default();
        if length < 2 {
            put(out, &mut at, u32::from(first.to_ascii_lowercase()));
            continue;
        }
        if scalar == DOTTED_CAPITAL_I {
            put(out, &mut at, u32::from(b'i'));
            scalar = DOT_ABOVE;
        }
        let scalar = lower.of(scalar);
        // The lead byte's upper bits, and how far the groups of six bits behind it reach.
        let (head, mut shift) = match scalar {
            0..0x80 => (0, 0),
            0x80..0x800 => (0xc0, 6),
            0x800..0x1_0000 => (0xe0, 12),
            _ => (0xf0, 18),
        };
        put(out, &mut at, head | scalar >> shift);
        while shift > 0 {
            shift -= 6;
            put(out, &mut at, 0x80 | scalar >> shift & 0x3f);
        }
    }
    at
}

/// Text in lower case.
pub(crate) fn folded(text: &[u8]) -> Vec<u8> {
    let mut out = alloc::vec![0; room(text)];
    let length = fold_into(text, &mut out);
    out.truncate(length);
    out
}

/// The scalar value at the front, and the number of its bytes. A byte that begins no UTF-8 in its shortest form is returned as one byte.
#[cfg_attr(target_arch = "wasm32", inline(never))] // for its size
pub(crate) fn decode(text: &[u8]) -> (u32, usize) {
    let Some(&first) = text.first() else { return (0, 1) };
    let lead = u32::from(first);
    // Each of these bytes begins no code point, or one that has a shorter form.
    if !(0xc2..0xf8).contains(&first) {
        return (lead, 1);
    }
    let length = first.leading_ones();
    let mut scalar = lead & 0x7f >> length;
    for index in 1..length {
        let byte = u32::from(text.get(index as usize).copied().unwrap_or(0));
        if byte & 0xc0 != 0x80 {
            return (lead, 1);
        }
        scalar = scalar << 6 | byte & 0x3f;
    }
    // The least that takes 3 bytes is 2^11, the least that takes 4 is 2^16.
    if scalar >> (5 * length - 4) == 0 { (lead, 1) } else { (scalar, length as usize) }
}

/// Lower case of the scalar values of one text. A script keeps to one or two runs and gaps, so those read last are kept: a gap, the
/// scalar values between two runs, and a run.
#[derive(Default)]
struct Lower([Run; 2]);

/// Scalar values of which all, or every second one, have their lower case at the same distance; 0 in a gap, which has none or is
/// lower case already.
#[derive(Default)]
struct Run {
    first: u32,
    count: u32,
    /// A mask for the distance from the first capital: 1 if only every second scalar value is a capital, else 0.
    others: u32,
    /// The number that a capital adds to become lower case, wrapping.
    distance: u32,
}

impl Lower {
    /// The lower case of any scalar value but U+0130.
    fn of(&mut self, scalar: u32) -> u32 {
        loop {
            for Run { first, count, others, distance } in &self.0 {
                let place = scalar.wrapping_sub(*first);
                if place < *count {
                    return if place & others == 0 { scalar.wrapping_add(*distance) } else { scalar };
                }
            }
            self.seek(scalar);
        }
    }

    /// Reads the run or the gap in which a scalar value lies, from the last checkpoint before it on.
    #[cold]
    fn seek(&mut self, scalar: u32) {
        let (mut end, mut rest) = (0, RUNS);
        for checkpoint in CHECKPOINTS.iter().take_while(|checkpoint| *checkpoint >> BYTES_BITS <= scalar) {
            end = checkpoint >> BYTES_BITS;
            rest = RUNS.get((checkpoint & ((1 << BYTES_BITS) - 1)) as usize..).unwrap_or_default();
        }
        let [gap, run] = &mut self.0;
        loop {
            let (skipped, count, distance) = (next(&mut rest), next(&mut rest), next(&mut rest));
            let others = skipped & 1;
            let first = end + (skipped >> 1);
            if first > scalar {
                *gap = Run { first: end, count: first - end, ..Run::default() };
                return;
            }
            let count = count << others;
            end = first + count;
            if end > scalar {
                let sign = (distance & 1).wrapping_neg();
                *run = Run { first, count, others, distance: (distance >> 1 ^ sign).wrapping_sub(sign) };
                return;
            }
        }
    }
}

/// Takes the first number off and returns it; behind the last one it returns `u32::MAX`.
#[cfg_attr(target_arch = "wasm32", inline(never))] // for its size
fn next(rest: &mut &[u8]) -> u32 {
    let (number, after) = value::read_length(rest).unwrap_or((usize::MAX, &[]));
    *rest = after;
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// The lower bits of a checkpoint, which hold a count of bytes.
const BYTES_BITS: u32 = 10;

#[cfg(test)]
mod tests {
    use super::{BYTES_BITS, folded};
    use crate::matching::seeded::Seeded;
    use alloc::format;
    use alloc::string::String;
    use alloc::vec::Vec;
    use core::fmt::Write;

    const TABLE: &str = "src/matching/fold_table.rs";

    fn fold(text: &[u8]) -> Vec<u8> {
        folded(text)
    }

    #[test]
    fn every_scalar_value_folds_as_in_the_pinned_toolchain() {
        let mut expected = String::new();
        let mut buffer = [0; 4];
        let mut count = 0;
        for scalar in '\0'..=char::MAX {
            expected.clear();
            expected.extend(scalar.to_lowercase());
            assert_eq!(fold(scalar.encode_utf8(&mut buffer).as_bytes()), expected.as_bytes(), "U+{:04X}", u32::from(scalar));
            count += 1;
        }
        assert_eq!(count, 1_112_064);
    }

    #[test]
    fn each_scalar_value_folds_alone() {
        assert_eq!(fold("ΟΔΥΣΣΕΥΣ ÇA \u{212a}2 İİ ẞ 𐐀 ς".as_bytes()), "οδυσσευσ ça k2 i\u{307}i\u{307} ß 𐐨 ς".as_bytes());
    }

    #[test]
    fn scripts_fold_in_any_order() {
        let mut random = Seeded(9);
        let edges: Vec<char> = mappings().into_iter().flat_map(|(code, _)| code - 1..code + 2).filter_map(char::from_u32).collect();
        for _ in 0..20_000 {
            let text: String = (0..random.below(20)).map(|_| edges[random.below(edges.len())]).collect();
            let expected: String = text.chars().flat_map(char::to_lowercase).collect();
            assert_eq!(fold(text.as_bytes()), expected.as_bytes(), "{text}");
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_are_copied() {
        for text in [
            &b"\x80"[..],
            b"\xc3",
            b"\xc3(",
            b"\xe2\x84",
            b"\xc1\x81",
            b"\xe0\x81\x81",
            b"\xe0\x83\x80",
            b"\xed\xa0\x80",
            b"\xf8\x90\x80\x80\x80",
            b"\xff",
            b"\xf4\x90\x80\x80",
            b"\xf7\xbf\xbf\xbf",
        ] {
            assert_eq!(fold(text), text);
        }
        assert_eq!(fold(b"A\xffA\xe2\x84A"), b"a\xffa\xe2\x84a");
    }

    /// `FOLD_TABLE=write cargo test -p sdk-core fold_table` writes the file anew.
    #[test]
    fn fold_table_is_the_one_of_the_pinned_toolchain() {
        let rendered = render();
        if std::env::var_os("FOLD_TABLE").is_some_and(|wish| wish == "write") {
            std::fs::write(TABLE, &rendered).unwrap();
        }
        let stored = std::fs::read_to_string(TABLE).unwrap();
        assert!(
            stored == rendered,
            "fold_table.rs differs from `char::to_lowercase`; write it with FOLD_TABLE=write cargo test -p sdk-core fold_table"
        );
    }

    fn render() -> String {
        let mappings = mappings();
        let mut runs = Vec::new();
        let mut rest = &mappings[..];
        while let Some(&(first, distance)) = rest.first() {
            let one = run_length(rest, 1);
            let two = run_length(rest, 2);
            let (count, step) = if one >= two || two < 2 { (one, 1) } else { (two, 2) };
            runs.push((first, count, step, distance));
            rest = &rest[count..];
        }
        let (mut bytes, mut end, mut checkpoints) = (Vec::new(), 0, Vec::new());
        for (number, (first, count, step, distance)) in runs.into_iter().enumerate() {
            if number % STRIDE == 0 {
                let checkpoint = end << BYTES_BITS | u32::try_from(bytes.len()).unwrap();
                checkpoints.push(format!("{:#06x}_{:04x},", checkpoint >> 16, checkpoint & 0xffff));
            }
            let count = u32::try_from(count).unwrap();
            let turned = u32::from(distance < 0);
            for mut number in [(first - end) << 1 | (step - 1), count, distance.unsigned_abs() << 1 | turned] {
                while number > 0x7f {
                    bytes.push(u8::try_from(number & 0x7f).unwrap() | 0x80);
                    number >>= 7;
                }
                bytes.push(u8::try_from(number).unwrap());
            }
            end = first + (count << (step - 1));
        }
        let mut text = String::from(HEADER);
        writeln!(text, "#[rustfmt::skip]\npub(super) static RUNS: &[u8] = &[").unwrap();
        for line in bytes.chunks(24) {
            let line: Vec<String> = line.iter().map(|byte| format!("0x{byte:02x},")).collect();
            writeln!(text, "    {}", line.join(" ")).unwrap();
        }
        text.push_str("];\n\n");
        text.push_str(CHECKPOINTS);
        writeln!(text, "#[rustfmt::skip]\npub(super) static CHECKPOINTS: [u32; {}] = [", checkpoints.len()).unwrap();
        for line in checkpoints.chunks(10) {
            writeln!(text, "    {}", line.join(" ")).unwrap();
        }
        text.push_str("];\n");
        text
    }

    /// The number of runs between two checkpoints, chosen so that the Cyrillic letters stand right behind one, and the Greek letters close
    /// to one.
    const STRIDE: usize = 11;

    const CHECKPOINTS: &str = "\
/// Places from which the runs can be read: the end of the run before, and in the lower 10 bits how many bytes stand before.
";

    const HEADER: &str = "\
//! Written by the test of `fold.rs`, which says how: do not edit.
//!
//! Capital letters beyond ASCII as runs of the same distance to their small letters, three numbers each: twice how far the first one
//! is from the end of the run before, plus one where the run takes every second scalar value; how many they are; twice the distance,
//! plus one where it goes down. A number stands in groups of 7 bits, lowest first, the last without its top bit.

";

    /// The scalar values beyond ASCII with another lower case, and the distance to it.
    fn mappings() -> Vec<(u32, i32)> {
        let mut mappings = Vec::new();
        for scalar in '\u{80}'..=char::MAX {
            let lower: Vec<char> = scalar.to_lowercase().collect();
            let code = u32::from(scalar);
            match lower[..] {
                [same] if same == scalar => {}
                [one] => mappings.push((code, u32::from(one).cast_signed() - code.cast_signed())),
                _ => assert_eq!(format!("{code:x}"), "130", "more than one: the table's form does not fit"),
            }
        }
        mappings
    }

    fn run_length(mappings: &[(u32, i32)], step: u32) -> usize {
        let continues = |pair: &[(u32, i32)]| pair[1] == (pair[0].0 + step, pair[0].1);
        1 + mappings.windows(2).take_while(|pair| continues(pair)).count()
    }
}
