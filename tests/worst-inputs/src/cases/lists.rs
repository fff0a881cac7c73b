//! W9, W13 and W14: documents that are legal, or nearly, and long.
use crate::{
    case::{BOTH, Case, Check, Load, NATIVE},
    text::{flags, items, rule, test},
};

pub(super) const CASES: &[Case] = &[
    Case {
        row: 9,
        name: "1,001 variants, left out",
        machines: NATIVE,
        check: Check::Outcomes(|| vec![Load::Compile(splits(1, 1_001, 0)).left_out(), Load::Compile(splits(1, 1_000, 0)).taken()]),
    },
    Case {
        row: 9,
        name: "20 splits of 1,000 variants, beside ten flags of 100",
        machines: BOTH,
        check: Check::Instructions {
            honest: || Load::Compile(splits(10, 100, 20)).taken(),
            worst: || Load::Compile(splits(1, 1_000, 20)).taken(),
            times: 1.5,
        },
    },
    Case {
        row: 13,
        name: "7.8 MB of numeric allow lists",
        machines: BOTH,
        check: Check::Memory { worst: || Load::Compile(allow_lists()).taken(), bytes: 64 << 20 },
    },
    Case {
        row: 14,
        name: "60 lists of 10,000 IPv6 networks, an error when saved or made a program",
        machines: NATIVE,
        check: Check::Outcomes(|| {
            let document = flags(60, |_| rule(test("ip", "cidr", format_args!("[{}]", items(10_000, |net| format!(r#""{net:x}::/64""#))))));
            vec![Load::Specialise { document, known: "{}".into() }.refused()]
        }),
    },
];

/// Flags of this many variants, each in every one of its splits.
fn splits(count: usize, variants: usize, splits: usize) -> String {
    let weight = 100_000 / variants;
    flags(count, |_| {
        let names = items(variants, |variant| format!(r#""v{variant:04}":"{variant:04}""#));
        let split = items(variants, |variant| format!(r#"{{"variant":"v{variant:04}","weight":{weight}}}"#));
        let rules = items(splits, |number| format!(r#"{{"name":"r{number}","serve":{{"split":[{split}]}}}}"#));
        format!(r#""type":"string","variants":{{{names}}},"on":"v0000","off":"v0001","rules":[{rules}]"#)
    })
}

/// 78 flags, each with a rollout for 10,000 customers who have numbers.
fn allow_lists() -> String {
    flags(78, |flag| {
        let customers = items(10_000, |customer| 100_000_000 + flag * 10_000 + customer);
        format!(r#""rollout":{{"status":"active","percentage":10,"allow":[{customers}]}}"#)
    })
}
