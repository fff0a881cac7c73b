//! Evaluation: walking the steps of a flag for one context at one moment.
//!
//! The compiler of documents lays the steps in their order of precedence; here they are only followed. Total: tables and
//! contexts of any content are walked without panic, and each segment and each prerequisite once.
use alloc::vec::Vec;

use crate::{
    bucket,
    details::{Decision, ErrorCode, Layer, Reason},
    explain::Visit,
    matching::{cidr, fold, pattern, semver::Version, text, time},
    model::{
        code,
        image::{Image, Lookup, Span},
        symbol::Symbols,
    },
    overrides::Own,
    unit::Unit,
    value::{self, Encoded},
};

/// What is worked out once for a context and a moment, and kept between the flags asked.
#[derive(Default)]
pub(crate) struct Scratch {
    slots: Vec<Slot>,
    /// By segment: whether it holds, once known.
    segments: Vec<Option<bool>>,
    /// Decisions of the flags from `first` on, as far as they were asked for.
    decisions: Vec<Decision>,
    first: u32,
    folded: Vec<u8>,
}

/// An attribute as it was found in the context.
#[derive(Clone, Copy)]
struct Slot {
    place: u32,
    length: u32,
    /// The value's symbol plus two; [`UNKNOWN`] and [`NO_SYMBOL`] below.
    symbol: u32,
    folded: u32,
}

const UNRESOLVED: u32 = u32::MAX;
const ABSENT: u32 = u32::MAX - 1;
const THE_MOMENT: u32 = u32::MAX - 2;
const UNKNOWN: u32 = 0;
const NO_SYMBOL: u32 = 1;

impl Scratch {
    /// Forgets the context before; keeps the memory.
    pub(crate) fn reset(&mut self, image: &Image) {
        let fresh = Slot { place: UNRESOLVED, length: 0, symbol: UNKNOWN, folded: UNKNOWN };
        self.slots.clear();
        self.slots.resize(image.head.attributes as usize, fresh);
        self.segments.clear();
        self.segments.resize(image.head.segments as usize, None);
        self.decisions.clear();
        self.first = 0;
    }
}

/// A moment as an encoded number: the value of the reserved attribute `now`.
#[derive(Clone)]
pub(crate) struct Now([u8; 9]);

impl Default for Now {
    fn default() -> Self {
        Self::new(0)
    }
}

impl Now {
    #[expect(clippy::cast_precision_loss, reason = "every number is first its nearest double")]
    pub(crate) fn new(millis: i64) -> Self {
        let [b0, b1, b2, b3, b4, b5, b6, b7] = (millis as f64).to_le_bytes();
        Self([value::NUMBER, b0, b1, b2, b3, b4, b5, b6, b7])
    }
}

/// One walk: the tables, the context, the moment, the overrides, and who watches.
pub(crate) struct Walk<'a, S, V> {
    pub(crate) image: &'a Image,
    pub(crate) members: &'a [u8],
    pub(crate) now: &'a Now,
    pub(crate) own: Own<'a>,
    pub(crate) scratch: &'a mut Scratch,
    pub(crate) visit: V,
    pub(crate) symbols: core::marker::PhantomData<S>,
}

impl<'a, S: Symbols, V: Visit> Walk<'a, S, V> {
    /// Decides one flag; what it depends on is decided first, each flag once.
    pub(crate) fn flag(&mut self, flag: u32) -> Decision {
        let steps = self.image.flag(flag).steps;
        if code::operation(self.image.word(steps)) == code::NEEDS {
            self.prerequisites(flag, self.image.word(steps + 1));
        }
        self.steps(flag)
    }

    /// Decides every flag, in the order of their numbers: a prerequisite stands before what needs it.
    pub(crate) fn all(&mut self) -> &[Decision] {
        self.scratch.first = 0;
        self.scratch.decisions.clear();
        for flag in 0..self.image.head.flags {
            let decision = self.steps(flag);
            self.scratch.decisions.push(decision);
        }
        &self.scratch.decisions
    }

