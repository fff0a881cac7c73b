//! Controls: what the counters must see. A suite that cannot miss holds nothing.
use super::memory;
use crate::{
    case::{BOTH, Case, Check, Load},
    text::{flags, rule, test},
};

pub(super) const MISSED: &[Case] = &[
    Case {
        row: 0,
        name: "ten times the work, where three times are allowed",
        machines: BOTH,
        check: Check::Instructions { honest: || sound().taken(), worst: || sound().times(10).taken(), times: 3.0 },
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
    memory::MISSED,
];

pub(super) const MET: &[Case] = &[Case {
    row: 0,
    name: "the same work, counted twice",
    machines: BOTH,
    check: Check::Instructions { honest: || sound().taken(), worst: || sound().taken(), times: 1.01 },
}];

fn sound() -> Load {
    Load::Compile(flags(100, |flag| rule(test("plan", "eq", flag))))
}
