//! Checks that every walk of a program's tables ends soon: no step, condition or flag refers forward or in a circle, no condition nests
//! too deep, every counted word exists, and no word is an operand twice.
//!
//! No other check is needed here: a reference to a place outside the tables reads as nothing, and the checksum finds damage.
use crate::{
    document::limits::MAX_CONDITION_DEPTH,
    model::{
        image::{Head, Image},
        memory::Memory,
        shape::{self, Role, kind},
        words::Words,
    },
};

/// Returns true if every walk of these tables ends soon. Takes time linear in the tables.
pub(crate) fn is_sound(image: &Image) -> bool {
    let (code, segments) = (image.head(Head::Code), image.head(Head::Segments));
    // A segment takes words; more of them than words cannot all be referred to.
    let mut memo = Memory::new();
    memo.fit(8 * segments.min(code) as usize);
    // In sound tables every word is visited once at most.
    let mut check = Check { image, words: image.words(), end: code, memo, budget: code, sound: segments <= code, flag: 0 };
    for flag in 0..image.flags() {
        check.flag(flag);
    }
    check.sound
}

struct Check<'a> {
    image: &'a Image,
    words: Words<'a>,
    /// The number of words of code.
    end: u32,
    /// Two words a segment: its condition and how deep that nests; 0 while not yet seen.
    memo: Memory,
    /// The number of words that may still be visited.
    budget: u32,
    /// True if every word so far was valid.
    sound: bool,
    /// The number of the flag that is being checked.
    flag: u32,
}

impl Check<'_> {
    fn must(&mut self, holds: bool) {
        self.sound &= holds;
    }

    /// Charges the budget for words that stand from `place` on, and that must exist.
    fn charge(&mut self, place: u32, words: u32) {
        let end = place.saturating_add(words);
        self.must(words <= self.budget && end <= self.end);
        self.budget = self.budget.saturating_sub(words);
    }

    fn flag(&mut self, flag: u32) {
        self.flag = flag;
        let (mut at, mut leading) = (self.image.steps(flag), true);
        while self.sound {
            let mut word = self.words.word(at);
            let guarded = shape::of(word).is(Role::Guard);
            if guarded {
                self.charge(at, 1);
                self.condition(shape::guarded_by(word), at, 1);
                at = at.wrapping_add(1);
                word = self.words.word(at);
            }
            let shape = shape::of(word);
            // Prerequisites come first, and always.
            leading &= shape.is(Role::Prerequisite) && !guarded;
            self.must(leading || shape.is(Role::Const) || shape.is(Role::Step));
            (at, _) = self.operands(at, 0);
            if shape.is(Role::Const) && !guarded {
                return;
            }
        }
    }

    /// Checks the operation at `at`; returns the place behind its operands and the levels that they nest.
    fn operands(&mut self, at: u32, level: u32) -> (u32, u32) {
        let words = self.words;
        let word = words.word(at);
        let mut kinds = shape::of(word).kinds();
        self.must(kinds != 0);
        self.charge(at, 1);
        let (mut place, mut again, mut times, mut deepest) = (at.wrapping_add(1), 0, 1, 0);
        while times > 0 && self.sound {
            let operand = words.word(place);
            let mut size = 1;
            match kinds & 15 {
                kind::HASH => {
                    self.must(shape::names_a_hash(word));
                    size = 4;
                }
                kind::ATTRIBUTE => self.must(operand < self.image.head(Head::Attributes)),
                kind::CONDITION => deepest = deepest.max(self.condition(operand, at, level + 1)),
                kind::TIMES => (times, again, size) = (shape::count(word), kinds >> 4, 0),
                kind::FLAG => self.must(operand < self.flag),
                kind::SEGMENT => {
                    deepest = self.segment(operand, words.word(place.wrapping_add(1)), at, level + 1);
                    size = 2;
                }
                kind::NETWORKS => size = operand.saturating_mul(8).saturating_add(1).saturating_add(2 * shape::count(word)),
                _ => {}
            }
            self.charge(place, size);
            place = place.wrapping_add(size);
            kinds >>= 4;
            if kinds == 0 {
                times -= 1;
                kinds = again;
            }
        }
        (place, deepest)
    }

    /// Checks a condition that must stand before `parent`; returns the levels that it nests, 0 if it is unsound.
    fn condition(&mut self, at: u32, parent: u32, level: u32) -> u32 {
        let stands = at != 0 && at < parent && level <= MAX_CONDITION_DEPTH;
        self.must(stands && shape::of(self.words.word(at)).is(Role::Condition));
        if !self.sound {
            return 0;
        }
        self.operands(at, level).1 + 1
    }

    /// Checks a segment, its condition only once; returns the levels that it nests.
    fn segment(&mut self, number: u32, condition: u32, parent: u32, level: u32) -> u32 {
        self.must(number < self.image.head(Head::Segments));
        let place = 2 * number as usize;
        let (known, mut depth) = (self.memo.word(place), self.memo.word(place.wrapping_add(1)));
        if known == 0 {
            depth = self.condition(condition, parent, level);
        }
        self.memo.set(place, condition);
        self.memo.set(place.wrapping_add(1), depth);
        self.must(known == 0 || known == condition && level + depth <= MAX_CONDITION_DEPTH);
        depth
    }
}
