//! W18: programs that a page stored, or that somebody forged.
use anyhow::{Context as _, Result, ensure};
use sdk_core::Context;

use crate::{
    case::{BOTH, Case, Check, Input, Load},
    prepare,
    text::{flags, items, rule, test},
};

pub(super) const CASES: &[Case] = &[Case {
    row: 18,
    name: "2,000 operands that overlap under a right checksum",
    machines: BOTH,
    check: Check::Instructions { honest: || read(false), worst: || read(true), times: 2.0 },
}];

const TESTS: usize = 2_000;
/// Bytes before what the checksum covers, and where the number of words of code stands; the code follows a head of 12 words.
const PREFIX: usize = 20;
const CODE: usize = PREFIX + 48;
const CHECKSUM: std::ops::Range<usize> = 12..20;

/// A program of one flag with 2,000 lists of two texts; in a forged one each list says that it reaches to the end of the code.
fn read(forged: bool) -> Input {
    match program(forged) {
        Ok(bytes) if forged => Load::ReadProgram(bytes).refused(),
        Ok(bytes) => Load::ReadProgram(bytes).taken(),
        Err(error) => panic!("the form of programs is another one: {error:#}"),
    }
}

fn program(forged: bool) -> Result<Vec<u8>> {
    let lists = items(TESTS, |number| test("plan", "in", format_args!(r#"["a{number}","b{number}"]"#)));
    let compiled = prepare::sound(&flags(1, |_| rule(format_args!(r#"{{"any":[{lists}]}}"#))))?;
    let mut bytes = prepare::program(&compiled, &Context::new())?.to_bytes();
    let words = word(&bytes, PREFIX).context("no head")? as usize;
    // The first words of all lists are equal: an operation and the number 2 in the upper half.
    let places: Vec<usize> = (0..words).map(|index| CODE + 4 * index).collect();
    let first = places.iter().filter_map(|place| word(&bytes, *place)).filter(|word| word >> 16 == 2);
    let counts = first.fold(std::collections::BTreeMap::new(), |mut counts, word| {
        *counts.entry(word).or_insert(0) += 1;
        counts
    });
    let (list, _) = counts.into_iter().find(|(_, count)| *count == TESTS).context("no word stands there once for each list")?;
    for (index, place) in places.into_iter().enumerate() {
        if forged && word(&bytes, place) == Some(list) {
            // Behind the first word and the attribute.
            let reach = u32::try_from((words - index - 2).min(0xFFFF))?;
            bytes[place..place + 4].copy_from_slice(&(list & 0xFFFF | reach << 16).to_le_bytes());
        }
    }
    let sum = checksum(&bytes[PREFIX..]);
    ensure!(forged || bytes[CHECKSUM] == sum, "the checksum is another one");
    bytes[CHECKSUM].copy_from_slice(&sum);
    Ok(bytes)
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|word| u32::from_le_bytes(*word))
}

/// The checksum of a program, written once more.
fn checksum(bytes: &[u8]) -> [u8; 8] {
    let step = |sum: u64, word: u64| (sum ^ word).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(29);
    let (words, rest) = bytes.as_chunks();
    let sum = words.iter().fold(bytes.len() as u64, |sum, word| step(sum, u64::from_le_bytes(*word)));
    rest.iter().fold(sum, |sum, byte| step(sum, u64::from(*byte))).to_le_bytes()
}
