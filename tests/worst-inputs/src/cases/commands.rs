//! W17, W19 and W20: commands of operators on large documents.
use control::{Allowed, Command, Lists, RolloutCommand, rows::State};

use crate::{
    case::{Case, Check, Input, Load, NATIVE},
    text::{document, items, rule, test},
};

pub(super) const CASES: &[Case] = &[
    Case {
        row: 17,
        name: "500 flags with a pattern each, one killed, by the clock",
        machines: NATIVE,
        check: Check::Time { worst: || killed(500, "matches"), milliseconds: 1.0 },
    },
    Case {
        row: 17,
        name: "5,000 flags with a text each, one killed, by the clock",
        machines: NATIVE,
        check: Check::Time { worst: || killed(5_000, "startsWith"), milliseconds: 10.0 },
    },
    Case {
        row: 17,
        name: "500 flags with a pattern each, one killed and read again, by the clock",
        machines: NATIVE,
        check: Check::Time { worst: || read_again(500), milliseconds: 1.0 },
    },
    Case {
        row: 17,
        name: "500 flags with a pattern each, one killed, beside flags with a text each",
        machines: NATIVE,
        check: Check::Instructions { honest: || killed(500, "startsWith"), worst: || killed(500, "matches"), times: 1.5 },
    },
    Case {
        row: 17,
        name: "5,000 flags, one killed, beside ten times one of 500",
        machines: NATIVE,
        check: Check::Instructions { honest: || killed(500, "startsWith").times(10), worst: || killed(5_000, "startsWith"), times: 1.5 },
    },
    Case {
        row: 19,
        name: "20,000 entries removed from 10,000, beside ten times 2,000 from 1,000",
        machines: NATIVE,
        check: Check::Instructions { honest: || removed(1_000).times(10), worst: || removed(10_000), times: 1.5 },
    },
    Case {
        row: 20,
        name: "400 variants go that 2,000 flags might need, beside ten times 40 and 200",
        machines: NATIVE,
        check: Check::Instructions { honest: || variants_gone(40).times(10), worst: || variants_gone(400), times: 1.5 },
    },
];

/// Flags with one test of a text each, which reads as people write patterns; the first is killed or not.
fn texts(count: usize, op: &str, enabled: bool) -> String {
    let flag = |flag: usize| {
        let condition = test("name", op, format_args!(r#""^[a-z]+-{flag}-[0-9]{{2,4}}$""#));
        format!(r#""f{flag}":{{"enabled":{},{}}}"#, enabled || flag > 0, rule(condition))
    };
    document(format_args!(r#""flags":{{{}}}"#, items(count, flag)))
}

/// The kill switch, as the hub carries it out.
fn killed(count: usize, op: &str) -> Input {
    Load::Command { document: texts(count, op, true), command: Box::new(Command::Kill { flag: "f0".into() }) }.taken()
}

/// The document after it, as an isolate reads it.
fn read_again(count: usize) -> Input {
    Load::Recompile { before: texts(count, "matches", true), after: texts(count, "matches", false) }.taken()
}

/// Twice as many entries as a list has are removed from it, half of which stand on it.
fn removed(count: usize) -> Input {
    let allow = items(count, |unit| format!(r#""u{unit}""#));
    let document = document(format_args!(r#""flags":{{"f0":{{"rollout":{{"status":"active","percentage":10,"allow":[{allow}]}}}}}}"#));
    let remove_allow = (0..2 * count).rev().map(|unit| format!("u{unit}")).collect();
    let order = RolloutCommand::Lists(Lists { remove_allow, ..Lists::default() });
    Load::Command { document, command: Box::new(Command::Rollout { flag: "f0".into(), order }) }.taken()
}

/// An import in which a flag loses so many variants. Five times as many flags need one that it keeps.
fn variants_gone(count: usize) -> Input {
    let text = |variants: usize| {
        let variants = items(variants, |variant| format!(r#""v{variant}":"{variant}""#));
        let users = items(5 * count, |user| format!(r#""u{user}":{{"prerequisites":[{{"flag":"f","variants":["v0"]}}]}}"#));
        document(format_args!(r#""flags":{{"f":{{"type":"string","variants":{{{variants}}},"on":"v0","off":"v0"}},{users}}}"#))
    };
    let command = Command::Import { document: text(1), state: State::Keep, allowed: Allowed::default() };
    Load::Command { document: text(count + 1), command: Box::new(command) }.taken()
}
