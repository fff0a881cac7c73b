//! W10, W11 and W17: patterns, whose tables are made when a document is compiled.
use crate::{
    case::{BOTH, Case, Check, Load, NATIVE},
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
        // Of these a document may have 60 before its budget is used up.
        name: "one pattern that grows with 2^20, beside 100 ordinary ones",
        machines: BOTH,
        check: Check::Instructions {
            honest: || Load::Compile(ordinary(100, "matches")).taken(),
            worst: || Load::Compile(growing(1)).left_out(),
            times: 2.0,
        },
    },
    Case {
        row: 11,
        name: "28 patterns of 3,980 states, left out",
        machines: NATIVE,
        check: Check::Memory { worst: || Load::Compile(states(28, 3_980)).left_out(), bytes: 4_000_000 },
    },
    Case {
        row: 11,
        name: "5,000 patterns of 100 states, refused",
        machines: NATIVE,
        check: Check::Memory { worst: || Load::Compile(states(5_000, 100)).refused(), bytes: 32_000_000 },
    },
    Case {
        row: 17,
        name: "1,000 flags with a pattern each, beside flags with a text each",
        machines: BOTH,
        check: Check::Instructions {
            honest: || Load::Compile(ordinary(1_000, "startsWith")).taken(),
            worst: || Load::Compile(ordinary(1_000, "matches")).taken(),
            times: 1.0,
        },
    },
];

/// Flags whose patterns have 2^20 states and more, no two of them equal.
fn growing(count: usize) -> String {
    flags(count, |flag| rule(test("name", "matches", format_args!(r#""(a|b)*a(a|b){{20}}{flag}""#))))
}

/// Flags whose patterns have this many states and a few more, no two of them equal.
fn states(count: usize, states: usize) -> String {
    flags(count, |flag| rule(test("name", "matches", format_args!(r#""^{flag}[ab]{{{states}}}$""#))))
}

/// Flags with one test of a text each, which reads as people write patterns.
fn ordinary(count: usize, op: &str) -> String {
    flags(count, |flag| rule(test("name", op, format_args!(r#""^[a-z]+-{flag}-[0-9]{{2,4}}$""#))))
}
