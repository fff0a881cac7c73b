//! Evaluation: walking the steps of a flag for one context at one moment.
//!
//! The compiler of documents lays the steps in their order of precedence; here they are only followed. Total: tables and
//! contexts of any content are walked without panic, and each segment and each prerequisite once.
use core::cmp::Ordering;

use crate::{
    bucket,
    details::{Decision, ErrorCode, Layer, Reason},
    explain::Visit,
    matching::{cidr, fold, pattern, semver::Version, text, time},
    memory::Memory,
    model::{
        code,
        image::{Head, Image, Lookup},
        symbol::Symbols,
    },
    overrides::Own,
    unit::{Digits, Unit},
    value::{self, Encoded},
};

/// What is worked out once for a context and a moment, and kept between the flags asked.
#[derive(Default)]
pub(crate) struct Scratch {
    /// [`SLOT`] words by attribute, then by segment a word: [`UNKNOWN`], 1 if it does not hold, 2 if it does.
    pub(crate) memo: Memory,
    /// Where the segments start.
    segments: usize,
    /// Decisions of the flags from `first` on, as far as they were asked for: a decision's word, then the bucket plus one.
    pub(crate) decisions: Memory,
    first: u32,
    count: u32,
    /// Folded text, behind [`value::HEAD`] bytes in which a value's head fits.
    folded: Memory,
}

/// An attribute as it was found in the context: its place there plus [`AT`], its length, the value's symbol plus two, and the
/// folded value's symbol plus two.
const SLOT: usize = 4;
const UNKNOWN: u32 = 0;
/// Places: the attribute is absent; it is the moment; it stands so far from the start.
const ABSENT: u32 = 1;
const THE_MOMENT: u32 = 2;
const AT: u32 = 3;
const NO_SYMBOL: u32 = 1;
/// Of a flag that is still to be decided.
const NEEDED: Decision = Decision { word: u32::MAX, bucket_plus_one: u32::MAX };

impl Scratch {
    pub(crate) const fn new() -> Self {
        Self { memo: Memory::new(), segments: 0, decisions: Memory::new(), first: 0, count: 0, folded: Memory::new() }
    }

    /// Forgets the context before; keeps the memory.
    pub(crate) fn reset(&mut self, image: &Image) {
        self.segments = SLOT * image.head(Head::Attributes) as usize;
        self.memo.clear(self.segments + image.head(Head::Segments) as usize);
    }

    /// Makes room for the decisions of so many flags, of which none is known.
    pub(crate) fn expect(&mut self, first: u32, count: u32) {
        (self.first, self.count) = (first, count);
        self.decisions.clear(2 * count as usize);
    }

    /// Keeps the decision on a flag.
    pub(crate) fn decide(&mut self, flag: u32, decision: Decision) {
        let place = self.place(flag);
        self.decisions.set(place, decision.word);
        self.decisions.set(place.wrapping_add(1), decision.bucket_plus_one);
    }

    /// The decision on a flag, as far as it was asked for.
    pub(crate) fn decision(&self, flag: u32) -> Decision {
        let place = self.place(flag);
        Decision { word: self.decisions.word(place), bucket_plus_one: self.decisions.word(place.wrapping_add(1)) }
    }

    /// All decisions, as they stand.
    pub(crate) fn decisions(&self) -> &[u8] {
        self.decisions.bytes().get(..8 * self.count as usize).unwrap_or_default()
    }

    fn place(&self, flag: u32) -> usize {
        (flag.wrapping_sub(self.first) as usize).wrapping_mul(2)
    }
}

/// A moment as an encoded number: the value of the reserved attribute `now`.
#[derive(Clone)]
pub(crate) struct Now([u8; 9]);

impl Now {
    pub(crate) const UNKNOWN: Self = Self([0; 9]);

    #[expect(clippy::cast_precision_loss, reason = "every number is first its nearest double")]
    pub(crate) fn new(millis: i64) -> Self {
        let mut encoded = [value::NUMBER; 9];
        if let Some(number) = encoded.last_chunk_mut() {
            *number = (millis as f64).to_le_bytes();
        }
        Self(encoded)
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
        let steps = self.image.steps(flag);
        if code::operation(self.image.word(steps)) == code::NEEDS {
            self.prerequisites(flag, self.image.word(steps.wrapping_add(1)));
        }
        self.steps(flag)
    }

    /// Decides every flag, unless there is a fault, in the order of their numbers: a prerequisite stands before what needs it.
    pub(crate) fn all(&mut self, fault: Option<ErrorCode>) {
        let flags = self.image.flags();
        self.scratch.expect(0, flags);
        for flag in 0..flags {
            let decision = fault.map_or_else(|| self.steps(flag), Decision::error);
            self.scratch.decide(flag, decision);
        }
    }

