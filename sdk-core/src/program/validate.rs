//! Whether a program's tables refer only to what is there, so that walking them is bounded and never leaves them.
//!
//! Reading tables is total, so that nothing has to be known good before it is looked at: faults are gathered, not returned.
use crate::{
    bucket::BUCKETS,
    details::{Decision, ErrorCode, FlagType, Layer, Reason},
    document::MAX_CONDITION_DEPTH,
    memory::Memory,
    model::{
        code,
        image::{Head, Image, RECORD_WORDS, Span},
    },
    value::{self, Encoded},
};

/// Kinds of operands, four bits each, the first one lowest.
mod kind {
    /// Any word.
    pub(super) const ANY: u32 = 1;
    /// Any four words.
    pub(super) const KEY: u32 = 2;
    pub(super) const ATTRIBUTE: u32 = 3;
    pub(super) const DECISION: u32 = 4;
    pub(super) const BUCKET: u32 = 5;
    pub(super) const CONDITION: u32 = 6;
    /// A condition, or 0.
    pub(super) const PERHAPS: u32 = 7;
    /// How often what follows is there.
    pub(super) const COUNT: u32 = 8;
    /// What follows is there as often as the operation's word says.
    pub(super) const TIMES: u32 = 9;
    /// Symbols ascend.
    pub(super) const SYMBOL: u32 = 10;
    /// A text: two words.
    pub(super) const TEXT: u32 = 11;
    /// A scalar among the texts.
    pub(super) const SCALAR: u32 = 12;
    /// The lowest number of any flag this one depends on.
    pub(super) const LOWEST: u32 = 13;
    /// A flag that this one depends on.
    pub(super) const FLAG: u32 = 14;
    /// The number of a segment, whose condition follows.
    pub(super) const SEGMENT: u32 = 15;
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
    use kind::{ANY, ATTRIBUTE, BUCKET, CONDITION, COUNT, DECISION, FLAG, KEY, LOWEST, PERHAPS, SCALAR, SEGMENT, SYMBOL, TEXT, TIMES};
    match operation {
        code::CONST => const { shape([DECISION, BUCKET]) },
        code::NEEDS => const { shape([LOWEST]) },
        code::PREREQUISITE => const { shape([FLAG, DECISION, COUNT, ANY]) },
        code::LIST => const { shape([ATTRIBUTE, DECISION, TIMES, SYMBOL]) },
        code::WHEN => const { shape([CONDITION, DECISION, BUCKET]) },
        code::DRAW => const { shape([PERHAPS, ATTRIBUTE, KEY, TIMES, BUCKET, DECISION]) },
        code::ALL | code::ANY => const { shape([COUNT, CONDITION]) },
        code::NOT => const { shape([CONDITION]) },
        code::SEGMENT => const { shape([SEGMENT, CONDITION]) },
        code::EXISTS => const { shape([ATTRIBUTE]) },
        code::IN => const { shape([ATTRIBUTE, TIMES, SYMBOL]) },
        code::CONTAINS | code::STARTS_WITH | code::ENDS_WITH => const { shape([ATTRIBUTE, SCALAR]) },
        code::NUMBER | code::TIME => const { shape([ATTRIBUTE, ANY, ANY]) },
        code::SEMVER | code::MATCHES => const { shape([ATTRIBUTE, TEXT]) },
        // What is no range of addresses holds none.
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
    let mut check = Check { image, memo, budget: words, sound: segments <= words, flag: 0, lowest: 0, variants: 0 };
    check.records();
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
    /// The flag that is looked at, the lowest number of any it depends on, and how many variants it has.
    flag: u32,
    lowest: u32,
    variants: u32,
}

impl Check<'_> {
    fn must(&mut self, holds: bool) {
        self.sound &= holds;
    }

    fn records(&mut self) {
        let image = self.image;
        let mut at = image.head(Head::Code);
        for (field, width) in [Head::Flags, Head::Attributes, Head::Aliases, Head::Known].into_iter().zip(RECORD_WORDS) {
            for _ in 0..image.head(field) {
                self.span(image.span(at));
                if width == RECORD_WORDS[2] {
                    self.must(image.word(at.wrapping_add(2)) < image.flags());
                }
                at = at.wrapping_add(width);
            }
        }
        let mut last = 0;
        for entry in 0..=1 << image.head(Head::DirectoryBits) {
            let next = image.word(image.directory(entry));
            self.must(next >= last);
            last = next;
        }
        self.must(last == image.head(Head::Symbols));
    }

