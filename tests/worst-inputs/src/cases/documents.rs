//! W6, W7, W8 and W12: the shape of a document's JSON.
use std::fmt::Display;

use crate::{
    case::{BOTH, Case, Check, Input, Load, NATIVE},
    text::{document, flags, items, rule, test},
};

pub(super) const CASES: &[Case] = &[
    Case {
        row: 6,
        name: "lists nested 100,000 deep, wherever they stand",
        machines: BOTH,
        check: Check::Outcomes(|| {
            let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
            let places = [
                deep.clone(),
                document(format_args!(r#""flags":{deep}"#)),
                document(format_args!(r#""segments":{{"s":{deep}}}"#)),
                flags(1, |_| format!(r#""metadata":{deep}"#)),
                flags(1, |_| rule(&deep)),
                document(format_args!(r#""flags":{{}},"overrides":{{"customers":{deep}}}"#)),
                document(format_args!(r#""private":{deep}"#)),
            ];
            places.into_iter().map(|text| Load::Compile(text).refused()).collect()
        }),
    },
    Case {
        row: 6,
        name: "objects nested 2,000 deep, beside as many side by side",
        machines: BOTH,
        check: Check::Instructions {
            honest: || Load::Compile(value(format_args!(r#"{{"m":[{}]}}"#, items(2_000, |_| r#"{"m":1}"#)))).taken(),
            worst: || Load::Compile(value(format_args!("{}1{}", r#"{"m":"#.repeat(2_000), "}".repeat(2_000)))).refused(),
            times: 2.0,
        },
    },
    Case { row: 7, name: "conditions and metadata at every depth", machines: NATIVE, check: Check::Outcomes(depths) },
    Case {
        row: 8,
        name: "10,000 flags written twice",
        machines: BOTH,
        check: Check::Instructions {
            honest: || Load::Compile(members("flags", 20_000, 20_000, "{}")).refused(),
            worst: || Load::Compile(members("flags", 20_000, 10_000, "{}")).refused(),
            times: 3.0,
        },
    },
    Case {
        row: 8,
        name: "1,000 flags written twice",
        machines: BOTH,
        check: Check::Instructions {
            honest: || Load::Compile(members("flags", 2_000, 2_000, "{}")).taken(),
            worst: || Load::Compile(members("flags", 2_000, 1_000, "{}")).left_out(),
            times: 1.0,
        },
    },
    Case {
        row: 8,
        name: "2,000 customers written twice",
        machines: BOTH,
        check: Check::Instructions {
            honest: || Load::Compile(owners(4_000)).taken(),
            worst: || Load::Compile(owners(2_000)).left_out(),
            times: 3.0,
        },
    },
    Case {
        row: 8,
        name: "10,000 unknown members written twice, beside once",
        machines: BOTH,
        check: Check::Instructions {
            honest: || Load::Compile(flags(1, |_| items(20_000, |index| format!(r#""x{index:06}":1"#)))).left_out(),
            worst: || Load::Compile(flags(1, |_| items(20_000, |index| format!(r#""x{:06}":1"#, index % 10_000)))).left_out(),
            times: 3.0,
        },
    },
    Case {
        row: 12,
        name: "180,000 unknown members, of which 1,000 are told",
        machines: NATIVE,
        check: Check::Errors { worst: || Load::Compile(unknown_members()).left_out(), told: 1_000, all: 180_000 },
    },
    Case {
        row: 12,
        name: "2 MB of unknown members",
        machines: NATIVE,
        check: Check::Memory { worst: || Load::Compile(unknown_members()).left_out(), bytes: 30_000_000 },
    },
];

/// Conditions and metadata at the depths where a rule begins to hold.
///
/// A condition at depth `c` stands at depth `5 + c` of the JSON, which the document, `flags`, the flag, `rules` and the rule precede.
fn depths() -> Vec<Input> {
    let condition = |depth: usize, open: &str, close: &str| {
        let leaf = test("plan", "eq", r#""pro""#);
        Load::Compile(flags(1, |_| rule(format_args!("{}{leaf}{}", open.repeat(depth - 1), close.repeat(depth - 1)))))
    };
    let mut inputs = Vec::new();
    for depth in [15, 16] {
        inputs.push(condition(depth, r#"{"not":"#, "}").taken());
    }
    for depth in [17, 58, 59] {
        inputs.push(condition(depth, r#"{"not":"#, "}").left_out());
    }
    for depth in [60, 120, 125, 130, 10_000] {
        inputs.push(condition(depth, r#"{"not":"#, "}").refused());
    }
    // Here each level of conditions takes two of JSON.
    inputs.push(condition(16, r#"{"any":["#, "]}").taken());
    inputs.push(condition(30, r#"{"any":["#, "]}").left_out());
    inputs.push(condition(31, r#"{"any":["#, "]}").refused());
    // Metadata is itself the fourth level.
    let metadata = |lists: usize| Load::Compile(flags(1, |_| format!(r#""metadata":{{"m":{}{}}}"#, "[".repeat(lists), "]".repeat(lists))));
    inputs.extend([
        metadata(1).left_out(),
        metadata(60).left_out(),
        metadata(61).refused(),
        metadata(126).refused(),
        metadata(130).refused(),
    ]);
    inputs
}

/// A document with a flag that has this value.
fn value(value: impl Display) -> String {
    flags(1, |_| format!(r#""type":"object","variants":{{"on":{value},"off":{{}}}}"#))
}

/// A document whose top-level member `section` has `count` members of `names` names.
fn members(section: &str, count: usize, names: usize, value: &str) -> String {
    document(format_args!(r#""{section}":{{{}}}"#, items(count, |index| format!(r#""m{:06}":{value}"#, index % names))))
}

/// A document with overrides of 4,000 customers, who have `names` different names.
fn owners(names: usize) -> String {
    let customers = items(4_000, |index| format!(r#""c{:06}":{{"f0":true}}"#, index % names));
    document(format_args!(r#""flags":{{"f0":{{}}}},"overrides":{{"customers":{{{customers}}}}}"#))
}

/// A flag with 180,000 members that no flag has.
fn unknown_members() -> String {
    flags(1, |_| items(180_000, |index| format!(r#""x{index:06}":1"#)))
}
