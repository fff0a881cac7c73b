//! Whether a program's tables refer only to what is there, so that walking them is bounded and never leaves them.
use alloc::vec::Vec;

use crate::{
    bucket::BUCKETS,
    details::{Decision, ErrorCode, FlagType, Layer, Reason},
    document::MAX_CONDITION_DEPTH,
    matching::pattern,
    model::{
        code,
        image::{Image, Span},
    },
    value::{self, Encoded},
};

/// Checks everything once.
pub(crate) fn is_sound(image: &Image) -> bool {
    // A segment takes words; more of them than words cannot all be referred to.
    if image.head.segments as usize > image.words.len() {
        return false;
    }
    let mut check = Check {
        image,
        segments: alloc::vec![(0, 0); image.head.segments as usize],
        // Every condition is visited once, so there are fewer visits than words.
        budget: image.words.len(),
    };
    check.records().is_some() && (0..image.head.flags).all(|flag| check.flag(flag).is_some())
}

struct Check<'a> {
    image: &'a Image,
    /// By segment: its condition and how deep that nests; 0 while not yet seen.
    segments: Vec<(u32, u32)>,
    budget: usize,
}

/// Turns a requirement into an option, so that checks can be chained.
fn must(holds: bool) -> Option<()> {
    holds.then_some(())
}

