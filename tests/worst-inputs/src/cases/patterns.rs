//! W10 and W11: patterns, whose tables are made when a document is compiled.
use crate::{
    case::{Case, Check, Load, NATIVE},
    text::{flags, rule, test},
};

pub(super) const CASES: &[Case] = &[
    Case {
        row: 10,
        name: "100 patterns that grow with 2^20, refused",
        machines: NATIVE,
        check: Check::Outcomes(|| vec![Load::Compile(growing(100)).refused(), Load::Compile(growing(10)).left_out()]),
    },
    Case {
        row: 10,
        name: "one of them, of which a document has 60 when it is refused, by the clock",
        machines: NATIVE,
        check: Check::Time { worst: || Load::Compile(growing(1)).left_out(), milliseconds: 1_500.0 / 60.0 },
    },
    Case {
        row: 10,
        name: "100 patterns of 14,000 bytes, refused",
        machines: NATIVE,
        check: Check::Outcomes(|| vec![Load::Compile(long(100)).refused(), Load::Compile(long(50)).left_out()]),
    },
    Case {
        row: 10,
        name: "one of them, of which a document has 69 when it is refused, by the clock",
        machines: NATIVE,
        check: Check::Time { worst: || Load::Compile(long(1)).left_out(), milliseconds: 21.7 },
    },
    Case {
        row: 11,
        // The table of a pattern of 300 states takes about 3,500 bytes, of 100 less than 1,000.
        name: "3,000 patterns of 100 states taken, of 300 refused",
        machines: NATIVE,
        check: Check::Outcomes(|| vec![Load::Compile(states(3_000, 100)).taken(), Load::Compile(states(3_000, 300)).refused()]),
    },
    Case {
        row: 11,
        name: "3,000 patterns of 300 states, refused: twice the 8 MB of the tables",
        machines: NATIVE,
        check: Check::Memory { worst: || Load::Compile(states(3_000, 300)).refused(), bytes: 16_000_000 },
    },
];

/// Flags whose patterns have 2^20 states and more, no two of them equal.
fn growing(count: usize) -> String {
    flags(count, |flag| rule(test("name", "matches", format_args!(r#""(a|b)*a(a|b){{20}}{flag}""#))))
}

/// Flags with patterns that are long to parse, no two of them equal.
fn long(count: usize) -> String {
    let part = ".|".repeat(7_000);
    flags(count, |flag| rule(test("name", "matches", format_args!(r#""{part}{flag}""#))))
}

/// Flags whose patterns have this many states and a few more, no two of them equal.
fn states(count: usize, states: usize) -> String {
    flags(count, |flag| rule(test("name", "matches", format_args!(r#""^{flag}[ab]{{{states}}}$""#))))
}
