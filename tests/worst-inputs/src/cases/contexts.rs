//! W1 to W5: contexts, which anybody with a client key may send.
use crate::{
    case::{BOTH, Case, Check, Input, Load, NATIVE, Questions, WASM},
    text::{flags, ignoring_case, items, rule, test},
};

pub(super) const CASES: &[Case] = &[
    Case {
        row: 1,
        name: "28,000 members, refused",
        machines: NATIVE,
        check: Check::Outcomes(|| vec![Load::ReadContext(members(28_000)).refused(), Load::ReadContext(members(1_000)).taken()]),
    },
    Case {
        row: 1,
        name: "1,000 members known to a program",
        machines: BOTH,
        check: Check::Instructions {
            honest: || known(members(100)).taken().times(10),
            worst: || known(members(1_000)).taken(),
            times: 2.0,
        },
    },
    Case {
        row: 1,
        name: "1,000 members known to a program, by the clock",
        machines: NATIVE,
        check: Check::Time { worst: || known(members(1_000)).taken(), milliseconds: 5.0 },
    },
    Case {
        row: 1,
        name: "1,000 members identified in a page",
        machines: WASM,
        check: Check::Instructions {
            honest: || identified(members(100)).taken().times(10),
            worst: || identified(members(1_000)).taken(),
            times: 2.0,
        },
    },
    Case {
        row: 2,
        name: "an object of 28,000 members, refused",
        machines: NATIVE,
        check: Check::Outcomes(|| vec![Load::ReadContext(object(28_000)).refused(), Load::ReadContext(object(999)).taken()]),
    },
    Case {
        row: 2,
        name: "an object of 999 members known to a program",
        machines: BOTH,
        check: Check::Instructions { honest: || known(object(111)).taken().times(9), worst: || known(object(999)).taken(), times: 2.0 },
    },
    Case {
        row: 2,
        name: "an object of 999 members known to a program, by the clock",
        machines: NATIVE,
        check: Check::Time { worst: || known(object(999)).taken(), milliseconds: 5.0 },
    },
    Case {
        row: 3,
        name: "240 kB of Japanese, refused",
        machines: NATIVE,
        check: Check::Outcomes(|| {
            let japanese = |characters| Load::ReadContext(named(&"日".repeat(characters)));
            // With the four bytes of `name`, 21,844 characters are 65,536 bytes.
            vec![japanese(80_000).refused(), japanese(21_845).refused(), japanese(21_844).taken()]
        }),
    },
    Case {
        row: 3,
        name: "64 kB of Japanese × 100 ignoreCase, by the clock",
        machines: NATIVE,
        check: Check::Time { worst: || all_of(100, "endsWith", "本日", &"日".repeat(21_844)), milliseconds: 10.0 },
    },
    Case {
        row: 3,
        name: "16 kB of Japanese × 25 ignoreCase, beside ASCII",
        machines: BOTH,
        check: Check::Instructions {
            honest: || all_of(25, "endsWith", "ab", &"a".repeat(16_383)),
            worst: || all_of(25, "endsWith", "本日", &"日".repeat(5_461)),
            times: 3.0,
        },
    },
    Case {
        row: 3,
        name: "16 kB of Japanese × 25 ignoreCase, beside one test",
        machines: BOTH,
        check: Check::Instructions {
            honest: || all_of(1, "endsWith", "本日", &"日".repeat(5_461)),
            worst: || all_of(25, "endsWith", "本日", &"日".repeat(5_461)),
            times: 2.0,
        },
    },
    Case {
        row: 3,
        name: "60 kB of zeros before a number × 100 tests of it, beside one test",
        machines: BOTH,
        check: Check::Instructions { honest: || as_number(1), worst: || as_number(100), times: 1.5 },
    },
    Case {
        row: 4,
        name: "26 Cyrillic letters × 100 ignoreCase",
        machines: BOTH,
        check: Check::Instructions {
            honest: || all_of(100, "contains", "example", "Alexandra Konstantinopolis"),
            worst: || all_of(100, "contains", "пример", "Александра Константинополь"),
            times: 3.0,
        },
    },
    Case {
        row: 4,
        name: "26 Greek letters × 100 ignoreCase",
        machines: BOTH,
        check: Check::Instructions {
            honest: || all_of(100, "startsWith", "example", "Alexandra Konstantinopolis"),
            worst: || all_of(100, "startsWith", "παράδε", "Αλεξάνδρα Κωνσταντινούπολη"),
            times: 3.0,
        },
    },
    Case {
        row: 4,
        name: "10 Japanese characters × 100 ignoreCase",
        machines: BOTH,
        check: Check::Instructions {
            honest: || all_of(100, "endsWith", "exam", "Alexandra Konstantinopolis"),
            worst: || all_of(100, "endsWith", "例文", "山田太郎左衛門次郎様"),
            times: 3.0,
        },
    },
    Case {
        row: 5,
        name: "1,000 attributes asked of 10,000 numbers, beside reading them",
        machines: NATIVE,
        check: Check::Instructions { honest: || Load::ReadContext(numbers()).taken(), worst: || attributes(1_000, numbers()), times: 2.0 },
    },
    Case {
        row: 5,
        name: "1,000 attributes asked of 10,000 numbers, beside a text",
        machines: BOTH,
        check: Check::Instructions {
            honest: || attributes(1_000, format!(r#"{{"list":"{}"}}"#, "x".repeat(65_000))),
            worst: || attributes(1_000, numbers()),
            times: 2.0,
        },
    },
];

/// A context of `count` members.
fn members(count: usize) -> String {
    format!("{{{}}}", items(count, |index| format!(r#""m{index}":{index}"#)))
}

/// A context with one member, an object of `count` members.
fn object(count: usize) -> String {
    format!(r#"{{"object":{}}}"#, members(count))
}

fn named(name: &str) -> String {
    format!(r#"{{"name":"{name}"}}"#)
}

/// A context with a list of numbers, as long as a context may have one.
fn numbers() -> String {
    format!(r#"{{"list":[{}]}}"#, items(10_000, |index| index))
}

/// A flag whose one test is of an attribute that nothing is known of.
fn one_flag() -> String {
    flags(1, |_| rule(test("plan", "eq", r#""pro""#)))
}

fn known(context: String) -> Load {
    Load::Specialise { document: one_flag(), known: context }
}

/// A page whose program was made for the context that it has.
fn identified(context: String) -> Load {
    Load::Ask { document: one_flag(), known: context.clone(), context, questions: Questions::All }
}

/// Asks `count` flags whether a name passes a test that ignores case.
fn all_of(count: usize, op: &str, value: &str, name: &str) -> Input {
    let document = flags(count, |_| rule(ignoring_case(op, value)));
    Load::Ask { document, known: "{}".into(), context: named(name), questions: Questions::All }.taken()
}

/// Asks `count` flags whether a long text, read as a number, is below one.
fn as_number(count: usize) -> Input {
    let document = flags(count, |_| rule(r#"{"attribute":"name","op":"lt","value":8,"as":"number"}"#));
    let context = named(&format!("{}7", "0".repeat(60_000)));
    Load::Ask { document, known: "{}".into(), context, questions: Questions::All }.taken()
}

/// Asks `count` flags, each about an attribute of its own.
fn attributes(count: usize, context: String) -> Input {
    let document = flags(count, |flag| rule(test(format_args!("a{flag}"), "eq", 1)));
    Load::Ask { document, known: "{}".into(), context, questions: Questions::All }.taken()
}