    /// Decides what a flag needs, from the flag numbered `first` on.
    fn prerequisites(&mut self, flag: u32, first: u32) {
        self.scratch.expect(first, flag.saturating_sub(first));
        let mut number = flag;
        loop {
            if number == flag || self.scratch.decision(number) == NEEDED {
                let mut at = self.image.steps(number);
                if code::operation(self.image.word(at)) == code::NEEDS {
                    at = at.wrapping_add(2);
                }
                while code::operation(self.image.word(at)) == code::PREREQUISITE {
                    self.scratch.decide(self.image.word(at.wrapping_add(1)), NEEDED);
                    at = at.saturating_add(4).saturating_add(self.image.word(at.wrapping_add(3)));
                }
            }
            if number <= first {
                break;
            }
            number -= 1;
        }
        while number < flag {
            if self.scratch.decision(number) == NEEDED {
                let decision = self.watched_by_nobody().steps(number);
                self.scratch.decide(number, decision);
            }
            number += 1;
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
        let mut at = self.image.steps(flag);
        loop {
            self.visit.begin(at);
            let word = self.image.word(at);
            let size = match code::operation(word) {
                code::CONST => {
                    let decision = Decision { word: self.image.word(at + 1), bucket_plus_one: self.image.word(at + 2) };
                    self.visit.step(at, Some(decision));
                    return decision;
                }
                code::NEEDS => 2,
                code::OVERRIDES => 1,
                code::PREREQUISITE => 4 + self.image.word(at + 3),
                code::LIST => 3 + code::count(word),
                code::WHEN => 4,
                code::DRAW => 7 + 2 * code::count(word),
                // No compiled or validated flag ends without an answer.
                _ => return Decision::error(ErrorCode::FlagNotFound),
            };
            let answer = match code::operation(word) {
                code::OVERRIDES if S::HAVE_OVERRIDES => self.overridden(flag),
                code::PREREQUISITE => self.unmet(at),
                code::LIST => self.listed(at, word),
                code::WHEN => self.when(at),
                code::DRAW => self.draw(at, word),
                _ => None,
            };
            self.visit.step(at, answer);
            if let Some(decision) = answer {
                return decision;
            }
            at = at.saturating_add(size);
        }
    }

    fn overridden(&mut self, flag: u32) -> Option<Decision> {
        let of = |owner: Option<&crate::overrides::OwnerOverrides>, layer| {
            Some(Decision::new(Some(owner?.variant(flag)?), Reason::TargetingMatch, layer))
        };
        of(self.own.customer, Layer::Customer).or_else(|| of(self.own.organization, Layer::Organization))
    }

    fn unmet(&mut self, at: u32) -> Option<Decision> {
        let variant = self.scratch.decision(self.image.word(at.wrapping_add(1))).variant_plus_one();
        self.visit.prerequisite(at, variant);
        let mut met = false;
        for index in 0..self.image.word(at.wrapping_add(3)) {
            met |= self.image.word(at.wrapping_add(4).wrapping_add(index)).wrapping_add(1) == variant;
        }
        (!met).then(|| self.decision(at.wrapping_add(2)))
    }

    /// What a list answers.
    pub(crate) fn listed(&mut self, at: u32, word: u32) -> Option<Decision> {
        let attribute = self.image.word(at + 1);
        let (value, mut digits) = (self.unit(attribute), Digits::default());
        let symbol = match Unit::of(value, &mut digits) {
            Unit::Missing => return None,
            Unit::Unfit => return Some(Decision::error(ErrorCode::InvalidContext)),
            Unit::Text(encoded) if value == Some(encoded) => self.symbol(attribute, encoded, false),
            Unit::Text(digits) => S::find(self.image, digits),
        };
        let listed = self.is_in(at.wrapping_add(3), code::count(word), symbol?);
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
        let mut digits = Digits::default();
        let unit = Unit::of(self.unit(self.image.word(at + 2)), &mut digits);
        let Some(text) = unit.text() else {
            return Some(Decision::error(match unit {
                Unit::Missing => ErrorCode::TargetingKeyMissing,
                _ => ErrorCode::InvalidContext,
            }));
        };
        let bucket =
            if word & code::MURMURHASH_JS == 0 { self.image.subkey(at + 3).bucket(text) } else { bucket::murmurhash_js_bucket(text) };
        self.visit.bucket(bucket);
        let mut share = at.wrapping_add(7);
        for _ in 0..code::count(word) {
            if bucket < self.image.word(share) {
                return Some(self.decision(share.wrapping_add(1)).with_bucket(bucket));
            }
            share = share.wrapping_add(2);
        }
        None
    }

    fn decision(&self, at: u32) -> Decision {
        Decision { word: self.image.word(at), bucket_plus_one: 0 }
    }

    /// Whether the condition at `at` holds.
    pub(crate) fn holds(&mut self, at: u32) -> bool {
        self.visit.enter(at);
        let word = self.image.word(at);
        let held = match code::operation(word) {
            operation @ (code::ALL | code::ANY) => self.children(at, operation == code::ANY),
            code::NOT => !self.holds(self.image.word(at + 1)),
            code::SEGMENT => self.segment(at),
            _ => self.test(at, word),
        };
        self.visit.leave(at, held);
        held
    }

    /// Asks conditions until one is `decisive`; whether the last one was, or else was not.
    fn children(&mut self, at: u32, decisive: bool) -> bool {
        for child in 0..self.image.word(at.wrapping_add(1)) {
            if self.holds(self.image.word(at.wrapping_add(2).wrapping_add(child))) == decisive {
                return decisive;
            }
        }
        !decisive
    }

    fn segment(&mut self, at: u32) -> bool {
        let place = self.scratch.segments.wrapping_add(self.image.word(at.wrapping_add(1)) as usize);
        let known = self.scratch.memo.word(place);
        if known != UNKNOWN {
            return known > 1;
        }
        let held = self.holds(self.image.word(at.wrapping_add(2)));
        self.scratch.memo.set(place, 1 + u32::from(held));
        held
    }

    fn test(&mut self, at: u32, word: u32) -> bool {
        let attribute = self.image.word(at + 1);
        let encoded = self.value(attribute);
        self.visit.attribute(encoded);
        let Some(encoded) = encoded else { return false };
        let Some(value) = Image::scalar(encoded) else { return false };
        let (image, operation) = (self.image, code::operation(word));
        let operand = image.text(image.span(at.wrapping_add(2)));
        let order = match value {
            _ if operation == code::EXISTS => return true,
            _ if operation == code::IN => return self.is_among(at, word, attribute, encoded, value),
            Encoded::List(count, items) => return operation == code::CONTAINS && self.has_member(operand, count, items),
            Encoded::Number(number) if operation == code::NUMBER || operation == code::TIME => {
                number.partial_cmp(&image.double(at.wrapping_add(2)))
            }
            #[expect(clippy::cast_precision_loss, reason = "a written time is far below 2^53 milliseconds")]
            Encoded::Text(text) => match operation {
                code::CONTAINS | code::STARTS_WITH | code::ENDS_WITH => {
                    let Some(operand) = value::text(operand) else { return false };
                    let text = if word & code::IGNORE_CASE == 0 { text } else { fold(text, &mut self.scratch.folded) };
                    return match operation {
                        code::CONTAINS => text::contains(text, operand),
                        code::STARTS_WITH => text.starts_with(operand),
                        _ => text.ends_with(operand),
                    };
                }
                code::TIME => time::parse_millis(text).and_then(|millis| (millis as f64).partial_cmp(&image.double(at.wrapping_add(2)))),
                code::SEMVER => {
                    let Some((version, operand)) = Version::parse(text).zip(Version::parse(operand)) else { return false };
                    match code::comparison(word) {
                        code::CARET => version.caret(&operand).then_some(Ordering::Equal),
                        code::TILDE => version.tilde(&operand).then_some(Ordering::Equal),
                        _ => Some(version.precedence(&operand)),
                    }
                }
                code::MATCHES => return pattern::found(operand, text),
                code::CIDR => return cidr::Words::of(text).is_some_and(|address| self.is_in_networks(at, address.words())),
                _ => return false,
            },
            _ => return false,
        };
        order.is_some_and(|order| match code::comparison(word) {
            code::LESS => order.is_lt(),
            code::LESS_OR_EQUAL => order.is_le(),
            code::EQUAL => order.is_eq(),
            code::GREATER => order.is_gt(),
            // A range of versions begins with its base.
            _ => order.is_ge(),
        })
    }

    fn is_among(&mut self, at: u32, word: u32, attribute: u32, encoded: &'a [u8], value: Encoded<'a>) -> bool {
        let (kind, folds) = match value {
            Encoded::Text(_) => (code::HAS_STRINGS, word & code::IGNORE_CASE != 0),
            Encoded::Number(_) => (code::HAS_NUMBERS, false),
            Encoded::Boolean(_) => (code::HAS_BOOLEANS, false),
            _ => return false,
        };
        if word & kind == 0 {
            return false;
        }
        let found = self.symbol(attribute, encoded, folds).is_some_and(|symbol| self.is_in(at.wrapping_add(2), code::count(word), symbol));
        found != (word & code::NONE_OF != 0)
    }

    /// Whether a list has a member equal to the operand.
    fn has_member(&mut self, operand: &[u8], count: u32, mut items: &[u8]) -> bool {
        let folded = if operand.first() == Some(&value::FOLDED) { value::text(operand) } else { None };
        for _ in 0..count {
            let Some((item, rest)) = value::split(items) else { return false };
            let equal = match (folded, value::read(item)) {
                (Some(operand), Some((Encoded::Text(text), _))) => fold(text, &mut self.scratch.folded) == operand,
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

    fn is_in_networks(&self, at: u32, address: &[u32]) -> bool {
        let mut place = at.wrapping_add(4);
        if address.len() > 1 {
            place = place.wrapping_add(self.image.word(place).wrapping_mul(2)).wrapping_add(1);
        }
        // No more than there can be.
        let count = self.image.word(place).min(self.image.head(Head::Code));
        place = place.wrapping_add(1);
        for _ in 0..count {
            let first = self.order(&mut place, address);
            let last = self.order(&mut place, address);
            if first.is_le() && last.is_ge() {
                return true;
            }
        }
        false
    }

    /// How the address at a place stands to another one; goes on behind it.
    fn order(&self, place: &mut u32, address: &[u32]) -> Ordering {
        let mut order = Ordering::Equal;
        for word in address {
            if order.is_eq() {
                order = self.image.word(*place).cmp(word);
            }
            *place = place.wrapping_add(1);
        }
        order
    }

    /// Whether a symbol is among `count` symbols, which ascend.
    fn is_in(&self, at: u32, count: u32, symbol: u32) -> bool {
        let (mut low, mut high) = (at, at.wrapping_add(count));
        while low < high {
            let middle = low + (high - low) / 2;
            let found = self.image.word(middle);
            if found == symbol {
                return true;
            }
            if found < symbol {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        false
    }

    /// The symbol of an attribute's value, as it is or folded, looked up once.
    fn symbol(&mut self, attribute: u32, encoded: &[u8], folds: bool) -> Option<u32> {
        let place = SLOT * attribute as usize + 2 + usize::from(folds);
        let mut known = self.scratch.memo.word(place);
        if known == UNKNOWN {
            let scalar = if folds {
                let length = fold(value::text(encoded)?, &mut self.scratch.folded).len();
                value::with_head(value::FOLDED, self.scratch.folded.bytes_mut().get_mut(..value::HEAD + length)?)
            } else {
                encoded
            };
            known = S::find(self.image, scalar).map_or(NO_SYMBOL, |symbol| symbol + 2);
            self.scratch.memo.set(place, known);
        }
        known.checked_sub(2)
    }

    fn unit(&mut self, attribute: u32) -> Option<&'a [u8]> {
        let value = self.value(attribute);
        self.visit.unit(attribute, value);
        value
    }

    /// The value of an attribute, encoded; null is absence.
    fn value(&mut self, attribute: u32) -> Option<&'a [u8]> {
        let slot = SLOT * attribute as usize;
        let mut place = self.scratch.memo.word(slot);
        if place == UNKNOWN {
            let record = self.image.attribute(attribute);
            place = ABSENT;
            if record.lookup == Lookup::Now {
                place = THE_MOMENT;
            } else if let Some(value) = find(self.members, self.image.text(record.name), record.lookup) {
                #[expect(clippy::cast_possible_truncation, reason = "contexts are far smaller than 4 GB")]
                {
                    place = (value.as_ptr() as usize).wrapping_sub(self.members.as_ptr() as usize) as u32 + AT;
                    self.scratch.memo.set(slot + 1, value.len() as u32);
                }
            }
            self.scratch.memo.set(slot, place);
        }
        match place {
            ABSENT => None,
            THE_MOMENT => Some(&self.now.0),
            place => self.members.get((place - AT) as usize..)?.get(..self.scratch.memo.word(slot + 1) as usize),
        }
    }
}

/// Lower case, behind room for a value's head.
fn fold<'s>(text: &[u8], folded: &'s mut Memory) -> &'s [u8] {
    let room = folded.fit(value::HEAD + fold::room(text)).get_mut(value::HEAD..).unwrap_or_default();
    let length = fold::fold_into(text, room);
    room.get(..length).unwrap_or_default()
}

/// Looks an attribute up: an own member as written, even when null; else, where the name has dots, walked through objects.
fn find<'a>(members: &'a [u8], name: &[u8], lookup: Lookup) -> Option<&'a [u8]> {
    let present = |value: &&[u8]| value.first() != Some(&value::NULL);
    let mut found = value::member(members, name);
    match lookup {
        Lookup::UserId if !found.as_ref().is_some_and(present) => found = value::member(members, b"targetingKey"),
        Lookup::Path if found.is_none() => found = walk(members, name),
        _ => {}
    }
    found.filter(present)
}

/// Follows a dotted name through own members of objects. A context's own `now` is nobody's.
fn walk<'a>(mut members: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (mut name, mut rest) = text::cut(name, b'.');
    if name == b"now" {
        return None;
    }
    loop {
        let found = value::member(members, name)?;
        let Some(names) = rest else { return Some(found) };
        members = value::members(found)?;
        (name, rest) = text::cut(names, b'.');
    }
}