    /// Decides what a flag needs, from the flag numbered `first` on.
    fn prerequisites(&mut self, flag: u32, first: u32) {
        let count = flag.saturating_sub(first) as usize;
        let mut needed = alloc::vec![false; count + 1];
        for number in (first..=flag).rev() {
            if number == flag || needed.get((number - first) as usize) == Some(&true) {
                let mut at = self.image.flag(number).steps;
                if code::operation(self.image.word(at)) == code::NEEDS {
                    at += 2;
                }
                while code::operation(self.image.word(at)) == code::PREREQUISITE {
                    let other = self.image.word(at + 1).wrapping_sub(first) as usize;
                    if let Some(mark) = needed.get_mut(other) {
                        *mark = true;
                    }
                    at += 4 + self.image.word(at + 3);
                }
            }
        }
        self.scratch.first = first;
        self.scratch.decisions.clear();
        for (number, needed) in (first..flag).zip(needed) {
            let decision = if needed { self.watched_by_nobody().steps(number) } else { Decision::error(ErrorCode::FlagNotFound) };
            self.scratch.decisions.push(decision);
        }
    }

    /// The same walk without its watcher, for what is not asked about.
    fn watched_by_nobody(&mut self) -> Walk<'_, S, ()> {
        Walk {
            image: self.image,
            members: self.members,
            now: self.now,
            own: self.own,
            scratch: self.scratch,
            visit: (),
            symbols: self.symbols,
        }
    }

    fn steps(&mut self, flag: u32) -> Decision {
        let mut at = self.image.flag(flag).steps;
        loop {
            self.visit.begin(at);
            let word = self.image.word(at);
            let (size, answer) = match code::operation(word) {
                code::CONST => {
                    let decision = Decision { word: self.image.word(at + 1), bucket_plus_one: self.image.word(at + 2) };
                    self.visit.step(at, Some(decision));
                    return decision;
                }
                code::NEEDS => (2, None),
                code::OVERRIDES => (1, self.overridden(flag)),
                code::PREREQUISITE => (4 + self.image.word(at + 3), self.unmet(at)),
                code::LIST => (3 + code::count(word), self.listed(at, word)),
                code::WHEN => (4, self.when(at)),
                code::DRAW => (7 + 2 * code::count(word), self.draw(at, word)),
                // No compiled or validated flag ends without an answer.
                _ => return Decision::error(ErrorCode::FlagNotFound),
            };
            self.visit.step(at, answer);
            if let Some(decision) = answer {
                return decision;
            }
            at += size;
        }
    }

    fn overridden(&mut self, flag: u32) -> Option<Decision> {
        let of = |owner: Option<&crate::overrides::OwnerOverrides>, layer| {
            Some(Decision::new(Some(owner?.variant(flag)?), Reason::TargetingMatch, layer))
        };
        of(self.own.customer, Layer::Customer).or_else(|| of(self.own.organization, Layer::Organization))
    }

    fn unmet(&mut self, at: u32) -> Option<Decision> {
        let flag = self.image.word(at + 1).wrapping_sub(self.scratch.first);
        let variant = self.scratch.decisions.get(flag as usize).map_or(0, |decision| decision.variant_plus_one());
        let meets = self.image.slice(at + 4, self.image.word(at + 3));
        let met = variant > 0 && meets.contains(&(variant - 1));
        self.visit.prerequisite(at, variant);
        (!met).then(|| self.decision(at + 2))
    }

    /// What a list answers.
    pub(crate) fn listed(&mut self, at: u32, word: u32) -> Option<Decision> {
        let attribute = self.image.word(at + 1);
        let symbol = match self.unit(attribute) {
            Unit::Missing => return None,
            Unit::Unfit => return Some(Decision::error(ErrorCode::InvalidContext)),
            Unit::Text(encoded, _) => self.symbol(attribute, encoded),
            Unit::Digits(digits) => S::find(self.image, Unit::Digits(digits).encoded()?),
        };
        let listed = is_in(self.image.slice(at + 3, code::count(word)), symbol?);
        listed.then(|| self.decision(at + 2))
    }

    fn when(&mut self, at: u32) -> Option<Decision> {
        let decision = Decision { word: self.image.word(at + 2), bucket_plus_one: self.image.word(at + 3) };
        self.holds(self.image.word(at + 1)).then_some(decision)
    }

    fn draw(&mut self, at: u32, word: u32) -> Option<Decision> {
        let condition = self.image.word(at + 1);
        if condition == 0 || self.holds(condition) { self.drawn(at, word) } else { None }
    }

    /// What a draw answers once its condition holds.
    pub(crate) fn drawn(&mut self, at: u32, word: u32) -> Option<Decision> {
        let unit = self.unit(self.image.word(at + 2));
        let Some(text) = unit.text() else {
            return Some(Decision::error(match unit {
                Unit::Missing => ErrorCode::TargetingKeyMissing,
                _ => ErrorCode::InvalidContext,
            }));
        };
        let bucket =
            if word & code::MURMURHASH_JS == 0 { self.image.subkey(at + 3).bucket(text) } else { bucket::murmurhash_js_bucket(text) };
        self.visit.bucket(bucket);
        let shares = self.image.slice(at + 7, 2 * code::count(word));
        let (_, decision) =
            shares.chunks_exact(2).filter_map(|pair| Some((pair.first()?, pair.last()?))).find(|(bound, _)| bucket < **bound)?;
        Some(Decision { word: *decision, bucket_plus_one: 0 }.with_bucket(bucket))
    }

    fn decision(&self, at: u32) -> Decision {
        Decision { word: self.image.word(at), bucket_plus_one: 0 }
    }

    /// Whether the condition at `at` holds.
    pub(crate) fn holds(&mut self, at: u32) -> bool {
        self.visit.enter(at);
        let word = self.image.word(at);
        let held = match code::operation(word) {
            code::ALL => self.children(at).iter().all(|child| self.holds(*child)),
            code::ANY => self.children(at).iter().any(|child| self.holds(*child)),
            code::NOT => !self.holds(self.image.word(at + 1)),
            code::SEGMENT => self.segment(at),
            _ => self.test(at, word),
        };
        self.visit.leave(at, held);
        held
    }

    fn children(&self, at: u32) -> &'a [u32] {
        self.image.slice(at + 2, self.image.word(at + 1))
    }

    fn segment(&mut self, at: u32) -> bool {
        let number = self.image.word(at + 1) as usize;
        if let Some(known) = self.scratch.segments.get(number).copied().flatten() {
            return known;
        }
        let held = self.holds(self.image.word(at + 2));
        if let Some(memo) = self.scratch.segments.get_mut(number) {
            *memo = Some(held);
        }
        held
    }

    fn test(&mut self, at: u32, word: u32) -> bool {
        let attribute = self.image.word(at + 1);
        let encoded = self.value(attribute);
        self.visit.attribute(encoded);
        let Some(encoded) = encoded else { return false };
        if code::operation(word) == code::IN {
            return self.is_among(at, word, attribute, encoded);
        }
        let Some(value) = Image::scalar(encoded) else { return false };
        match (code::operation(word), value) {
            (code::EXISTS, _) => true,
            (code::CONTAINS, Encoded::List(count, items)) => self.has_member(self.image.span(at + 2), count, items),
            (operation @ (code::CONTAINS | code::STARTS_WITH | code::ENDS_WITH), Encoded::Text(text)) => {
                let Some(operand) = value::text(self.image.text(self.image.span(at + 2))) else { return false };
                let text = if word & code::IGNORE_CASE == 0 {
                    text
                } else {
                    self.scratch.folded.clear();
                    fold::fold_into(text, &mut self.scratch.folded);
                    &self.scratch.folded
                };
                match operation {
                    code::CONTAINS => text::contains(text, operand),
                    code::STARTS_WITH => text.starts_with(operand),
                    _ => text.ends_with(operand),
                }
            }
            (code::NUMBER | code::TIME, Encoded::Number(number)) => compares(word, number, self.image.double(at + 2)),
            #[expect(clippy::cast_precision_loss, reason = "a written time is far below 2^53 milliseconds")]
            (code::TIME, Encoded::Text(text)) => {
                time::parse_millis(text).is_some_and(|millis| compares(word, millis as f64, self.image.double(at + 2)))
            }
            (code::SEMVER, Encoded::Text(text)) => {
                let operand = Version::parse(self.image.text(self.image.span(at + 2)));
                Version::parse(text).zip(operand).is_some_and(|(version, operand)| version_compares(word, &version, &operand))
            }
            (code::MATCHES, Encoded::Text(text)) => pattern::found(self.image.text(self.image.span(at + 2)), text),
            (code::CIDR, Encoded::Text(text)) => cidr::parse_address(text).is_some_and(|address| self.is_in_networks(at, address)),
            _ => false,
        }
    }

    /// The kind is told by the tag, and the value stands for its symbol: nothing is read again.
    fn is_among(&mut self, at: u32, word: u32, attribute: u32, encoded: &[u8]) -> bool {
        let (kind, folds) = match encoded.first() {
            Some(&value::STRING) => (code::HAS_STRINGS, word & code::IGNORE_CASE != 0),
            Some(&value::NUMBER) => (code::HAS_NUMBERS, false),
            Some(&(value::FALSE | value::TRUE)) => (code::HAS_BOOLEANS, false),
            _ => return false,
        };
        if word & kind == 0 {
            return false;
        }
        let symbol = if folds { self.folded_symbol(attribute, encoded) } else { self.symbol(attribute, encoded) };
        let found = symbol.is_some_and(|symbol| is_in(self.image.slice(at + 2, code::count(word)), symbol));
        found != (word & code::NONE_OF != 0)
    }

    /// Whether a list has a member equal to the operand.
    fn has_member(&mut self, operand: Span, count: u32, mut items: &[u8]) -> bool {
        let operand = self.image.text(operand);
        let folded = if operand.first() == Some(&value::FOLDED) { value::text(operand) } else { None };
        for _ in 0..count {
            let Some((item, rest)) = value::split(items) else { return false };
            let equal = match (folded, value::read(item)) {
                (Some(operand), Some((Encoded::Text(text), _))) => {
                    self.scratch.folded.clear();
                    fold::fold_into(text, &mut self.scratch.folded);
                    self.scratch.folded == operand
                }
                (Some(_), _) => false,
                (None, _) => item == operand,
            };
            if equal {
                return true;
            }
            items = rest;
        }
        false
    }

    fn is_in_networks(&self, at: u32, address: cidr::Address) -> bool {
        let narrow = self.image.word(at + 4);
        let wide_at = at.wrapping_add(5).wrapping_add(narrow.wrapping_mul(2));
        match address {
            cidr::Address::V4(address) => self
                .image
                .slice(at + 5, narrow.wrapping_mul(2))
                .chunks_exact(2)
                .any(|ends| matches!(ends, [first, last] if (*first..=*last).contains(&address))),
            cidr::Address::V6(address) => {
                let join = |words: &[u32]| words.iter().fold(0_u128, |wide, word| wide << 32 | u128::from(*word));
                let ends = self.image.slice(wide_at + 1, self.image.word(wide_at).wrapping_mul(8));
                ends.chunks_exact(8).any(|ends| {
                    let (first, last) = ends.split_at(4);
                    (join(first)..=join(last)).contains(&address)
                })
            }
        }
    }

    /// The symbol of an attribute's value, looked up once.
    fn symbol(&mut self, attribute: u32, encoded: &[u8]) -> Option<u32> {
        let slot = self.scratch.slots.get_mut(attribute as usize)?;
        if slot.symbol == UNKNOWN {
            slot.symbol = S::find(self.image, encoded).map_or(NO_SYMBOL, |symbol| symbol + 2);
        }
        slot.symbol.checked_sub(2)
    }

    fn folded_symbol(&mut self, attribute: u32, encoded: &[u8]) -> Option<u32> {
        let Scratch { slots, folded, .. } = &mut *self.scratch;
        let slot = slots.get_mut(attribute as usize)?;
        if slot.folded == UNKNOWN {
            folded.clear();
            fold::fold_into(value::text(encoded)?, folded);
            let mut encoded = Vec::with_capacity(folded.len() + 4);
            value::push_text(&mut encoded, value::FOLDED, folded);
            slot.folded = S::find(self.image, &encoded).map_or(NO_SYMBOL, |symbol| symbol + 2);
        }
        slot.folded.checked_sub(2)
    }

    fn unit(&mut self, attribute: u32) -> Unit<'a> {
        let value = self.value(attribute);
        self.visit.unit(attribute, value);
        Unit::of(value)
    }

    /// The value of an attribute, encoded; null is absence.
    fn value(&mut self, attribute: u32) -> Option<&'a [u8]> {
        let slot = self.scratch.slots.get_mut(attribute as usize)?;
        match slot.place {
            ABSENT => None,
            THE_MOMENT => Some(&self.now.0),
            UNRESOLVED => {
                let record = self.image.attribute(attribute);
                let found = find(self.members, self.image.text(record.name), record.lookup);
                match found {
                    _ if record.lookup == Lookup::Now => slot.place = THE_MOMENT,
                    None => slot.place = ABSENT,
                    #[expect(clippy::cast_possible_truncation, reason = "contexts are far smaller than 4 GB")]
                    Some(value) => {
                        slot.place = (value.as_ptr() as usize).wrapping_sub(self.members.as_ptr() as usize) as u32;
                        slot.length = value.len() as u32;
                    }
                }
                self.value(attribute)
            }
            place => self.members.get(place as usize..)?.get(..slot.length as usize),
        }
    }
}

