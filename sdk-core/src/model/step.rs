//! Steps: the entries of a flag's order of precedence, decoded where they stand.
use super::{
    code::{self, Operation},
    details::Decision,
    image::Image,
    words::{Front, Run, Words, wide},
};
use crate::bucket::{DrawHash, Subkey};

/// One entry of a flag's order of precedence.
#[derive(Clone, Copy)]
pub(crate) enum Step {
    /// Answers `unmet` unless the other flag has one of the variants.
    Prerequisite { flag: u32, unmet: Decision, variants: Run },
    /// Answers the customer's override, or else the organization's.
    Overrides,
    /// Answers `listed` where the unit is on the list.
    List(List),
    /// Answers by the bucket of the unit.
    Draw(Draw),
    /// Answers every context alike.
    Const(Decision),
    /// No step stands here. No compiled or validated flag comes here: its last step always answers.
    Nothing,
}

/// A list of units.
#[derive(Clone, Copy)]
pub(crate) struct List {
    /// The attribute that is the unit.
    pub(crate) attribute: u32,
    pub(crate) listed: Decision,
    /// The units, ascending by number.
    pub(crate) symbols: Run,
    /// True if a unit on the list is let in rather than kept out.
    pub(crate) allows: bool,
}

/// A draw.
#[derive(Clone, Copy)]
pub(crate) struct Draw {
    /// The attribute that is the unit.
    pub(crate) attribute: u32,
    pub(crate) hash: DrawHash,
    /// Pairs of upper bound and decision, bounds ascending; a bucket past the last bound goes on to the next step.
    pub(crate) shares: Run,
    /// True if a missing unit goes on to the next step rather than being an error.
    pub(crate) continues: bool,
}

/// A step, the condition under which it is taken, and where the next one stands.
#[derive(Clone, Copy)]
pub(crate) struct Guarded {
    /// The place of the condition; 0 for a step that is always taken.
    pub(crate) condition: u32,
    pub(crate) step: Step,
    pub(crate) next: u32,
}

impl Words<'_> {
    /// The step at a place, with its condition.
    #[inline]
    pub(crate) fn step(self, at: u32) -> Guarded {
        let (condition, front) = self.guarded(at);
        let (step, next) = front.step();
        Guarded { condition, step, next }
    }
}

impl Front<'_> {
    /// The operation as a step, and where the next one stands.
    #[expect(clippy::inline_always, reason = "an enum answered through memory costs a quarter of a walk")]
    #[inline(always)]
    pub(crate) fn step(self) -> (Step, u32) {
        let (at, [word, first, parameters @ .., _, _]) = (self.at, self.words());
        let (second, count) = (parameters[0], code::count(word));
        let (step, size) = match Operation::of(word) {
            Some(Operation::List) => {
                let symbols = Run { at: at.wrapping_add(3), count };
                let (listed, allows) = (Decision::of(second), word & code::ALLOW != 0);
                (Step::List(List { attribute: first, listed, symbols, allows }), 3 + count)
            }
            Some(Operation::Draw) => match hash(word, parameters) {
                Some(hash) => {
                    let shares = Run { at: at.wrapping_add(6), count };
                    (Step::Draw(Draw { attribute: first, hash, shares, continues: word & code::CONTINUE != 0 }), 6 + 2 * count)
                }
                None => (Step::Nothing, 1),
            },
            Some(Operation::Const) => (Step::Const(Decision::of_halves(first, if count == 0 { 0 } else { second })), 2 + count),
            Some(Operation::Overrides) => (Step::Overrides, 1),
            Some(Operation::Prerequisite) => {
                let variants = Run { at: at.wrapping_add(3), count };
                (Step::Prerequisite { flag: first, unmet: Decision::of(second), variants }, 3 + count)
            }
            Some(
                Operation::If
                | Operation::All
                | Operation::Any
                | Operation::Not
                | Operation::Segment
                | Operation::Percentage
                | Operation::Exists
                | Operation::Among
                | Operation::Members
                | Operation::Contains
                | Operation::StartsWith
                | Operation::EndsWith
                | Operation::Number
                | Operation::Time
                | Operation::Semver
                | Operation::Matches
                | Operation::Cidr,
            )
            | None => (Step::Nothing, 1),
        };
        (step, at.saturating_add(size))
    }

    /// The number of the flag that a prerequisite names, and the place of the next step; `None` if this is another step.
    pub(crate) fn prerequisite(self) -> Option<[u32; 2]> {
        let [word, flag, ..] = self.words();
        Operation::Prerequisite.is_of(word).then(|| [flag, self.at.saturating_add(3 + code::count(word))])
    }

    /// The bucket that the operation draws for a unit. The hash is read where it is used, so that it never passes through memory.
    #[cfg_attr(target_arch = "wasm32", inline(never))] // for its size: it is called from two places
    #[cfg_attr(not(target_arch = "wasm32"), inline)]
    pub(crate) fn bucket(self, unit: &[u8]) -> u32 {
        let [word, _, parameters @ .., _, _] = self.words();
        hash(word, parameters).map_or(0, |hash| hash.bucket(unit))
    }
}

/// The hash of a draw, from the draw's first word and the four words of parameters.
#[inline]
pub(super) fn hash(word: u32, [a, b, c, d]: [u32; 4]) -> Option<DrawHash> {
    DrawHash::read(word >> code::HASH_SHIFT & 15, Subkey([wide(a, b), wide(c, d)]))
}

impl Image {
    /// The steps of a flag, up to the first that answers always.
    pub(crate) fn steps_of(&self, flag: u32) -> impl Iterator<Item = Guarded> + use<'_> {
        let mut at = Some(self.steps(flag));
        core::iter::from_fn(move || {
            let guarded = self.words().step(at?);
            let is_last = guarded.condition == 0 && matches!(guarded.step, Step::Const(_) | Step::Nothing);
            at = (!is_last).then_some(guarded.next);
            Some(guarded)
        })
    }
}