    fn flag(&mut self, flag: u32) {
        let image = self.image;
        let record = image.flag(flag);
        self.flag = flag;
        self.lowest = flag;
        self.variants = self.code(record.variants);
        for variant in 0..self.variants {
            let (name, encoded) = image.variant(flag, variant);
            self.span(name);
            let kind = match value::read(encoded) {
                Some((Encoded::Boolean(_), _)) => FlagType::Boolean as u32,
                Some((Encoded::Number(number), _)) if number.is_finite() => FlagType::Number as u32,
                Some((Encoded::Text(_), _)) if encoded.first() == Some(&value::STRING) => FlagType::String as u32,
                Some((Encoded::Text(_), _)) if encoded.first() == Some(&value::JSON) => FlagType::Object as u32,
                _ => 0,
            };
            self.must(kind == record.kind);
            if !self.sound {
                return;
            }
        }
        self.must(record.kind.wrapping_sub(1) < 4 && record.variants.wrapping_add(3 * self.variants) < image.head(Head::Code));
        let (mut at, mut leading) = (record.steps, true);
        while self.sound {
            let operation = code::operation(self.code(at));
            leading &= operation == code::NEEDS || operation == code::PREREQUISITE;
            self.must(
                operation < code::ALL && (operation != code::NEEDS || at == record.steps) && (operation != code::PREREQUISITE || leading),
            );
            (at, _) = self.operands(at, 0);
            if operation == code::CONST {
                return;
            }
        }
    }

    /// Checks the operands of the operation at `at`; answers where they end and how deep they nest.
    fn operands(&mut self, at: u32, level: u32) -> (u32, u32) {
        let image = self.image;
        let word = self.code(at);
        let mut kinds = operands_of(code::operation(word));
        self.must(kinds != 0);
        let (mut place, mut again, mut times, mut deepest, mut least) = (at.wrapping_add(1), 0, 1, 0, 0);
        while times > 0 && self.sound {
            let operand = self.code(place);
            let mut size = 1;
            match kinds & 15 {
                kind::KEY => size = 4,
                kind::ATTRIBUTE => self.must(operand < image.head(Head::Attributes)),
                kind::DECISION => self.decision(operand),
                kind::BUCKET => self.must(operand <= BUCKETS),
                kind::PERHAPS if operand == 0 => {}
                kind::CONDITION | kind::PERHAPS => deepest = deepest.max(self.condition(operand, at, level + 1)),
                kind::COUNT => (times, again) = (operand, kinds >> 4),
                kind::TIMES => (times, again, size) = (code::count(word), kinds >> 4, 0),
                kind::SYMBOL => {
                    self.must(operand >= least && operand < image.head(Head::Symbols));
                    least = operand + 1;
                }
                kind::TEXT | kind::SCALAR => {
                    let span = image.span(place);
                    self.span(span);
                    let text = image.text(span);
                    let is_scalar = || {
                        matches!(value::split(text), Some((_, &[])))
                            && text.first().is_some_and(|tag| !matches!(*tag, value::LIST | value::OBJECT | value::JSON))
                    };
                    if kinds & 15 == kind::SCALAR {
                        self.must(is_scalar());
                    }
                    size = 2;
                }
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
            kinds >>= 4;
            if kinds == 0 {
                times -= 1;
                kinds = again;
            }
        }
        self.must(place <= image.head(Head::Code));
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

    fn decision(&mut self, word: u32) {
        let decision = Decision { word, bucket_plus_one: 0 };
        let number = |shift: u32| (word >> shift & 15) as usize;
        self.must(
            decision.variant_plus_one() <= self.variants
                && number(20).wrapping_sub(1) < Reason::ALL.len()
                && number(24) <= ErrorCode::ALL.len()
                && number(28) <= Layer::ALL.len(),
        );
    }

    /// A word of the code.
    fn code(&mut self, at: u32) -> u32 {
        self.must(at < self.image.head(Head::Code));
        self.image.word(at)
    }

    fn span(&mut self, span: Span) {
        self.must(self.image.text(span).len() == span.length as usize);
    }
}
