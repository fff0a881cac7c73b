//! Decimal numbers as text, on both sides of what `"as": "number"` reads.

use super::{
    json::Json,
    operands::{Parts, respelled},
    pools::{NUMBER_NAMES, NUMBERS, TEXT_NAMES},
    random::Random,
};

/// The most significant digits, and the most digits after the point.
const MOST: usize = 15;

/// Texts that are almost decimal numbers, and numbers whose zeros count or do not.
const ODD_TEXTS: &[&str] = &[
    "",
    "-",
    ".",
    "-.",
    ".5",
    "-.5",
    "5.",
    "+5",
    "--5",
    "5-",
    " 5",
    "5 ",
    "5\n",
    "1e3",
    "0x10",
    "1_000",
    "1,5",
    "1.2.3",
    "٣",
    "１",
    "−1",
    "NaN",
    "Infinity",
    "true",
    "0",
    "-0",
    "-0.0",
    "00000000000000000000",
    "0.000000000000000",
    "0.0000000000000000",
    "0.000000000000001",
    "0.0000000000000001",
    "100000000000000",
    "1000000000000000",
    "0999999999999999",
    "999999999999999.0",
    "9999999999999999",
    "123456789012345",
    "1234567890123456",
    "0.123456789012345",
    "1.23456789012345",
    "1.234567890123456",
    "1.234567890123450",
    "9007199254740993",
];

/// A number, or a list of some, and texts that are that number, are beside it, or are none.
pub fn parts(random: &mut Random, is_list: bool) -> Parts {
    let count = if is_list { *random.pick(&[0, 0, 1, 1, 2, 2, 3]) } else { 1 };
    let decimals: Vec<_> = (0..count).map(|_| some(random)).collect();
    let mut values = vec![Json::text(random.pick::<&str>(ODD_TEXTS)), Json::text("0")];
    values.extend([Json::text(random.pick::<&str>(NUMBERS)), Json::raw(*random.pick(NUMBERS))]);
    values.extend((0..4).map(|_| Json::text(&some(random))));
    if decimals.is_empty() {
        // Over an empty list nothing but a text that is no number is told from the others.
        values.extend((0..8).map(|_| Json::text(random.pick::<&str>(ODD_TEXTS))));
    }
    for decimal in &decimals {
        values.extend((0..8).map(|_| Json::text(&spelled(random, decimal))));
        values.push(Json::text(decimal.strip_prefix('-').unwrap_or(&format!("-{decimal}"))));
        values.extend([
            Json::text(decimal),
            Json::text(decimal),
            Json::raw(decimal.as_str()),
            respelled(decimal, 1),
            respelled(decimal, -1),
        ]);
        values.extend([Json::text(&beside(random, decimal)), Json::text(&format!("{decimal}0")), Json::text(&format!("1{decimal}"))]);
    }
    let mut operands = decimals.iter().map(|decimal| if random.one_in(3) { respelled(decimal, 0) } else { Json::raw(decimal.as_str()) });
    let operand = if is_list { Json::List(operands.collect()) } else { operands.next().unwrap_or_else(|| Json::raw("0")) };
    let attributes = if random.one_in(3) { NUMBER_NAMES } else { TEXT_NAMES };
    Parts::new(random, attributes, operand, values)
}

/// A decimal number, which is a JSON number too; seldom one digit too long.
fn some(random: &mut Random) -> String {
    let significant = *random.pick(&[1, 1, 2, 3, 7, MOST - 1, MOST, MOST, MOST + 1]);
    let fraction = *random.pick(&[0, 0, 0, 1, 2, 3, MOST - 1, MOST, MOST + 1]);
    let mut digits: String = (0..significant).map(|_| char::from(b'1' + u8::try_from(random.below(9)).unwrap_or(0))).collect();
    if digits.len() <= fraction {
        digits = format!("{}{digits}", "0".repeat(fraction + 1 - digits.len()));
    }
    let (whole, rest) = digits.split_at(digits.len() - fraction);
    format!("{}{whole}{}{rest}", if random.one_in(4) { "-" } else { "" }, if fraction > 0 { "." } else { "" })
}

/// The same number with zeros in front, or at the end of its fraction up to the last that is allowed, or one more.
fn spelled(random: &mut Random, decimal: &str) -> String {
    let (sign, digits) = decimal.strip_prefix('-').map_or(("", decimal), |digits| ("-", digits));
    let zeros = "0".repeat(if random.one_in(2) { *random.pick(&[1, 2, 20]) } else { 0 });
    let places = digits.split_once('.').map_or(0, |(_, rest)| rest.len());
    let more = match random.below(4) {
        0 => 1,
        1 => MOST.saturating_sub(places),
        2 => (MOST + 1).saturating_sub(places),
        _ => 0,
    };
    format!("{sign}{zeros}{digits}{}{}", if places == 0 && more > 0 { "." } else { "" }, "0".repeat(more))
}

/// The same digits but for the last, or one more of them.
fn beside(random: &mut Random, decimal: &str) -> String {
    let (front, last) = decimal.split_at(decimal.len() - 1);
    match last {
        _ if random.one_in(3) => format!("{decimal}{}1", if decimal.contains('.') { "" } else { "." }),
        "9" => format!("{front}8"),
        _ => format!("{front}9"),
    }
}
