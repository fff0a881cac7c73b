//! The JSON of a guard's state.
use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{
    judge::{GuardState, Stage},
    late::{Late, Run},
    sequential::{ALTERNATIVES, LATE_LIMIT},
    sources::{self, BlockErrors, Generation, Sources},
    sums::{Arms, Sums},
    unit_caps::Block,
    window::{Slot, Window},
};

/// The most bytes of a state's JSON. A longer text is not read.
pub const MAX_STATE: usize = 16_384;
/// The version of the form. Another form has another number.
const VERSION: u32 = 1;

/// The reason why a state that was stored starts again from nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateNote {
    /// The state was written in a form that this release does not know.
    UnknownVersion(u32),
    /// The text is no state: damaged, too long, or with numbers out of bounds.
    Unreadable,
}

#[derive(Deserialize)]
struct Head {
    v: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct StateWire {
    v: u32,
    started_at: Option<i64>,
    since: Option<i64>,
    limit: u32,
    slot_ms: i64,
    counts: Pair,
    treatment: Pair,
    control: Pair,
    /// Treatment, control.
    whole: (Pair, Pair),
    /// Evidence, treatment, control.
    late: [(i64, Pair, Pair); ALTERNATIVES],
    /// Number, treatment.
    slots: Vec<(i64, Pair)>,
    sources: SourcesWire,
}

/// Outcomes and errors.
type Pair = (u64, u64);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SourcesWire {
    number: i64,
    now: GenerationWire,
    before: GenerationWire,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct GenerationWire {
    errors: u64,
    over_cap: u64,
    /// The number of a block, and its errors.
    blocks: Vec<Pair>,
}

impl GuardState {
    /// The state as JSON, at most [`MAX_STATE`] bytes; equal states give equal texts.
    pub fn to_json(&self) -> String {
        let wire = StateWire {
            v: VERSION,
            started_at: self.stage.started_at,
            since: self.stage.since,
            limit: self.stage.limit,
            slot_ms: self.slot_ms,
            counts: pair(self.counts),
            treatment: pair(self.arms.treatment),
            control: pair(self.arms.control),
            whole: (pair(self.whole.treatment), pair(self.whole.control)),
            late: self.late.0.map(|run| (run.evidence, pair(run.arms.treatment), pair(run.arms.control))),
            slots: self.window.slots().iter().map(|slot| (slot.number, pair(slot.sums))).collect(),
            sources: SourcesWire {
                number: self.sources.number,
                now: GenerationWire::of(&self.sources.now),
                before: GenerationWire::of(&self.sources.before),
            },
        };
        serde_json::to_string(&wire).unwrap_or_default()
    }

    /// Reads a state. A text that is none gives the empty state and the reason: the guard starts again, and the caller says so.
    pub fn from_json(text: &str) -> (Self, Option<StateNote>) {
        match read(text) {
            Ok(state) => (state, None),
            Err(note) => (Self::default(), Some(note)),
        }
    }
}

fn read(text: &str) -> Result<GuardState, StateNote> {
    if text.len() > MAX_STATE {
        return Err(StateNote::Unreadable);
    }
    match serde_json::from_str(text) {
        Ok(Head { v: VERSION }) => {}
        Ok(Head { v }) => return Err(StateNote::UnknownVersion(v)),
        Err(_) => return Err(StateNote::Unreadable),
    }
    serde_json::from_str(text).ok().and_then(StateWire::into_state).ok_or(StateNote::Unreadable)
}

impl StateWire {
    fn into_state(self) -> Option<GuardState> {
        let slots = self.slots.into_iter().map(|(number, pair)| Some(Slot { number, sums: sums(pair)? }));
        let mut late = Late::default();
        for (run, (evidence, treatment, control)) in late.0.iter_mut().zip(self.late) {
            let is_within = (0..=LATE_LIMIT).contains(&evidence);
            *run = is_within.then_some(Run { evidence, arms: arms(treatment, control)? })?;
        }
        Some(GuardState {
            stage: Stage { started_at: self.started_at, since: self.since, limit: self.limit },
            slot_ms: self.slot_ms,
            counts: sums(self.counts)?,
            arms: arms(self.treatment, self.control)?,
            whole: arms(self.whole.0, self.whole.1)?,
            late,
            window: Window::of(slots.collect::<Option<_>>()?)?,
            sources: Sources {
                number: self.sources.number,
                now: self.sources.now.into_generation()?,
                before: self.sources.before.into_generation()?,
            },
        })
    }
}

impl GenerationWire {
    fn of(generation: &Generation) -> Self {
        let blocks = generation.blocks.iter().map(|known| (known.block.number(), known.errors)).collect();
        Self { errors: generation.errors, over_cap: generation.over_cap, blocks }
    }

    fn into_generation(self) -> Option<Generation> {
        let blocks = self.blocks.into_iter().map(|(number, errors)| Some(BlockErrors { block: Block::from_number(number)?, errors }));
        let blocks: Vec<BlockErrors> = blocks.collect::<Option<_>>()?;
        let by_block = blocks.iter().try_fold(0_u64, |sum, known| sum.checked_add(known.errors))?;
        let is_apart = blocks.iter().enumerate().all(|(at, one)| blocks.iter().skip(at + 1).all(|other| other.block != one.block));
        let fits = self.errors <= sources::MAX_ERRORS && self.over_cap.max(by_block) <= self.errors;
        (fits && is_apart && blocks.len() <= sources::MAX_BLOCKS).then_some(Generation {
            errors: self.errors,
            over_cap: self.over_cap,
            blocks,
        })
    }
}

fn pair(sums: Sums) -> Pair {
    (sums.outcomes(), sums.errors())
}

/// The sums of a pair; `None` if they are out of bounds.
fn sums((outcomes, errors): Pair) -> Option<Sums> {
    let sums = Sums::new(outcomes, errors);
    (pair(sums) == (outcomes, errors)).then_some(sums)
}

fn arms(treatment: Pair, control: Pair) -> Option<Arms> {
    Some(Arms { treatment: sums(treatment)?, control: sums(control)? })
}

#[cfg(test)]
mod tests {
    use core::net::Ipv6Addr;
    use std::string::ToString as _;

    use sdk_core::{Millis, Percentage, stage::Status};

    use super::*;
    use crate::{
        guard::{Judge, MAX_OUTCOMES, Observation, Open},
        lifecycle::Rollout,
    };

    /// The fullest state that there is: every slot and every block taken, and all numbers long.
    fn fullest() -> GuardState {
        let rollout = Rollout { status: Status::Active, percentage: Percentage::buckets(50_000), ..Rollout::default() };
        let (judge, mut state) = (Judge::of(&rollout), GuardState::default());
        let most = Sums::new(MAX_OUTCOMES, 0);
        for minute in 0..180 {
            let number = u16::try_from(minute % 32).unwrap();
            let block = Block::of(Ipv6Addr::new(0xffff, 0xffff, number, 0, 0, 0, 0, 0).into());
            let at = Millis((153_000_000_000_000 + minute) * 60_000);
            let blocks = [BlockErrors { block, errors: 9_000_000_000 }];
            let observed = Observation {
                at,
                stage: most,
                treatment: most,
                control: most,
                over_cap: 9_000_000_000,
                blocks: &blocks,
                open: Open::default(),
            };
            state.observe(&judge, &observed);
        }
        let arms = Arms { treatment: most, control: most };
        state.late = Late([Run { evidence: LATE_LIMIT, arms }; ALTERNATIVES]);
        state.stage = Stage { started_at: Some(i64::MIN), since: Some(i64::MIN), limit: 1_000_000 };
        state
    }

    #[test]
    fn a_state_is_read_as_it_was_written_and_is_bounded() {
        for state in [GuardState::default(), fullest()] {
            let text = state.to_json();
            assert!(text.len() <= MAX_STATE / 2, "{} bytes", text.len());
            assert_eq!(GuardState::from_json(&text), (state, None));
        }
        assert_eq!((fullest().window.slots().len(), fullest().sources.before.blocks.len()), (60, 32));
    }

    /// Written by hand, so that a change of the form is noticed: it needs another version.
    const SMALL: &str = r#"{"v":1,"startedAt":1000,"since":null,"limit":50000,"slotMs":60000,"counts":[9,1],"treatment":[8,1],"control":[70,2],"whole":[[12,1],[90,4]],"late":[[0,[0,0],[0,0]],[0,[0,0],[0,0]],[0,[0,0],[0,0]],[0,[0,0],[0,0]],[0,[0,0],[0,0]],[0,[0,0],[0,0]],[0,[0,0],[0,0]],[7,[2,1],[4,0]]],"slots":[[4,[3,1]]],"sources":{"number":0,"now":{"errors":3,"overCap":1,"blocks":[[281474976710656,2]]},"before":{"errors":0,"overCap":0,"blocks":[]}}}"#;

    #[test]
    fn the_form_is_the_written_one() {
        let (state, note) = GuardState::from_json(SMALL);
        assert_eq!(note, None);
        assert_eq!((state.counts, state.arms.control, state.late.0[7].evidence), (Sums::new(9, 1), Sums::new(70, 2), 7));
        assert_eq!(state.to_json(), SMALL);
    }

    #[test]
    fn an_unknown_or_damaged_state_starts_again_with_a_note() {
        let check = |text: &str, note| assert_eq!(GuardState::from_json(text), (GuardState::default(), Some(note)), "{text}");
        check(r#"{"v":2,"evidence":[]}"#, StateNote::UnknownVersion(2));
        for text in
            ["", "null", "[]", "{}", r#"{"v":"1"}"#, r#"{"v":1}"#, &SMALL[1..], &SMALL[..SMALL.len() - 1], &" ".repeat(MAX_STATE + 1)]
        {
            check(text, StateNote::Unreadable);
        }
        for (good, bad) in [
            ("[9,1]", "[1,9]"),
            ("[9,1]", "[1099511627777,1]"),
            ("[9,1]", "[9,-1]"),
            ("[7,[2", "[68268299441,[2"),
            ("[7,[2", "[-7,[2"),
            ("[4,0]", "[4,5]"),
            (",[7,[2,1],[4,0]]", ""),
            ("[[4,", "[[4,[0,0]],[4,"),
            (r#""overCap":1"#, r#""overCap":4"#),
            ("56,2]", "56,4]"),
            ("[[281474976710656,2]]", "[[562949953421312,2]]"),
            ("[[281474976710656,2]]", "[[281474976710656,1],[281474976710656,1]]"),
            (r#""limit""#, r#""extra":1,"limit""#),
        ] {
            let text = SMALL.replace(good, bad);
            assert_ne!(text, SMALL.to_string(), "{good}");
            check(&text, StateNote::Unreadable);
        }
    }
}
