//! Versions: as semver.org writes them, and loosely.

use super::{
    json::Json,
    operands::Parts,
    pools::{NO_VERSIONS, VERSION_NAMES, VERSIONS},
    random::Random,
};

/// Numbers of a loose version; the last has as many digits as one may have.
const NUMBERS: &[u64] = &[0, 0, 0, 1, 1, 2, 3, 9, 10, 99, 6099, LARGEST];
const LARGEST: u64 = 999_999_999_999_999_999;

/// Pre-releases and builds that may follow the numbers; those of one precedence stand side by side.
const TAILS: &[&str] = &["-0", "-1", "-alpha", "-alpha.1", "-rc.1", "-rc.1+x", "", "", "", "", "+b", "+b.5", "+001"];

/// Texts that are almost loose versions.
const NO_LOOSE: &[&str] = &[
    "",
    "v",
    "V",
    "vv1",
    "v 1",
    " 1.2.3",
    "1.2.3 ",
    "1.",
    ".1",
    "1..2",
    "1.2.x",
    "-1",
    "+1",
    "1.2-",
    "1.2-01",
    "1.2-a..b",
    "1.2-é",
    "1.2+",
    "1.2+a+b",
    "1.２",
    "1,2",
    "1.0000000000000000000",
    "0000000000000000001",
    "1000000000000000000",
    "1.2.3.4.1000000000000000000",
    "version 1",
];

/// A version and others beside it. A caret is given many zeros, because it stops at the first number that is none.
pub fn strict(random: &mut Random, is_caret: bool) -> Parts {
    let zeros = VERSIONS.iter().take_while(|version| version.starts_with('0')).count();
    let place = if is_caret && random.one_in(2) { random.below(zeros) } else { random.below(VERSIONS.len()) };
    let operand = VERSIONS[place];
    let mut values: Vec<_> = VERSIONS[place.saturating_sub(2)..VERSIONS.len().min(place + 3)].iter().map(|text| Json::text(text)).collect();
    values.extend(VERSIONS[place..].iter().take(2).map(|text| Json::text(text)));
    values.extend([Json::text(&format!("{operand}.1")), Json::text(random.pick::<&str>(VERSIONS))]);
    values.extend([Json::text(random.pick::<&str>(VERSIONS)), Json::text(random.pick::<&str>(NO_VERSIONS))]);
    Parts::new(random, VERSION_NAMES, Json::text(operand), values)
}

/// A loose version, the same in other spellings, and others beside it.
pub fn loose(random: &mut Random) -> Parts {
    let numbers: Vec<u64> = (0..*random.pick(&[1, 2, 3, 3, 3, 4, 4, 5, 6])).map(|_| *random.pick(NUMBERS)).collect();
    let tail = random.below(TAILS.len());
    let operand = spelled(random, &numbers, TAILS[tail]);
    let mut values: Vec<_> = (0..3).map(|_| spelled(random, &numbers, TAILS[tail])).collect();
    for _ in 0..8 {
        let near = beside(random, &numbers);
        let tail = (tail + *random.pick(&[0, 0, 1, 2, TAILS.len() - 1, TAILS.len() - 2])) % TAILS.len();
        values.push(spelled(random, &near, TAILS[tail]));
    }
    values.extend([
        Json::text(random.pick::<&str>(NO_LOOSE)),
        Json::text(random.pick::<&str>(VERSIONS)),
        Json::raw(numbers[0].to_string()),
    ]);
    Parts::new(random, VERSION_NAMES, operand, values)
}

/// Numbers that differ in one place, or in how many they are.
fn beside(random: &mut Random, numbers: &[u64]) -> Vec<u64> {
    let mut near = numbers.to_vec();
    let place = random.below(near.len());
    match random.below(7) {
        0 => near.push(*random.pick(&[0, 1])),
        1 if near.len() > 1 => drop(near.pop()),
        2 | 3 => near[place] = (near[place] + 1).min(LARGEST),
        4 | 5 => near[place] = near[place].saturating_sub(1),
        _ => {}
    }
    near
}

/// The numbers with or without a letter in front, zeros in front of each, and zeros at the end.
fn spelled(random: &mut Random, numbers: &[u64], tail: &str) -> Json {
    let mut text = String::from(*random.pick(&["", "", "", "v", "V"]));
    for (place, number) in numbers.iter().enumerate() {
        if place > 0 {
            text.push('.');
        }
        let width = if random.one_in(6) { *random.pick(&[2, 3, 18]) } else { 0 };
        text.push_str(&format!("{number:0width$}"));
    }
    if random.one_in(4) {
        text.push_str(&".0".repeat(random.between(1, 4)));
    }
    text.push_str(tail);
    Json::text(&text)
}
