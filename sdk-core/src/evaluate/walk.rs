//! Evaluation: walking the steps of a flag for one context at one moment.
//!
//! The compiler of documents lays the steps in their order of precedence; here they are only followed. Total: tables and
//! contexts of any content are walked without panic, and each segment and each prerequisite once.
use core::{cmp::Ordering, marker::PhantomData};

use super::{explain::Visit, overrides::Own};
use crate::{
    bucket,
    context::{
        unit::{Digits, Unit},
        value::{self, Encoded},
    },
    matching::{cidr, fold, pattern, semver::Version, text, time},
    model::{
        code,
        details::{Decision, ErrorCode},
        image::{Head, Image, Lookup},
        memory::Memory,
        symbol::Symbols,
        words::Words,
    },
};

/// What is worked out once for a context and a moment, and kept between the flags asked.
#[derive(Default)]
pub(crate) struct Scratch {
    /// [`SLOT`] words by attribute, then by segment a word: [`UNKNOWN`], 1 if it does not hold, 2 if it does.
    pub(crate) memo: Memory,
    /// Where the segments start.
    segments: usize,
    /// Whether all flags are asked, so that looking a value up once pays.
    many: bool,
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
/// So many symbols are compared as they stand sooner than a value is looked up among all.
const FEW: u32 = 8;
/// Of a flag that is still to be decided.
const NEEDED: Decision = Decision { word: u32::MAX, bucket_plus_one: u32::MAX };

impl Scratch {
    pub(crate) const fn new() -> Self {
        Self { memo: Memory::new(), segments: 0, many: false, decisions: Memory::new(), first: 0, count: 0, folded: Memory::new() }
    }

    /// Forgets the context before; keeps the memory.
    pub(crate) fn reset(&mut self, image: &Image) {
        self.segments = SLOT * image.head(Head::Attributes) as usize;
        self.memo.clear(self.segments + image.head(Head::Segments) as usize);
        self.many = false;
    }

    /// Makes room for the decisions of so many flags, of which none is known.
    pub(crate) fn expect(&mut self, first: u32, count: u32) {
        (self.first, self.count) = (first, count);
        self.decisions.clear(2 * count as usize);
    }

    /// Keeps the decision on a flag.
    pub(crate) fn decide(&mut self, flag: u32, decision: Decision) {
        let place = self.place(flag);
        if let Some(pair) = self.decisions.bytes_mut().as_chunks_mut::<8>().0.get_mut(place) {
            *pair = bytemuck::cast([decision.word.to_le_bytes(), decision.bucket_plus_one.to_le_bytes()]);
        }
    }

    /// The decision on a flag, as far as it was asked for.
    pub(crate) fn decision(&self, flag: u32) -> Decision {
        let pair: Option<&[u8; 8]> = self.decisions.bytes().as_chunks().0.get(self.place(flag));
        let [word, bucket_plus_one]: [[u8; 4]; 2] = pair.map_or([[0; 4]; 2], |pair| bytemuck::cast(*pair));
        Decision { word: u32::from_le_bytes(word), bucket_plus_one: u32::from_le_bytes(bucket_plus_one) }
    }

    /// All decisions, as they stand.
    pub(crate) fn decisions(&self) -> &[u8] {
        self.decisions.bytes().get(..8 * self.count as usize).unwrap_or_default()
    }

    fn place(&self, flag: u32) -> usize {
        flag.wrapping_sub(self.first) as usize
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
    image: &'a Image,
    /// The words of the tables.
    words: Words<'a>,
    members: &'a [u8],
    now: &'a Now,
    own: Own<'a>,
    scratch: &'a mut Scratch,
    visit: V,
    symbols: PhantomData<S>,
}

impl<'a, S: Symbols, V: Visit> Walk<'a, S, V> {
    pub(crate) fn new(image: &'a Image, members: &'a [u8], now: &'a Now, own: Own<'a>, scratch: &'a mut Scratch, visit: V) -> Self {
        Self { image, words: image.tables(), members, now, own, scratch, visit, symbols: PhantomData }
    }