impl Check<'_> {
    fn records(&self) -> Option<()> {
        let (image, head) = (self.image, &self.image.head);
        for attribute in 0..head.attributes {
            self.span(image.attribute(attribute).name)?;
        }
        for alias in 0..head.aliases {
            let (name, flag) = image.alias(alias);
            self.span(name)?;
            must(flag < head.flags)?;
        }
        for known in 0..head.known {
            self.span(image.known(known).name)?;
        }
        let mut last = 0;
        for entry in image.directory() {
            must(*entry >= last && *entry <= head.symbols)?;
            last = *entry;
        }
        must(last == head.symbols)
    }

    fn flag(&mut self, flag: u32) -> Option<()> {
        let image = self.image;
        let record = image.flag(flag);
        self.span(record.key)?;
        let kind = FlagType::from_number(record.kind)?;
        let variants = self.code(record.variants)?;
        self.range(record.variants, variants.checked_mul(3)?.checked_add(1)?)?;
        for variant in 0..variants {
            let (name, encoded) = image.variant(flag, variant);
            self.span(name)?;
            must(match (value::read(encoded)?.0, kind) {
                (Encoded::Boolean(_), FlagType::Boolean) => true,
                (Encoded::Number(number), FlagType::Number) => number.is_finite(),
                (Encoded::Text(_), FlagType::String) => encoded.first() == Some(&value::STRING),
                (Encoded::Text(_), FlagType::Object) => encoded.first() == Some(&value::JSON),
                _ => false,
            })?;
        }
        let (mut at, mut lowest) = (record.steps, flag);
        let mut leading = true;
        loop {
            let word = self.code(at)?;
            let size = match code::operation(word) {
                code::CONST => {
                    self.decision(at + 1, variants)?;
                    return must(self.code(at + 2)? <= BUCKETS);
                }
                code::NEEDS => {
                    must(at == record.steps)?;
                    lowest = self.code(at + 1)?;
                    must(lowest <= flag)?;
                    2
                }
                code::PREREQUISITE => {
                    let (other, count) = (self.code(at + 1)?, self.code(at + 3)?);
                    must(leading && (lowest..flag).contains(&other) && self.lowest(other) >= lowest)?;
                    self.decision(at + 2, variants)?;
                    self.range(at, count.checked_add(4)?)?;
                    4 + count
                }
                code::LIST => {
                    self.attribute(at + 1)?;
                    self.decision(at + 2, variants)?;
                    self.symbols(at + 3, code::count(word))?;
                    3 + code::count(word)
                }
                code::WHEN => {
                    self.condition(self.code(at + 1)?, at, 1)?;
                    self.decision(at + 2, variants)?;
                    must(self.code(at + 3)? <= BUCKETS)?;
                    4
                }
                code::DRAW => {
                    let condition = self.code(at + 1)?;
                    if condition != 0 {
                        self.condition(condition, at, 1)?;
                    }
                    self.attribute(at + 2)?;
                    let count = code::count(word);
                    self.range(at, 7 + 2 * count)?;
                    for share in 0..count {
                        must(self.code(at + 7 + 2 * share)? <= BUCKETS)?;
                        self.decision(at + 8 + 2 * share, variants)?;
                    }
                    7 + 2 * count
                }
                _ => return None,
            };
            leading &= matches!(code::operation(word), code::NEEDS | code::PREREQUISITE);
            at = at.checked_add(size)?;
        }
    }

    /// The lowest flag that a flag depends on, itself if none.
    fn lowest(&self, flag: u32) -> u32 {
        let steps = self.image.flag(flag).steps;
        if code::operation(self.image.word(steps)) == code::NEEDS { self.image.word(steps.saturating_add(1)) } else { flag }
    }

    /// Checks a condition that must stand before `parent`; answers how deep it nests.
    fn condition(&mut self, at: u32, parent: u32, level: u32) -> Option<u32> {
        self.budget = self.budget.checked_sub(1)?;
        must(at != 0 && at < parent && level <= MAX_CONDITION_DEPTH)?;
        let word = self.code(at)?;
        let depth = match code::operation(word) {
            code::ALL | code::ANY => {
                let count = self.code(at + 1)?;
                self.range(at, count.checked_add(2)?)?;
                let mut deepest = 0;
                for child in 0..count {
                    deepest = deepest.max(self.condition(self.code(at + 2 + child)?, at, level + 1)?);
                }
                deepest + 1
            }
            code::NOT => self.condition(self.code(at + 1)?, at, level + 1)? + 1,
            code::SEGMENT => {
                let (number, condition) = (self.code(at + 1)? as usize, self.code(at + 2)?);
                must(condition != 0 && condition < at)?;
                let (known, known_depth) = *self.segments.get(number)?;
                if known == 0 {
                    let depth = self.condition(condition, at, level + 1)?;
                    *self.segments.get_mut(number)? = (condition, depth);
                    depth + 1
                } else {
                    must(known == condition && level + known_depth <= MAX_CONDITION_DEPTH)?;
                    known_depth + 1
                }
            }
            _ => {
                self.test(at, word)?;
                1
            }
        };
        Some(depth)
    }

    fn test(&self, at: u32, word: u32) -> Option<()> {
        self.attribute(at + 1)?;
        let operand = || self.span_at(at + 2);
        match code::operation(word) {
            code::EXISTS => Some(()),
            code::IN => self.symbols(at + 2, code::count(word)),
            code::CONTAINS | code::STARTS_WITH | code::ENDS_WITH => {
                let text = self.image.text(operand()?);
                must(value::split(text)?.1.is_empty() && !matches!(text.first(), Some(&(value::LIST | value::OBJECT | value::JSON))))
            }
            code::NUMBER | code::TIME => self.range(at, 4),
            code::SEMVER => operand().map(drop),
            code::MATCHES => must(pattern::is_valid(self.image.text(operand()?))),
            code::CIDR => {
                let narrow = self.code(at + 4)?;
                let wide_at = at.checked_add(5)?.checked_add(narrow.checked_mul(2)?)?;
                let wide = self.code(wide_at)?;
                self.range(wide_at, wide.checked_mul(8)?.checked_add(1)?)
            }
            _ => None,
        }
    }

    fn decision(&self, at: u32, variants: u32) -> Option<()> {
        let decision = Decision { word: self.code(at)?, bucket_plus_one: 0 };
        must(decision.variant_plus_one() <= variants)?;
        let number = |shift: u32| (decision.word >> shift & 15) as usize;
        must(number(20) > 0 && number(20) <= Reason::ALL.len() && number(24) <= ErrorCode::ALL.len() && number(28) <= Layer::ALL.len())
    }

    fn attribute(&self, at: u32) -> Option<()> {
        must(self.code(at)? < self.image.head.attributes)
    }

    fn symbols(&self, at: u32, count: u32) -> Option<()> {
        self.range(at, count)?;
        let list = self.image.slice(at, count);
        must(list.is_sorted_by(|a, b| a < b) && list.last().is_none_or(|last| *last < self.image.head.symbols))
    }

    /// A word of the code.
    fn code(&self, at: u32) -> Option<u32> {
        must(at < self.image.head.code)?;
        Some(self.image.word(at))
    }

    /// Whether so many words of code follow.
    fn range(&self, at: u32, count: u32) -> Option<()> {
        must(at.checked_add(count)? <= self.image.head.code)
    }

    fn span_at(&self, at: u32) -> Option<Span> {
        self.range(at, 2)?;
        let span = self.image.span(at);
        self.span(span)?;
        Some(span)
    }

    fn span(&self, span: Span) -> Option<()> {
        must(span.at.checked_add(span.length)? as usize <= self.image.bytes.len())
    }
}
