//! Whether walking a program's tables ends, and soon: no step, condition or flag refers forward or in a circle, nothing nests too
//! deep, and nothing is counted that is not there.
//!
//! Reading tables is total: what refers to nothing reads as nothing. Damage is found by the checksum.
use crate::{
    document::MAX_CONDITION_DEPTH,
    model::{
        code,
        image::{Head, Image},
        memory::Memory,
    },
};

/// Kinds of operands, four bits each, the first one lowest.
mod kind {
    /// Any word.
    pub(super) const ANY: u32 = 1;
    /// Any four words.
    pub(super) const KEY: u32 = 2;
    pub(super) const ATTRIBUTE: u32 = 3;
    pub(super) const CONDITION: u32 = 4;
    /// How often what follows is there.
    pub(super) const COUNT: u32 = 5;
    /// What follows is there as often as the operation's word says.
    pub(super) const TIMES: u32 = 6;
    /// The lowest number of any flag this one depends on.
    pub(super) const LOWEST: u32 = 7;
    /// A flag that this one depends on.
    pub(super) const FLAG: u32 = 8;
    /// The number of a segment, whose condition follows.
    pub(super) const SEGMENT: u32 = 9;
}

const fn shape<const COUNT: usize>(kinds: [u32; COUNT]) -> u32 {
    let (mut shape, mut index) = (0, COUNT);
    while index > 0 {
        index -= 1;
        shape = shape << 4 | kinds[index];
    }
    shape
}

/// The operands of an operation; none for what is no operation.
fn operands_of(operation: u32) -> u32 {
    use kind::{ANY, ATTRIBUTE, CONDITION, COUNT, FLAG, KEY, LOWEST, SEGMENT, TIMES};
    match operation {
        code::CONST => const { shape([ANY, TIMES, ANY]) },
        code::NEEDS => const { shape([LOWEST]) },
        code::PREREQUISITE => const { shape([FLAG, ANY, COUNT, ANY]) },
        code::LIST => const { shape([ATTRIBUTE, ANY, TIMES, ANY]) },
        code::DRAW => const { shape([ATTRIBUTE, KEY, TIMES, ANY, ANY]) },
        code::ALL | code::ANY => const { shape([COUNT, CONDITION]) },
        code::NOT => const { shape([CONDITION]) },
        code::SEGMENT => const { shape([SEGMENT, CONDITION]) },
        code::EXISTS => const { shape([ATTRIBUTE]) },
        code::IN => const { shape([ATTRIBUTE, TIMES, ANY]) },
        code::CONTAINS..=code::MATCHES => const { shape([ATTRIBUTE, ANY, ANY]) },
        // Of its two lists of ranges, each is as long as it is there.
        code::CIDR => const { shape([ATTRIBUTE, ANY, ANY, COUNT, ANY, ANY]) },
        _ => 0,
    }
}

/// Checks everything once.
pub(crate) fn is_sound(image: &Image, memo: &mut Memory) -> bool {
    let (words, segments) = (image.head(Head::Code), image.head(Head::Segments));
    // A segment takes words; more of them than words cannot all be referred to.
    memo.clear(2 * segments.min(words) as usize);
    // Every condition is visited once, so there are fewer visits than words.
    let mut check = Check { image, memo, budget: words, sound: segments <= words, flag: 0, lowest: 0 };
    for flag in 0..image.flags() {
        check.flag(flag);
    }
    check.sound
}

struct Check<'a> {
    image: &'a Image,
    /// Two words a segment: its condition and how deep that nests; 0 while not yet seen.
    memo: &'a mut Memory,
    budget: u32,
    /// Nothing was found that is wrong.
    sound: bool,
    /// The flag that is looked at, and the lowest number of any it depends on.
    flag: u32,
    lowest: u32,
}

impl Check<'_> {
    fn must(&mut self, holds: bool) {
        self.sound &= holds;
    }

    fn flag(&mut self, flag: u32) {
        let start = self.image.steps(flag);
        self.flag = flag;
        self.lowest = flag;
        let (mut at, mut leading) = (start, true);
        while self.sound {
            let word = self.image.word(at);
            let guarded = code::operation(word) == code::IF;
            if guarded {
                self.condition(code::condition(word), at, 1);
                at = at.wrapping_add(1);
            }
            let operation = code::operation(self.image.word(at));
            leading &= operation == code::NEEDS && at == start || operation == code::PREREQUISITE && !guarded;
            self.must(operation < code::ALL && (leading || operation > code::PREREQUISITE));
            (at, _) = self.operands(at, 0);
            if operation == code::CONST && !guarded {
                return;
            }
        }
    }

    /// Checks the operands of the operation at `at`; answers where they end and how deep they nest.
    fn operands(&mut self, at: u32, level: u32) -> (u32, u32) {
        let image = self.image;
        let word = image.word(at);
        let mut kinds = operands_of(code::operation(word));
        self.must(kinds != 0);
        let (mut place, mut again, mut times, mut deepest) = (at.wrapping_add(1), 0, 1, 0);
        while times > 0 && self.sound {
            let operand = image.word(place);
            let mut size = 1;
            match kinds & 15 {
                kind::KEY => size = 4,
                kind::ATTRIBUTE => self.must(operand < image.head(Head::Attributes)),
                kind::CONDITION => deepest = deepest.max(self.condition(operand, at, level + 1)),
                kind::COUNT => (times, again) = (operand, kinds >> 4),
                kind::TIMES => (times, again, size) = (code::count(word), kinds >> 4, 0),
                kind::LOWEST => {
                    self.must(operand <= self.flag);
                    self.lowest = operand;
                }
                kind::FLAG => {
                    let steps = image.steps(operand);
                    let lowest =
                        if code::operation(image.word(steps)) == code::NEEDS { image.word(steps.wrapping_add(1)) } else { operand };
                    self.must(self.lowest <= operand && operand < self.flag && self.lowest <= lowest);
                }
                kind::SEGMENT => {
                    deepest = self.segment(operand, image.word(place.wrapping_add(1)), at, level + 1);
                    // Its condition is looked at once.
                    size = 2;
                    kinds = 0;
                }
                _ => {}
            }
            place = place.wrapping_add(size);
            self.must(place <= image.head(Head::Code));
            kinds >>= 4;
            if kinds == 0 {
                times -= 1;
                kinds = again;
            }
        }
        (place, deepest)
    }

    /// Checks a condition that must stand before `parent`; answers how deep it nests.
    fn condition(&mut self, at: u32, parent: u32, level: u32) -> u32 {
        self.must(
            self.budget > 0 && at != 0 && at < parent && level <= MAX_CONDITION_DEPTH && code::operation(self.image.word(at)) >= code::ALL,
        );
        if !self.sound {
            return 0;
        }
        self.budget -= 1;
        self.operands(at, level).1 + 1
    }

    /// Checks a segment, once; answers how deep it nests.
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
