//! Controls: what the counters must see. A suite that cannot miss holds nothing.
use super::memory;
use crate::{
    case::{BOTH, Case, Check, Load, NATIVE},
    text::{flags, rule, test},
};

pub(super) const MISSED: &[Case] = &[
    Case {
        row: 0,
        name: "ten times the work, where three times are allowed",
        machines: BOTH,
        check: Check::Instructions { honest: || sound().taken(), worst: || sound().taken().times(10), times: 3.0 },
    },
    Case {
        row: 0,
        name: "work that costs too little, with another outcome",
        machines: BOTH,
        check: Check::Instructions { honest: || sound().taken(), worst: || Load::Compile("[]".into()).taken(), times: 3.0 },
    },
    Case { row: 0, name: "a sound document that should be refused", machines: BOTH, check: Check::Outcomes(|| vec![sound().refused()]) },
    Case {
        row: 0,
        name: "a document of 100 flags in 1,000 bytes",
        machines: BOTH,
        check: Check::Memory { worst: || sound().taken(), bytes: 1_000 },
    },
    Case {
        row: 0,
        name: "a document of 100 flags in a hundredth of a millisecond",
        machines: NATIVE,
        check: Check::Time { worst: || sound().taken(), milliseconds: 0.01 },
    },
    Case {
        row: 0,
        name: "3 errors where 4 should be told",
        machines: NATIVE,
        check: Check::Errors { worst: || faulty().left_out(), told: 4, all: 3 },
    },
    Case {
        row: 0,
        name: "3 errors where 4 should be counted",
        machines: NATIVE,
        check: Check::Errors { worst: || faulty().left_out(), told: 3, all: 4 },
    },
    memory::MISSED,
];

/// The control whose work also tells how fast a machine is.
pub(crate) const SAME_WORK: &str = "the same work, counted twice";

pub(super) const MET: &[Case] = &[
    Case {
        row: 0,
        name: SAME_WORK,
        machines: BOTH,
        check: Check::Instructions { honest: || sound().taken(), worst: || sound().taken(), times: 1.01 },
    },
    Case { row: 0, name: "3 errors", machines: NATIVE, check: Check::Errors { worst: || faulty().left_out(), told: 3, all: 3 } },
];

fn sound() -> Load {
    Load::Compile(flags(100, |flag| rule(test("plan", "eq", flag))))
}

/// Three flags, each with a member that no flag has.
fn faulty() -> Load {
    Load::Compile(flags(3, |_| r#""x":1"#))
}
