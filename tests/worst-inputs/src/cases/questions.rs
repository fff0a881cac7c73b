//! W15 and W16: questions to a large ruleset.
use crate::{
    case::{BOTH, Case, Check, Input, Load, NATIVE, Questions},
    text::{document, flags, items, rule, test},
};

pub(super) const CASES: &[Case] = &[
    Case {
        row: 15,
        name: "a chain of 5,000 asked one by one, beside all at once",
        machines: BOTH,
        check: Check::Instructions { honest: || chained(Questions::All), worst: || chained(Questions::OneByOne), times: 2.0 },
    },
    Case {
        row: 16,
        name: "one question among 5,000 attributes, beside one attribute",
        machines: BOTH,
        check: Check::Instructions { honest: || one_of(1), worst: || one_of(5_000), times: 1.5 },
    },
    Case {
        row: 16,
        name: "one question among 5,000 segments, beside one segment",
        machines: NATIVE,
        check: Check::Instructions { honest: || beside_segments(1), worst: || beside_segments(5_000), times: 1.5 },
    },
];

fn asked(document: String, questions: Questions) -> Input {
    Load::Ask { document, known: "{}".into(), context: r#"{"plan":"pro","targetingKey":"u1"}"#.into(), questions }.taken()
}

/// Flags of which each but the first needs the one before it.
fn chained(questions: Questions) -> Input {
    let flag = |flag: usize| {
        let needed = flag.checked_sub(1).map(|before| format!(r#"{{"flag":"f{before}","variants":["on"]}}"#)).unwrap_or_default();
        format!(r#""prerequisites":[{needed}],{}"#, rule(test("plan", "eq", r#""pro""#)))
    };
    asked(flags(5_000, flag), questions)
}

/// The first of flags that each ask about an attribute of their own.
fn one_of(count: usize) -> Input {
    asked(flags(count, |flag| rule(test(format_args!("a{flag}"), "eq", 1))), Questions::First { times: 100 })
}

/// A flag that uses the first of many segments.
fn beside_segments(count: usize) -> Input {
    let segments = items(count, |number| format!(r#""s{number}":{}"#, test(format_args!("plan"), "eq", format_args!("\"p{number}\""))));
    let text = document(format_args!(r#""segments":{{{segments}}},"flags":{{"f0":{{{}}}}}"#, rule(r#"{"segment":"s0"}"#)));
    asked(text, Questions::First { times: 100 })
}