    fn word(&self, at: u32) -> u32 {
        self.words.word(at)
    }

    /// Where the steps of a flag start.
    fn first_step(&self, flag: u32) -> u32 {
        self.word(self.image.flag_at(flag).wrapping_add(3))
    }

    /// Decides one flag; what it depends on is decided first, each flag once.
    pub(crate) fn flag(&mut self, flag: u32) -> Decision {
        let steps = self.first_step(flag);
        if code::operation(self.word(steps)) == code::NEEDS {
            self.prerequisites(flag, self.word(steps.wrapping_add(1)));
        }
        self.steps(flag)
    }

    /// Decides every flag, unless there is a fault, in the order of their numbers: a prerequisite stands before what needs it.
    pub(crate) fn all(&mut self, fault: Option<ErrorCode>) {
        let flags = self.image.flags();
        self.scratch.expect(0, flags);
        self.scratch.many = true;
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
                let mut at = self.first_step(number);
                if code::operation(self.word(at)) == code::NEEDS {
                    at = at.wrapping_add(2);
                }
                while code::operation(self.word(at)) == code::PREREQUISITE {
                    self.scratch.decide(self.word(at.wrapping_add(1)), NEEDED);
                    at = at.saturating_add(4).saturating_add(self.word(at.wrapping_add(3)));
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
        Walk::new(self.image, self.members, self.now, self.own, self.scratch, ())
    }

    fn steps(&mut self, flag: u32) -> Decision {
        let mut at = self.first_step(flag);
        loop {
            let (mut word, mut holds) = (self.word(at), true);
            if code::operation(word) == code::IF {
                at = at.wrapping_add(1);
                self.visit.begin(at);
                holds = self.holds(code::condition(word));
                word = self.word(at);
            } else {
                self.visit.begin(at);
            }
            let (answer, size) = match code::operation(word) {
                code::LIST => (if holds { self.listed(at, word) } else { None }, 3 + code::count(word)),
                code::DRAW => (if holds { self.drawn(at, word) } else { None }, 6 + 2 * code::count(word)),
                code::CONST => (holds.then(|| self.words.constant(at)), 2 + code::count(word)),
                code::OVERRIDES if S::HAVE_OVERRIDES => (self.own.decision(flag), 1),
                code::NEEDS => (None, 2),
                code::PREREQUISITE => (self.unmet(at), self.word(at.wrapping_add(3)).saturating_add(4)),
                // No compiled or validated flag ends without an answer.
                _ => return Decision::error(ErrorCode::FlagNotFound),
            };
            self.visit.step(at, answer);
            if let Some(decision) = answer {
                return decision;
            }
            at = at.saturating_add(size);
        }
    }

    fn unmet(&mut self, at: u32) -> Option<Decision> {
        let variant = self.scratch.decision(self.word(at.wrapping_add(1))).variant_plus_one();
        self.visit.prerequisite(at, variant);
        let mut met = false;
        for index in 0..self.word(at.wrapping_add(3)) {
            met |= self.word(at.wrapping_add(4).wrapping_add(index)).wrapping_add(1) == variant;
        }
        (!met).then(|| self.words.decision(at.wrapping_add(2)))
    }

    /// What a list answers.
    pub(crate) fn listed(&mut self, at: u32, word: u32) -> Option<Decision> {
        let attribute = self.word(at.wrapping_add(1));
        let (value, mut digits) = (self.unit(attribute), Digits::default());
        let (place, count) = (at.wrapping_add(3), code::count(word));
        let listed = match Unit::of(value, &mut digits) {
            Unit::Missing => return None,
            Unit::Unfit => return Some(Decision::error(ErrorCode::InvalidContext)),
            Unit::Text { encoded, written: true, .. } => self.is_listed(place, count, attribute, encoded, false),
            Unit::Text { encoded, .. } => S::find(self.image, encoded).is_some_and(|symbol| self.is_in(place, count, symbol)),
        };
        listed.then(|| self.words.decision(at.wrapping_add(2)))
    }

    /// What a draw answers.
    pub(crate) fn drawn(&mut self, at: u32, word: u32) -> Option<Decision> {
        let mut digits = Digits::default();
        let text = match Unit::of(self.unit(self.word(at.wrapping_add(1))), &mut digits) {
            Unit::Text { text, .. } => text,
            Unit::Missing => return Some(Decision::error(ErrorCode::TargetingKeyMissing)),
            Unit::Unfit => return Some(Decision::error(ErrorCode::InvalidContext)),
        };
        let bucket = if word & code::MURMURHASH_JS == 0 {
            self.words.subkey(at.wrapping_add(2)).bucket(text)
        } else {
            bucket::murmurhash_js_bucket(text)
        };
        self.visit.bucket(bucket);
        let mut share = at.wrapping_add(6);
        for _ in 0..code::count(word) {
            if bucket < self.word(share) {
                return Some(self.words.decision(share.wrapping_add(1)).with_bucket(bucket));
            }
            share = share.wrapping_add(2);
        }
        None
    }

    /// Whether the condition at `at` holds.
    pub(crate) fn holds(&mut self, at: u32) -> bool {
        self.visit.enter(at);
        let word = self.word(at);
        let held = match code::operation(word) {
            operation @ (code::ALL | code::ANY) => self.children(at, operation == code::ANY),
            code::NOT => !self.holds(self.word(at + 1)),
            code::SEGMENT => self.segment(at),
            _ => self.test(at, word),
        };
        self.visit.leave(at, held);
        held
    }

    /// Asks conditions until one is `decisive`; whether the last one was, or else was not.
    fn children(&mut self, at: u32, decisive: bool) -> bool {
        for child in 0..self.word(at.wrapping_add(1)) {
            if self.holds(self.word(at.wrapping_add(2).wrapping_add(child))) == decisive {
                return decisive;
            }
        }
        !decisive
    }

    fn segment(&mut self, at: u32) -> bool {
        let place = self.scratch.segments.wrapping_add(self.word(at.wrapping_add(1)) as usize);
        let known = self.scratch.memo.word(place);
        if known != UNKNOWN {
            return known > 1;
        }
        let held = self.holds(self.word(at.wrapping_add(2)));
        self.scratch.memo.set(place, 1 + u32::from(held));
        held
    }

    fn test(&mut self, at: u32, word: u32) -> bool {
        let attribute = self.word(at + 1);
        let encoded = self.value(attribute);
        self.visit.attribute(encoded);
        let Some(encoded) = encoded else { return false };
        let (image, operation) = (self.image, code::operation(word));
        match operation {
            code::EXISTS => return true,
            code::IN => return self.is_among(at, word, attribute, encoded),
            _ => {}
        }
        let Some((value, _)) = value::read(encoded) else { return false };
        let operand = image.text(image.span(at.wrapping_add(2)));
        let order = match value {
            Encoded::List(count, items) => return operation == code::CONTAINS && self.has_member(operand, count, items),
            Encoded::Number(number) if operation == code::NUMBER || operation == code::TIME => {
                number.partial_cmp(&self.words.double(at.wrapping_add(2)))
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
                code::TIME => {
                    time::parse_millis(text).and_then(|millis| (millis as f64).partial_cmp(&self.words.double(at.wrapping_add(2))))
                }
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

    fn is_among(&mut self, at: u32, word: u32, attribute: u32, encoded: &'a [u8]) -> bool {
        let (kind, folds) = match encoded.first() {
            Some(&value::STRING) => (code::HAS_STRINGS, word & code::IGNORE_CASE != 0),
            Some(&value::NUMBER) => (code::HAS_NUMBERS, false),
            Some(&(value::FALSE | value::TRUE)) => (code::HAS_BOOLEANS, false),
            _ => return false,
        };
        if word & kind == 0 {
            return false;
        }
        let found = self.is_listed(at.wrapping_add(2), code::count(word), attribute, encoded, folds);
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
            place = place.wrapping_add(self.word(place).wrapping_mul(2)).wrapping_add(1);
        }
        // No more than there can be.
        let count = self.word(place).min(self.image.head(Head::Code));
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
                order = self.word(*place).cmp(word);
            }
            *place = place.wrapping_add(1);
        }
        order
    }

    /// Whether an attribute's value, as it is or folded, is one of the `count` symbols at a place.
    fn is_listed(&mut self, at: u32, count: u32, attribute: u32, encoded: &[u8], folds: bool) -> bool {
        let [_, _, plain, folded] = self.scratch.memo.quad(attribute as usize);
        let mut known = if folds { folded } else { plain };
        if known == UNKNOWN {
            if S::READABLE && count <= FEW && !folds && !self.scratch.many {
                return (0..count).any(|index| S::is(self.image, self.word(at.wrapping_add(index)), encoded));
            }
            known = self.look_up_symbol(attribute, encoded, folds);
        }
        known != NO_SYMBOL && self.is_in(at, count, known.wrapping_sub(2))
    }

    /// Whether a symbol is among `count` symbols, which ascend.
    fn is_in(&self, at: u32, count: u32, symbol: u32) -> bool {
        let (mut low, mut high) = (at, at.wrapping_add(count));
        while low < high {
            let middle = low + (high - low) / 2;
            let found = self.word(middle);
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

    /// The symbol of an attribute's value, as it is or folded, plus two, looked up and remembered; [`NO_SYMBOL`] if it is none.
    #[inline(never)]
    fn look_up_symbol(&mut self, attribute: u32, encoded: &[u8], folds: bool) -> u32 {
        let scalar = if folds {
            let length = fold(value::text(encoded).unwrap_or_default(), &mut self.scratch.folded).len();
            let folded = self.scratch.folded.bytes_mut().get_mut(..value::HEAD + length).unwrap_or_default();
            value::with_head(value::FOLDED, folded)
        } else {
            encoded
        };
        let known = S::find(self.image, scalar).map_or(NO_SYMBOL, |symbol| symbol + 2);
        self.scratch.memo.set(SLOT * attribute as usize + 2 + usize::from(folds), known);
        known
    }

    fn unit(&mut self, attribute: u32) -> Option<&'a [u8]> {
        let value = self.value(attribute);
        self.visit.unit(attribute, value);
        value
    }

    /// The value of an attribute, encoded; null is absence.
    fn value(&mut self, attribute: u32) -> Option<&'a [u8]> {
        let [place, length, ..] = self.scratch.memo.quad(attribute as usize);
        match place {
            UNKNOWN => self.look_up(attribute),
            ABSENT => None,
            THE_MOMENT => Some(&self.now.0),
            place => self.members.get((place - AT) as usize..)?.get(..length as usize),
        }
    }

    /// Finds an attribute in the context, and remembers where it is.
    #[inline(never)]
    fn look_up(&mut self, attribute: u32) -> Option<&'a [u8]> {
        let (record, slot) = (self.image.attribute(attribute), SLOT * attribute as usize);
        if record.lookup == Lookup::Now {
            self.scratch.memo.set(slot, THE_MOMENT);
            return Some(&self.now.0);
        }
        let found = find(self.members, self.image.text(record.name), record.lookup);
        #[expect(clippy::cast_possible_truncation, reason = "contexts are far smaller than 4 GB")]
        let [place, length] = found.map_or([ABSENT, 0], |value| {
            [(value.as_ptr() as usize).wrapping_sub(self.members.as_ptr() as usize) as u32 + AT, value.len() as u32]
        });
        self.scratch.memo.set(slot, place);
        self.scratch.memo.set(slot + 1, length);
        found
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