/// Looks an attribute up: an own member as written, even when null; else, where the name has dots, walked through objects.
fn find<'a>(members: &'a [u8], name: &[u8], lookup: Lookup) -> Option<&'a [u8]> {
    let present = |value: &&[u8]| value.first() != Some(&value::NULL);
    match (value::member(members, name), lookup) {
        (_, Lookup::Now) => None,
        (Some(value), Lookup::UserId) if !present(&value) => value::member(members, b"targetingKey").filter(present),
        (None, Lookup::UserId) => value::member(members, b"targetingKey").filter(present),
        (None, Lookup::Path) => walk(members, name).filter(present),
        (found, _) => found.filter(present),
    }
}

/// Follows a dotted name through own members of objects. A context's own `now` is nobody's.
fn walk<'a>(mut members: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let mut names = name.split(|byte| *byte == b'.');
    let first = names.next()?;
    if first == b"now" {
        return None;
    }
    let mut found = value::member(members, first)?;
    for name in names {
        members = value::members(found)?;
        found = value::member(members, name)?;
    }
    Some(found)
}

fn is_in(list: &[u32], symbol: u32) -> bool {
    if list.len() <= 16 { list.contains(&symbol) } else { list.binary_search(&symbol).is_ok() }
}

fn compares(word: u32, left: f64, right: f64) -> bool {
    match code::comparison(word) {
        code::LESS => left < right,
        code::LESS_OR_EQUAL => left <= right,
        code::GREATER_OR_EQUAL => left >= right,
        _ => left > right,
    }
}

fn version_compares(word: u32, version: &Version<'_>, operand: &Version<'_>) -> bool {
    match code::comparison(word) {
        code::CARET => version.caret(operand),
        code::TILDE => version.tilde(operand),
        code::LESS => version.precedence(operand).is_lt(),
        code::LESS_OR_EQUAL => version.precedence(operand).is_le(),
        code::EQUAL => version.precedence(operand).is_eq(),
        code::GREATER_OR_EQUAL => version.precedence(operand).is_ge(),
        _ => version.precedence(operand).is_gt(),
    }
}
